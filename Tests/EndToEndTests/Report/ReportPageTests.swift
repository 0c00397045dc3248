// Pages of `nshist report` in headless Chromium: Tests/report/check_page.py opens, drives and questions them.

import Foundation
import NSHistory
import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import nshist

/// Runs the checks of a page in Chromium.
enum PageCheck {
  static let need = "needs Chromium and Python 3"
  private static let python = "/usr/bin/python3"
  private static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("report/check_page.py").path

  static let isPossible = ["/usr/bin/chromium", python].allSatisfy(
    FileManager.default.isExecutableFile)

  /// Checks a page; the pictures of it stay in the folder that `NSHIST_REPORT_PICTURES` names.
  static func run(_ page: String, named name: String, _ options: String...) throws {
    var arguments = [script, page] + options
    if let folder = ProcessInfo.processInfo.environment["NSHIST_REPORT_PICTURES"] {
      let own = "\(folder)/\(name)"
      try FileManager.default.createDirectory(atPath: own, withIntermediateDirectories: true)
      arguments += ["--pictures", own]
    }
    let outcome = try Command.run(python, arguments)
    #expect(outcome.status == 0, "\(outcome.output) \(outcome.messages)")
    print("\(name): \(outcome.output)")
  }
}

@Suite(.ownsProcesses, .serialized, .enabled(if: PageCheck.isPossible, "\(PageCheck.need)"))
struct ReportPageTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func report(_ history: String, _ words: String...) throws -> String {
    let page = folder.file("page.html")
    let outcome = try CommandInProcess.run(
      ["report"] + words + ["--output", page, "--db", history])
    #expect([0, 2].contains(outcome.status), "\(outcome.messages)")
    return page
  }

  @Test(
    "the words at the cursor are those of `query same --at`, and keys, pointer, links and tables work"
  )
  func golden() throws {
    let history = folder.file("history.db")
    try GoldenHistory.write(history)
    let page = try report(history)
    let answers = folder.file("answers.json")
    try Self.askAtRandom(history, 1000).write(to: URL(fileURLWithPath: answers))
    try PageCheck.run(page, named: "golden", "--answers", answers)
  }

  /// Asks `query same --at` about random pairs of lanes and moments, and returns the answers as JSON. They are asked in
  /// this process, because a thousand programs take long to start.
  private static func askAtRandom(_ history: String, _ count: Int) throws -> Data {
    let report = try HistoryReader(path: history).report(ReportQuestion())
    let time = try #require(report.time)
    // Parsed once, because the argument parser takes longer than the answer (`ParsedCommands`).
    var command = try #require(
      NSHist.parse(
        ["query", "same", "1", "2", "--at", "now", "--format", "json", "--db", history])
        as? QuerySame)
    var random = SeededRandom(seed: 42)
    var list: [[String: Any]] = []
    while list.count < count {
      let pair = (0..<2).map { _ in Int.random(in: report.lanes.indices, using: &random) }
      guard pair[0] != pair[1] else { continue }
      let bounds = pair.flatMap { report.lanes[$0].pieces.map(\.from) }
      let bound = bounds.randomElement(using: &random) ?? time.lowerBound
      let length = time.upperBound - time.lowerBound
      let moment =
        list.count % 2 == 0
        ? time.lowerBound + Int64.random(in: 0...length, using: &random)
        : min(
          max(bound + Int64.random(in: -1...1, using: &random), time.lowerBound), time.upperBound)
      // A time at which the process ran selects it among those that had its PID.
      let names = pair.map { lane in
        let process = report.lanes[lane].process
        let middle = process.firstSeen + (process.lastSeen - process.firstSeen) / 2
        return "\(process.number)@\(argument(middle))"
      }
      command.processes = names
      command.options.at = argument(moment)
      let outcome = try CommandInProcess.run(command)
      let answer = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
      list.append(["lanes": pair, "time": moment - time.lowerBound, "answer": answer])
    }
    return try JSONSerialization.data(withJSONObject: list)
  }

  @Test("hostile texts are shown as text")
  func hostile() throws {
    let evil = [
      "</script><img src=x onerror=evil=1>", "<b id=evil>bold</b>", "\"'`${evil=1}", "]]>--><!--",
      "{{evil}}{{{evil}}}", "a\u{202E}b\u{2066}", "x\u{0}y\u{7}\u{1B}[31m",
      String(repeating: "long ", count: 820),
    ]
    let shown = [
      "</script><img src=x onerror=evil=1>", "<b id=evil>bold</b>", "\"'`${evil=1}", "]]>--><!--",
      "{{evil}}{{{evil}}}", #"a\xe2\x80\xaeb\xe2\x81\xa6"#, #"x\x00y\x07\x1b[31m"#,
    ]
    var actors = GoldenHistory.actors
    for (index, text) in evil.enumerated() {
      actors.append(
        .init(
          pid: 9100 + Int32(index), comm: text, parent: 1, start: 1,
          entries: [(1...13, GoldenHistory.host())], cgroup: "0::/\(text)"))
    }
    let history = folder.file("history.db")
    try GoldenHistory.write(
      history, GoldenHistory.moments, actors, names: [GoldenHistory.container: evil[0]])
    try Connection(path: history, access: .readWrite).execute(
      "UPDATE session SET host_name = '<b id=evil>host</b>'")
    // Bytes that are no UTF-8, in a name that the file should not hold.
    try Connection(path: history, access: .readWrite).execute(
      "UPDATE task SET comm = CAST(X'61FFC328EDA080' AS TEXT) WHERE pid = 812")
    let texts = folder.file("texts.json")
    try JSONSerialization.data(withJSONObject: shown + ["<b id=evil>host</b>"])
      .write(to: URL(fileURLWithPath: texts))
    let page = folder.file("page.html")
    let pids = evil.indices.map { "\(9100 + $0)" }
    let outcome = try CommandInProcess.run(
      ["report", "812", "4711"] + pids + ["--output", page, "--db", history])
    #expect(outcome.status == 0, "\(outcome.messages)")
    try PageCheck.run(page, named: "hostile", "--texts", texts)
  }

  @Test("histories with little in them")
  func little() throws {
    let one = folder.file("one.db")
    try GoldenHistory.write(one, Array(GoldenHistory.moments.prefix(1)), GoldenHistory.actors)
    try PageCheck.run(try report(one), named: "one-sample")
    let nobody = folder.file("nobody.db")
    try GoldenHistory.write(nobody, GoldenHistory.moments, [])
    try PageCheck.run(try report(nobody), named: "no-process")
    let gaps = folder.file("gaps.db")
    var moments: [GoldenHistory.Moment] = []
    for number in 0..<Int64(6) {
      let minute = 60 * number
      var moment = GoldenHistory.Moment(boot: minute, wall: minute)
      if number == 0 { moment.startsSession = true } else { moment.gap = .stalled }
      moments.append(moment)
    }
    try GoldenHistory.write(gaps, moments, GoldenHistory.actors)
    try PageCheck.run(
      try report(gaps), named: "only-gaps", "--history", gaps, "--program", Command.nshist,
      "--moments", "100")
  }

  @Test("a page of 100,000 intervals opens and zooms smoothly")
  func large() throws {
    let history = folder.file("history.db")
    try LargeHistory.write(history, tasks: 200, changes: 500)
    let page = try report(history)
    #expect(try !String(contentsOfFile: page, encoding: .utf8).contains("left out"))
    try PageCheck.run(
      page, named: "large", "--large", "--patience", "4", "--history", history, "--program",
      Command.nshist, "--moments", "40")
  }
}

/// A history in which many processes move often.
enum LargeHistory {
  /// Writes a history in which each of some processes is in another namespace after every second sample.
  static func write(_ path: String, tasks: Int32, changes: Int) throws {
    var moments: [GoldenHistory.Moment] = []
    for number in 0..<Int64(2 * changes) {
      moments.append(.init(boot: 5 * number, wall: 5 * number, startsSession: number == 0))
    }
    let places: [GoldenHistory.Links] = (0..<40).map { number in
      let net = GoldenHistory.made(.net, 4_026_540_000 + UInt64(number), 10_000 + UInt64(number))
      return GoldenHistory.host(besides: [net])
    }
    var actors: [GoldenHistory.Actor] = []
    for task in 0..<tasks {
      var entries: [(samples: ClosedRange<Int>, links: GoldenHistory.Links)] = []
      for change in 1...changes {
        let links = places[(Int(task) * 7 + change) % places.count]
        entries.append((samples: (2 * change - 1)...(2 * change), links: links))
      }
      let id = String(repeating: "0", count: 60) + String(1000 + task / 10)
      actors.append(
        .init(
          pid: 1000 + task, comm: "worker\(task)", parent: 1, start: -10, entries: entries,
          cgroup: "0::/system.slice/docker-\(id).scope"))
    }
    try GoldenHistory.write(path, moments, actors)
  }
}
