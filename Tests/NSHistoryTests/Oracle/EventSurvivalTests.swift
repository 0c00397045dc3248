// Histories of events whose recorder ended, was killed, or was started again, and histories of which some events
// could not be written for a while.

import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import NSHistory

struct EventSurvivalTests {
  /// How a recorder ends.
  enum Ending: CaseIterable { case ended, killed, reopened, goingOn }

  private static func export(_ path: String) throws -> [String] {
    var rows: [String] = []
    try HistoryReader(path: path).export(ExportFilter()) { row in
      var row = row
      row.isOpen = false
      rows.append("\(row)")
      return true
    }
    return rows
  }

  @Test(
    "the exported rows are the same however the recorder ended",
    arguments: 1...12 as ClosedRange<UInt64>)
  func endings(seed: UInt64) throws {
    let history = EventWorld.history(seed: seed)
    var all: [[String]] = []
    for ending in Ending.allCases {
      let folder = try TemporaryFolder()
      let path = folder.file("history.db")
      var writer: HistoryWriter? = try HistoryWriter(path: path)
      if let writer { try history.write(writer, ends: ending == .ended) }
      if ending != .goingOn { writer = nil }
      if ending == .reopened { _ = try HistoryWriter(path: path) }
      all.append(try Self.export(path))
      withExtendedLifetime(writer) {}
    }
    #expect(!all[0].isEmpty)
    #expect(all.allSatisfy { $0 == all[0] })
  }

  @Test(
    "events that could not be written at once are written later without a loss",
    arguments: 1...12 as ClosedRange<UInt64>)
  func failedEvents(seed: UInt64) throws {
    let history = EventWorld.history(seed: seed)
    let folder = try TemporaryFolder()
    try history.write(HistoryWriter(path: folder.file("well.db")), ends: true)
    let writer = try HistoryWriter(path: folder.file("badly.db"))
    var failures = 0
    for step in history.steps {
      switch step {
      case .events(let batch, _):
        #expect(writer.add(batch))
        try writer.connection.execute("PRAGMA query_only = ON")
        if !batch.isEmpty {
          #expect(throws: HistoryError.self) { try writer.writeEvents() }
          failures += 1
        }
        try writer.connection.execute("PRAGMA query_only = OFF")
      case .end:
        _ = try writer.writeEvents()
        try history.write(step, writer)
      default: try history.write(step, writer)
      }
    }
    _ = try writer.writeEvents()
    try writer.endSession(.completed)
    #expect(failures > 0 || !(0..<history.epochs.count).contains(where: history.listens))
    let (well, badly) = (
      try Self.export(folder.file("well.db")), try Self.export(folder.file("badly.db"))
    )
    let difference = badly.difference(from: well).map { "\($0)" }.prefix(4)
    #expect(badly == well, "seed \(seed): \(difference.joined(separator: "\n"))")
  }

  @Test(
    "no answer is exact for a time of which only the outcome was stored",
    arguments: RandomSeeds.all)
  func folded(seed: UInt64) throws {
    let history = EventWorld.history(seed: seed)
    let folder = try TemporaryFolder()
    let writer = try HistoryWriter(path: folder.file("history.db"))
    guard let folding = try EventFolding(history, writer, seed: seed) else { return }
    let reader = try HistoryReader(path: folder.file("history.db"))
    var random = SeededRandom(seed: seed)
    var wrong: [String] = []
    for time in history.times(&random) {
      let pids = (1...12).map { Int32($0) }.shuffled(using: &random).prefix(2)
      let selectors = pids.map { SameQuestion.Selector(pid: Int64($0)) }
      let isFolded = time > folding.time.lowerBound + 1000 && time < folding.time.upperBound
      let answer = try reader.same(.init(pids: selectors, time: .at(time), types: [.net, .uts]))
      for line in answer.types {
        if isFolded, line.isExact || line.verdict != .unknown {
          wrong.append("\(pids) at \(time): \(line.verdict), exact \(line.isExact)")
        }
        if !folding.allows(line.verdict, Array(pids), time, line.type) {
          wrong.append("\(pids) at \(time): \(line.verdict), which was not")
        }
      }
    }
    for one: Int64 in 2...12 {
      for other: Int64 in 2...12 where other > one {
        let answer = try reader.same(
          .init(
            pids: [.init(pid: one), .init(pid: other)], time: .range(since: nil, until: nil),
            types: [.net]))
        for interval in answer.types[0].intervals {
          for time in [
            interval.from + 1001, interval.from + (interval.until - interval.from) / 2,
          ]
          where time < interval.until - 1000 {
            let pids = [Int32(one), Int32(other)]
            if !folding.allows(.same, pids, min(time, interval.until), .net) {
              wrong.append("\(pids) at \(time) of \(interval.from)...\(interval.until): not same")
            }
          }
        }
      }
    }
    let count = wrong.count
    #expect(
      count == 0,
      """
      seed \(seed), \(folding.time): \(wrong.prefix(4).joined(separator: "\n"))
      \(history.excerpt)
      """
    )
  }
}
