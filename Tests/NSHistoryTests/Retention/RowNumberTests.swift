// The number of a row is an identity: it is never given to another row, not even after the row was removed.

import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import NSHistory

struct RowNumberTests {
  /// Returns the row numbers of the only task and membership of a process.
  private func rows(of pid: Int32, _ history: EventfulHistory) throws -> [Int64] {
    try history.writer.connection.prepare(
      "SELECT task_id, membership_id FROM task JOIN membership USING (task_id) WHERE pid = ?"
    ).bind(.integer(Int64(pid))).map { [$0.integer(0), $0.integer(1)] }.joined().map(\.self)
  }

  @Test("the row numbers of a removed process are never reused")
  func removed() throws {
    let history = try EventfulHistory(shortLived: .none)
    _ = try history.sample(0, [(2, -1)], isExact: false)
    // Writes the start and the exit separately, so that the process has a row in between.
    _ = try history.write([history.start(10, at: 1)])
    let removed = try rows(of: 10, history)
    #expect(removed.count == 2)
    _ = try history.write([history.exit(10, at: 2)])
    #expect(try rows(of: 10, history).isEmpty)
    _ = try history.write([history.start(11, at: 3)])
    let next = try rows(of: 11, history)
    #expect(next.count == 2 && zip(next, removed).allSatisfy { $0 > $1 }, "\(next), \(removed)")
    _ = try history.write([history.exit(11, at: 4)])
    try history.writer.endSession(.completed)

    // A process of a later session does not get them either, although no row is left.
    let writer = history.writer
    try writer.beginSession(
      SmallHistory.session(started: EventfulHistory.reading(20)))
    var sample = ProcessSample(start: EventfulHistory.reading(20))
    sample.appeared = [history.appearance(12, 19)]
    _ = try writer.write(sample, SampleTiming())
    let last = try writer.connection.prepare(
      "SELECT task_id, membership_id FROM task JOIN membership USING (task_id) WHERE pid = 12"
    ).first { [$0.integer(0), $0.integer(1)] }
    #expect(zip(last ?? [], next).allSatisfy { $0 > $1 } && last != nil, "\(last ?? []), \(next)")
  }
}
