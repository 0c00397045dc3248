// The drawing of a timeline hides no change, and a terminal with 256 colours shows it with block characters.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@testable import NSHistory
@testable import nshist

struct TimelineDrawingTests {
  private let folder: TemporaryFolder
  private let path: String
  private let process: ProcessRecord

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("history.db")
    try GoldenHistory.write(path)
    process = try #require(try HistoryReader(path: path).timeline([.pid(812)]).first?.process)
  }

  private static func namespace(_ id: Int64, initial: Bool = false) -> TimelineRow.State {
    .namespace(
      NamespaceRecord(
        id: id, boot: 1, type: .net, inode: UInt64(id), kernelID: UInt64(id), isInitial: initial))
  }

  private static let unsure = TimelineRow.State.unknown(.changedBetweenSamples)
  private static let gap = TimelineRow.State.unknown(.gap)

  /// Returns a row from the lengths of its segments in nanoseconds; nil is a time without the process.
  private func row(_ parts: [(TimelineRow.State?, Int64)]) -> TimelineRow {
    var segments: [TimelineRow.Segment] = []
    var time = WallTime.zero
    for (state, length) in parts {
      if let state { segments.append(.init(from: time, until: time &+ length, state: state)) }
      time = time &+ length
    }
    return TimelineRow(process: process, type: .net, segments: segments)
  }

  /// Draws rows over so many half columns of 100 ns, and returns the text of each row without colours.
  private func drawn(_ rows: [TimelineRow], halves: Int) -> (rows: [String], foot: [String]) {
    let label = "812 sshd net  "
    let picture = TimelineDrawing(
      rows: rows, folds: false,
      window: TimeWindow(since: .zero, until: WallTime.zero &+ Int64(halves * 100)),
      width: label.count + halves / 2, style: .blocks, zone: .utc
    ).picture
    func plain(_ line: String) -> String { line.replacing(/\u{1B}\[[0-9;]*m/, with: "") }
    return (picture.rows.map { String(plain($0).dropFirst(label.count)) }, picture.foot.map(plain))
  }

  @Test("a character shows two moments, and a letter begins each block")
  func halves() {
    let (a, b) = (Self.namespace(1, initial: true), Self.namespace(2))
    // Each of the lists is drawn in ten columns of 200 ns.
    let cases: [([(TimelineRow.State?, Int64)], String)] = [
      ([(a, 2000)], "A█████████"),
      ([(a, 900), (b, 1100)], "A███▌B████"),
      // A change within a half column is drawn at the nearer end of it.
      ([(a, 940), (b, 1060)], "A███▌B████"),
      ([(a, 960), (b, 1040)], "A████B████"),
      ([(nil, 300), (b, 600), (nil, 1100)], "·▐A█▌·····"),
      // A visit that is shorter than a half column, and one of a half column.
      ([(a, 920), (b, 50), (a, 1030)], "A███*A████"),
      ([(a, 1000), (b, 100), (a, 900)], "A████▌A███"),
      // Nothing but a short time in a namespace is known of a half column.
      ([(Self.unsure, 920), (b, 20), (Self.unsure, 1060)], "????▌?????"),
      // A gap is drawn however short it is.
      ([(a, 940), (Self.gap, 1), (a, 1059)], "A███▌A████"),
      ([(a, 800), (Self.gap, 400), (a, 800)], "A███▒▒A███"),
      ([(nil, 900), (Self.gap, 100), (Self.unsure, 100), (nil, 900)], "····▒?····"),
    ]
    for (parts, expected) in cases {
      #expect(drawn([row(parts)], halves: 20).rows == [expected])
    }
    let narrow = drawn([row([(a, 1000), (b, 100), (a, 900)])], halves: 20).foot.joined()
    #expect(narrow.contains("B = net:[2]#2") && narrow.contains("▌ = too narrow for its letter"))
    let wide = drawn([row([(a, 900), (b, 1100)])], halves: 20).foot.joined()
    #expect(!wide.contains("▌"), "\(wide)")
    // The legend shows the plain colour that a gap has in a half column.
    let gap = drawn([row([(a, 940), (Self.gap, 1), (a, 1059)])], halves: 20).foot.joined()
    #expect(gap.contains("▒▌ = a gap"), "\(gap)")
  }

  @Test("two namespaces of one colour do not look like one")
  func oneColour() {
    let ids = (1...13).map { Int64($0) }
    let rows = ids.map { row([(Self.namespace($0), 2000)]) }
    // The thirteenth namespace has the colour of the second, since the first has that of its group.
    let colours = TimelineLetters(rows, in: WallTime.zero...(WallTime.zero &+ 2000))
    let shades = rows.map { row in
      colours.shade(
        of: TimelineScale(from: .zero, until: .zero &+ 2000, columns: 8).marks(of: row)[0])
    }
    #expect(Set(shades.prefix(12)).count == 12 && shades.allSatisfy { $0 != nil }, "\(shades)")
    let same = shades.prefix(12).firstIndex(of: shades[12]) ?? 0
    let change = row([(Self.namespace(ids[same]), 900), (Self.namespace(13), 1100)])
    #expect(drawn(rows + [change], halves: 20).rows.last?.contains("*") == true)
    #expect(Set(TimelineBlocks.palette).count == NamespaceColours.count)
  }

  @Test("every namespace of a row is in the drawing, or a mark says that more is there")
  func hidesNothing() {
    var random = SeededRandom(seed: 7)
    for _ in 0..<400 {
      let states: [TimelineRow.State?] =
        (1...3).map { Self.namespace($0) } + [Self.unsure, nil, Self.gap]
      let parts = (0..<Int.random(in: 1...12, using: &random)).map { _ in
        (
          states[Int.random(in: 0..<6, using: &random)],
          Int64.random(in: 1...(Bool.random(using: &random) ? 60 : 400), using: &random)
        )
      }
      let row = row(parts)
      let scale = TimelineScale(
        from: .zero, until: .zero &+ parts.reduce(0) { $0 + $1.1 }, columns: 16)
      for drawsEdges in [false, true] {
        let marks = scale.marks(of: row, drawsEdges: drawsEdges)
        var inColumn: [Set<TimelineMark>] = marks.map { _ in [] }
        for segment in row.segments {
          let mark: TimelineMark =
            switch segment.state {
            case .namespace(let namespace): .namespace(namespace.id)
            case .unknown(let reason): .unknown(reason)
            }
          let columns = marks.indices.filter { column in
            let low = scale.time(of: column)
            let high = column == 15 ? scale.until &+ 1 : max(low &+ 1, scale.time(of: column + 1))
            return segment.from < high && (segment.until > low || segment.from == low)
          }
          for column in columns { inColumn[column].insert(mark) }
          // An edge may be drawn half a column off.
          let beside = marks.indices.filter {
            columns.contains($0 - 1) || columns.contains($0) || columns.contains($0 + 1)
          }
          guard mark.isNamespace, drawsEdges else { continue }
          #expect(
            beside.contains { [mark, .several, .unknown(.gap)].contains(marks[$0]) },
            "\(mark) of \(parts) is not in \(marks)")
        }
        for (mark, states) in zip(marks, inColumn) {
          let isTrue =
            mark == .absent
            ? states.isEmpty
            : mark == .several
              ? states.count(where: \.isNamespace) > 1 : states.contains(mark)
          #expect(isTrue, "\(mark) of \(states)")
        }
      }
    }
  }

  /// Returns what a terminal of a type shows of a timeline.
  private func terminal(
    _ options: String, columns: Int = 100, _ environment: [String: String] = [:]
  ) throws -> String {
    try Command.run(
      "/usr/bin/script",
      ["-qec", "'\(Command.nshist)' timeline \(options) --utc --db '\(path)'", "/dev/null"],
      environment: [
        "TZ": "UTC", "COLUMNS": "\(columns)", "TERM": "xterm-256color", "COLORTERM": "",
        "LC_ALL": "C.UTF-8", "NO_COLOR": "",
      ].merging(environment) { $1 }
    ).output
  }

  private static let hasScript = FileManager.default.fileExists(atPath: "/usr/bin/script")

  @Test(
    "a terminal with 256 colours shows blocks, as wide as it is",
    .enabled(if: hasScript, "needs script"), arguments: [60, 200])
  func terminal(columns: Int) throws {
    let text = try terminal("5000 4711 --type net,uts", columns: columns)
    let lines = text.split(whereSeparator: \.isNewline).map {
      $0.replacing(/\u{1B}\[[0-9;]*m/, with: "")
    }
    let rows = lines.filter { $0.hasPrefix("5000 bash net") || $0.hasPrefix("4711 nginx uts") }
    #expect(rows.count == 2 && rows.allSatisfy { $0.count == columns }, "\(lines)")
    #expect(lines.allSatisfy { $0.count <= columns }, "\(lines)")
    #expect(rows.allSatisfy { $0.contains("█") && $0.contains("▒▒▒") && $0.contains("?") })
    // The letter of the first namespace, which is an initial one, is on grey.
    #expect(text.contains("\u{1B}[38;5;16;48;5;248mA\u{1B}[0m"), "\(text.debugDescription)")
    #expect(lines.contains { $0.contains("22:16") && $0.contains("22:17") }, "\(lines)")
  }

  @Test(
    "other terminals, NO_COLOR and pipes get letters", .enabled(if: hasScript, "needs script"))
  func letters() throws {
    for environment in [["TERM": "xterm"], ["LC_ALL": "C"], ["NO_COLOR": "1"], ["TERM": "dumb"]] {
      let text = try terminal("5000 --type net", environment)
      #expect(!text.contains("█") && text.contains("-----"), "\(environment): \(text)")
    }
    #expect(
      try terminal("5000 --type net", ["TERM": "xterm", "COLORTERM": "truecolor"]).contains("█"))
    let pipe = try Command.run(
      Command.nshist, ["timeline", "5000", "--type", "net", "--db", path],
      environment: ["TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "NO_COLOR": ""])
    #expect(!pipe.output.contains("█") && !pipe.output.contains("\u{1B}"), "\(pipe.output)")
  }

  @Test("the ruler has round times, also where summer time begins")
  func ruler() throws {
    func labels(_ since: String, _ until: String, zone: String = "UTC") throws -> [String] {
      let outcome = try Command.run(
        Command.nshist,
        ["timeline", "812", "--type", "net", "--since", since, "--until", until, "--db", path],
        environment: ["TZ": zone, "COLUMNS": "100"])
      let lines = outcome.output.split(separator: "\n")
      return try #require(lines.dropFirst().first).split(separator: " ").map(String.init)
    }
    let minute = try labels("2023-11-14T22:15:13Z", "2023-11-14T22:16:41Z")
    #expect(minute == ["22:15:15", "22:15:30", "22:15:45", "22:16:00", "22:16:15", "22:16:30"])
    #expect(
      try labels("2023-11-14T22:15:10Z", "2023-11-14T22:15:11Z").prefix(2)
        == ["22:15:10.000", "22:15:10.200"])
    #expect(
      try labels("2023-11-13T00:00:00Z", "2023-11-18T00:00:00Z")
        == ["2023-11-13", "2023-11-14", "2023-11-15", "2023-11-16", "2023-11-17"])
    // The clock is set forward by an hour on the 15th at 2:00.
    let zone = "AAA0BBB-1,J319/2,J330"
    let summer = try labels("2023-11-14T12:00:00Z", "2023-11-15T20:00:00Z", zone: zone)
    #expect(summer == ["12:00", "18:00", "2023-11-15", "06:00", "12:00", "18:00"], "\(summer)")
  }

  @Test(
    "a tree has colours and box-drawing characters on a terminal only",
    .enabled(if: hasScript, "needs script"))
  func tree() throws {
    let question = ["query", "tree", "--at", "2023-11-14T22:15:12Z", "--utc", "--db", path]
    func shown(_ environment: [String: String]) throws -> String {
      try Command.run(
        "/usr/bin/script",
        ["-qec", "'\(Command.nshist)' " + question.joined(separator: " "), "/dev/null"],
        environment: [
          "COLUMNS": "80", "TERM": "xterm", "LC_ALL": "C.UTF-8", "NO_COLOR": "",
        ].merging(environment) { $1 }
      ).output.replacing("\r\n", with: "\n")
    }
    let coloured = try shown([:])
    #expect(coloured.contains("\u{1B}[2muser:[4026531837]#3 (initial)\u{1B}[0m"), "\(coloured)")
    #expect(coloured.contains("├─ \u{1B}[36mpid:[4026532199]#4104\u{1B}[0m"), "\(coloured)")
    let plain = coloured.replacing(/\u{1B}\[[0-9;]*m/, with: "")
    #expect(plain.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(plain)")
    // A line that is too long goes on below, beside the branch to the namespaces of the next level.
    #expect(plain.contains("\n│    "), "\(plain)")
    #expect(try shown(["NO_COLOR": "1"]) == plain)
    #expect(try shown(["NO_COLOR": "1", "LC_ALL": "C"]).contains("|- pid:[4026532199]"))
    let pipe = try Command.run(
      Command.nshist, question, environment: ["LC_ALL": "C.UTF-8", "NO_COLOR": ""]
    ).output
    #expect(pipe.contains("|- pid:[4026532199]#4104  2 processes, 4711 nginx\n"), "\(pipe)")
    #expect(!pipe.contains("├") && !pipe.contains("\u{1B}"), "\(pipe)")
  }
}
