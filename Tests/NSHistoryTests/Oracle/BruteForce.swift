// The brute-force tests write a random history of samples. Loops over the samples, or over all exported rows, compute
// the expected answer to each question, which is compared with the answer of the reader.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

/// A random history in a file, with its exported rows in memory.
final class BruteForce {
  typealias Key = RandomHistory.Key

  static let seeds = RandomSeeds.all

  let seed: UInt64
  let history: RandomHistory
  let reader: HistoryReader
  let rows: [Row]
  /// Whether the recorder still has the file open.
  let isRecorded: Bool
  private let folder: TemporaryFolder
  private let writer: HistoryWriter?
  private let numbers: [Name: Int]
  private let sampleNumbers: [WallTime: Int]
  private var wrong: [String] = []

  /// The identity of a process within one boot.
  private struct Name: Hashable {
    let pid: Int64
    let start: WallTime
  }

  /// An exported row. `process` and `samples` are indexes in the random history.
  struct Row: Hashable {
    let process: Int
    let type: NamespaceType
    let namespace: Key?
    let unread: UnreadReason?
    let samples: ClosedRange<Int>
    let from: WallTime
    let until: WallTime
  }

  init(seed: UInt64) throws {
    self.seed = seed
    history = RandomWorld.history(seed: seed)
    folder = try TemporaryFolder()
    let path = folder.file("history.db")
    // One of three histories has ended, one is left as SIGKILL leaves it, and one is still being recorded.
    isRecorded = seed % 3 == 0
    var writer: HistoryWriter? = try history.write(path, ends: seed % 3 == 1)
    if !isRecorded { writer = nil }
    self.writer = writer
    reader = try HistoryReader(path: path)
    let history = history
    let numbers = Dictionary(
      uniqueKeysWithValues: history.processes.indices.map {
        (Name(pid: Int64(history.processes[$0].pid), start: history.startWall($0)), $0)
      })
    let sampleNumbers = Dictionary(
      uniqueKeysWithValues: history.steps.indices.map { (history.start($0), $0) })
    self.numbers = numbers
    self.sampleNumbers = sampleNumbers
    var rows: [Row] = []
    let isRecorded = isRecorded
    try reader.export(ExportFilter()) { row in
      guard let process = numbers[Name(pid: row.pid, start: row.start ?? 0)],
        let from = sampleNumbers[row.from],
        let until = sampleNumbers[row.until], from <= until,
        row.isOpen == (isRecorded && until == history.count - 1)
      else {
        Issue.record("seed \(seed): a row of no process, or of no samples: \(row)")
        return true
      }
      rows.append(
        Row(
          process: process, type: row.type,
          namespace: row.inode.map { .init(type: row.type, inode: $0, id: row.kernelID) },
          unread: row.unread, samples: from...until, from: row.from, until: row.until))
      return true
    }
    self.rows = rows
  }

  /// Returns the index of a process in the random history; -1 for one that is not in it.
  func number(_ process: ProcessRecord?) -> Int {
    process.flatMap { numbers[Name(pid: $0.pid, start: $0.start ?? 0)] } ?? -1
  }

  /// Returns the index of the sample that began at a time; -1 for none.
  func sample(_ wall: WallTime?) -> Int { wall.flatMap { sampleNumbers[$0] } ?? -1 }

  /// Returns the index of the sample that ended at a time; -1 for none.
  func sample(endedAt wall: WallTime?) -> Int {
    guard let wall else { return -1 }
    return history.steps.indices.first { history.end($0) == wall } ?? -1
  }

  /// Returns every process of the file by its index in the random history.
  func records() throws -> [Int: ProcessRecord] {
    var records: [Int: ProcessRecord] = [:]
    for pid in Set(history.processes.map(\.pid)) {
      for record in try reader.processes(.pid(Int64(pid))) { records[number(record)] = record }
    }
    check(records.keys.sorted() == Array(history.processes.indices), "processes: \(records.keys)")
    return records
  }

  func check(_ isRight: Bool, _ what: @autoclosure () -> String) {
    if !isRight { wrong.append(what()) }
  }

  /// Fails the test with the first faults that `check` found, if there are any.
  func report() {
    let count = wrong.count
    #expect(
      count == 0,
      """
      seed \(seed): \(wrong.prefix(4).joined(separator: "\n"))
      in
      \(history.excerpt)
      """)
  }
}

struct BruteForceExportTests {
  /// The other brute-force tests use the exported rows. This one compares the rows with the samples.
  @Test("exported rows equal the runs of equal links in the samples", arguments: BruteForce.seeds)
  func rows(seed: UInt64) throws {
    let oracle = try BruteForce(seed: seed)
    let history = oracle.history
    var expected: [BruteForce.Row] = []
    for process in history.processes.indices {
      for type in NamespaceType.allCases {
        var run: (state: LinkState, samples: ClosedRange<Int>)?
        for sample in 0...history.count {
          let state = history.observation(process, sample)?[type.link]
          if let open = run,
            open.state != state || sample < history.count && history.isBound(sample)
          {
            expected.append(row(process, type, open, history))
            run = nil
          }
          guard let state else { continue }
          run = (state, (run?.samples.lowerBound ?? sample)...sample)
        }
      }
    }
    oracle.check(oracle.rows.count == Set(oracle.rows).count, "a row comes twice")
    for row in Set(expected).symmetricDifference(oracle.rows) {
      oracle.check(false, "only in one of both: \(row)")
    }
    oracle.report()
  }

  private func row(
    _ process: Int, _ type: NamespaceType, _ run: (state: LinkState, samples: ClosedRange<Int>),
    _ history: RandomHistory
  ) -> BruteForce.Row {
    var unread: UnreadReason?
    if case .unread(let reason) = run.state { unread = reason }
    return .init(
      process: process, type: type, namespace: run.state.key, unread: unread,
      samples: run.samples, from: history.start(run.samples.lowerBound),
      until: history.start(run.samples.upperBound))
  }
}
