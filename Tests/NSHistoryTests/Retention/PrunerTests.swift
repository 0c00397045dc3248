// After each move of the watermark, compares the rows that retention leaves with those that `PrunedFile` leaves, and
// the answers with those of the whole history.

import Foundation
import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import NSHistory

/// A history in two files: the whole one, and one whose beginning is removed.
struct PrunedPair {
  let folder: TemporaryFolder
  let whole: String
  let pruned: String
  /// The sequence numbers of the samples.
  let samples: [SequenceNumber]

  init(_ write: (String) throws -> Void) throws {
    folder = try TemporaryFolder()
    whole = folder.file("whole.db")
    pruned = folder.file("pruned.db")
    try write(whole)
    try FileManager.default.copyItem(atPath: whole, toPath: pruned)
    let connection = try Connection(path: whole, access: .readOnly)
    samples = try connection.prepare("SELECT seq FROM sample ORDER BY seq").map { $0.sequence(0) }
  }

  static func random(_ seed: UInt64) throws -> PrunedPair {
    try PrunedPair { path in
      _ = try RandomWorld.history(seed: seed).write(path, ends: !seed.isMultiple(of: 3))
    }
  }

  static func events(_ seed: UInt64) throws -> PrunedPair {
    try PrunedPair { path in
      try EventWorld.history(seed: seed).write(
        HistoryWriter(path: path), ends: !seed.isMultiple(of: 3))
    }
  }

  static func pruner(_ path: String) throws -> Pruner {
    try Pruner(Connection(path: path, access: .readWrite))
  }

  /// Copies the pruned file as it is now, with its log.
  func copyOfPruned(_ name: String) throws -> String {
    let path = folder.file(name)
    for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: pruned + suffix) {
      try FileManager.default.copyItem(atPath: pruned + suffix, toPath: path + suffix)
    }
    return path
  }

  func copy(_ name: String) throws -> String {
    let path = folder.file(name)
    try FileManager.default.copyItem(atPath: whole, toPath: path)
    return path
  }
}

struct PrunerTests {
  /// Returns positions of the watermark, each one to three samples after the last.
  private static func moves(
    _ samples: [SequenceNumber], _ random: inout SeededRandom
  ) -> [SequenceNumber] {
    var moves: [SequenceNumber] = []
    var index = 0
    while index < samples.count - 1 {
      index = min(samples.count - 1, index + Int.random(in: 1...3, using: &random))
      moves.append(samples[index])
    }
    return moves
  }

  @Test(
    "moving the watermark step by step leaves the rows that one removal leaves",
    arguments: [false, true])
  func rows(hasEvents: Bool) throws {
    for seed in RandomSeeds.all {
      let pair = try hasEvents ? PrunedPair.events(seed) : PrunedPair.random(seed)
      var random = SeededRandom(seed: seed)
      let pruner = try PrunedPair.pruner(pair.pruned)
      for (number, sample) in Self.moves(pair.samples, &random).enumerated() {
        _ = try pruner.move(to: sample)
        let expected = try pair.copy("expected\(number).db")
        try PrunedFile.prune(expected, before: sample)
        let differences = try TableDump.differences(pair.pruned, expected)
        #expect(differences == [], "seed \(seed), watermark \(sample)")
        #expect(try PrunedFile.danglingRows(pair.pruned) == 0, "seed \(seed)")
        if !differences.isEmpty { return }
      }
    }
  }

  @Test(
    "after the watermark, every answer is that of the whole history",
    arguments: [false, true])
  func questions(hasEvents: Bool) throws {
    // Random histories with odd seeds have no clock steps, so that a time is one moment.
    for seed in RandomSeeds.all where hasEvents ? seed < 6 : !seed.isMultiple(of: 2) {
      let pair = try hasEvents ? PrunedPair.events(seed) : PrunedPair.random(seed)
      var random = SeededRandom(seed: seed)
      let pruner = try PrunedPair.pruner(pair.pruned)
      let whole = try AnswersAfter(pair.whole)
      for sample in Self.moves(pair.samples, &random) {
        _ = try pruner.move(to: sample)
        // Copies the file with its log, as a recorder leaves it that is killed now.
        let killed = try pair.copyOfPruned("killed\(sample).db")
        let left = try AnswersAfter(killed)
        #expect(try left.reader.faults() == [])
        for time in whole.times(after: sample) {
          let (expected, found) = (
            try whole.answers(at: time, whole.pids, known: Set(left.pids)),
            try left.answers(at: time, whole.pids, known: Set(left.pids))
          )
          #expect(
            expected == found,
            """
            seed \(seed), watermark \(sample), at \(time):
            \(Set(expected).symmetricDifference(found).sorted().joined(separator: "\n"))
            """)
          if expected != found { return }
        }
        for time in try whole.times(before: sample) { try left.expectExpired(at: time) }
      }
    }
  }

  @Test("a recorder continues correctly while retention removes the beginning of its file")
  func beneathTheWriter() throws {
    for seed in RandomSeeds.all {
      let history = EventWorld.history(seed: seed)
      let pair = try PrunedPair.events(seed)
      var random = SeededRandom(seed: seed)
      let path = pair.folder.file("shortened.db")
      let writer = try HistoryWriter(path: path)
      let pruner = try PrunedPair.pruner(path)
      var watermark = SequenceNumber.zero
      for step in history.steps {
        try history.write(step, writer)
        guard let removable = writer.removable, Int.random(in: 0...2, using: &random) > 0,
          let sample = pair.samples.last(where: { $0 <= removable.last }),
          sample > watermark
        else { continue }
        _ = try pruner.move(to: sample, resumable: removable.resumable)
        writer.forgetRemovedRows()
        watermark = sample
      }
      if !seed.isMultiple(of: 3) { try writer.endSession(.completed) }
      #expect(try PrunedFile.danglingRows(path) == 0, "seed \(seed)")
      #expect(watermark.rawValue > 1, "seed \(seed)")
      let (whole, left) = (try AnswersAfter(pair.whole), try AnswersAfter(path))
      for time in whole.times(after: watermark) {
        let expected = try whole.answers(at: time, whole.pids, known: Set(left.pids))
        let found = try left.answers(at: time, whole.pids, known: Set(left.pids))
        #expect(
          expected == found,
          """
          seed \(seed), watermark \(watermark), at \(time):
          \(Set(expected).symmetricDifference(found).sorted().joined(separator: "\n"))
          """)
        if expected != found { return }
      }
    }
  }

  @Test("every statement of the pruner finds its rows by an index")
  func plans() throws {
    let pair = try PrunedPair.events(1)
    let connection = try Connection(path: pair.pruned, access: .readWrite)
    let pruner = try Pruner(connection)
    var stride = PruneStride()
    for _ in 0..<3 {
      let target = try #require(
        try stride.next(after: pruner, on: connection, upTo: .max, olderThan: nil))
      stride.moved(try pruner.move(to: target.seq))
    }
    let statements = connection.statements.filter {
      !$0.hasPrefix("PRAGMA") && !$0.contains("changes()")
    }
    #expect(statements.count > 60)
    for statement in statements {
      let plan = try connection.prepare("EXPLAIN QUERY PLAN \(statement)").map { $0.text(3) }
      for step in plan where step.hasPrefix("SCAN") && !step.hasPrefix("SCAN (subquery-") {
        #expect(
          Self.scans.contains { step == $0 || step.hasPrefix("\($0) ") }, "\(step) in \(statement)")
      }
    }
  }

  /// The permitted scans: of the rows of one move, and of tables with one row.
  private static let scans =
    PruneStatements.emptied.map { "SCAN \($0)" } + [
      "SCAN resumable", "SCAN span", "SCAN CONSTANT ROW", "SCAN history",
      // These scans stop at the first row that satisfies the condition, in the order of samples or scans for pins.
      "SCAN a", "SCAN p", "SCAN s", "SCAN sample", "SCAN pin_scan",
      "SCAN membership USING INDEX membership_open",
    ]
}

/// The answers of a history about a moment, as text. Removing rows from before the moment must not change them.
struct AnswersAfter {
  let reader: HistoryReader
  private let samples: [(seq: SequenceNumber, wall: WallTime, end: WallTime)]
  private let events: [WallTime]
  let pids: [Int64]

  init(_ path: String) throws {
    reader = try HistoryReader(path: path)
    samples = try reader.connection.prepare(
      "SELECT seq, wall_ns, wall_ns + duration_ns FROM sample ORDER BY seq"
    ).map { ($0.sequence(0), $0.wallTime(1), $0.wallTime(2)) }
    events = try reader.connection.prepare("SELECT wall_ns FROM event_batch ORDER BY first_seq")
      .map { $0.wallTime(0) }
    pids = try reader.connection.prepare(
      "SELECT pid FROM task UNION SELECT pid FROM short_lived_task ORDER BY 1"
    ).map { $0.integer(0) }
  }

  /// Returns moments after the watermark that no earlier sample covers, also where the clock was set back.
  func times(after watermark: SequenceNumber) -> [WallTime] {
    let end = samples.filter { $0.seq <= watermark }.map(\.end).max() ?? 0
    let next = samples.first { $0.seq > watermark }.map(\.wall) ?? end
    return moments.filter { $0 > max(end, next) + 1_000_000_000 }
  }

  /// Returns moments that only samples before the watermark cover.
  func times(before watermark: SequenceNumber) throws -> [WallTime] {
    let start = samples.filter { $0.seq >= watermark }.map(\.wall).min() ?? 0
    return moments.filter { $0 < start - 1_000_000_000 }
  }

  private var moments: [WallTime] {
    (samples.flatMap { [$0.wall - 5, $0.wall + 5, $0.end + 5] }
      + events.flatMap { [$0, $0 + 1500] })
      .sorted()
  }

  func answers(at time: WallTime, _ pids: [Int64], known: Set<Int64>) throws -> [String] {
    var lines = try reader.processes(at: time).processes.map { one in
      "process \(one.process.pid) \(one.process.comm ?? "-") \(one.presence)"
    }
    lines += try reader.coverage(at: time).samples.map {
      "missing \(String(describing: $0.missing))"
    }
    for one in pids {
      let answer = try reader.same(
        SameQuestion(pids: [.init(pid: pids.first ?? 1), .init(pid: one)], time: .at(time)))
      lines += answer.types.map { line in
        // The pruned file knows nothing of some PIDs, whose reason is then `not-recorded`; so reasons are compared
        // for known PIDs only.
        "same \(one) \(line.type) \(line.verdict) "
          + "\(line.reason.map { known.contains(one) ? "\($0)" : "" } ?? "") "
          + line.namespaces.map { "\($0.namespace.inode)" }.sorted().joined(separator: ",")
      }
    }
    return lines.sorted()
  }

  func expectExpired(at time: WallTime) throws {
    #expect(try reader.coverage(at: time).samples.map(\.missing) == [.expired])
    for one in pids.prefix(3) {
      let answer = try reader.same(
        SameQuestion(pids: [.init(pid: 1), .init(pid: one)], time: .at(time), types: [.net]))
      #expect(answer.types.allSatisfy { $0.verdict == .unknown && $0.reason == .expired })
    }
  }
}
