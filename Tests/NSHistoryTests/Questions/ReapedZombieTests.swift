// A zombie that was reaped between two samples. No event reports a reap, so that nobody knows when it no longer
// existed.

import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import NSHistory

/// A history with events: process 2 runs throughout, and process 10 is a zombie that the samples at 0 s and 5 s
/// observed. Process 20 starts and exits at times between the samples.
private struct ReapedZombie {
  let history: EventfulHistory
  private let token = ProcessToken(number: 10)

  /// - Parameter isAlone: whether no other process is in the pid namespace of the zombie.
  init(isAlone: Bool = false) throws {
    history = try EventfulHistory()
    var sample = ProcessSample(start: EventfulHistory.reading(0))
    var zombie = history.appearance(10, -2)
    zombie.links = Self.links(history, isAlone: isAlone)
    sample.appeared = [history.appearance(2, -1), zombie]
    _ = try history.writer.write(sample, SampleTiming())
    _ = try history.history(20, from: 1, until: 2)
    _ = try history.sample(5, [])
    _ = try history.history(21, from: 6, until: 7)
    _ = try history.history(22, from: 8, until: 9)
  }

  static func links(_ history: EventfulHistory, isAlone: Bool = false) -> [LinkState] {
    zip(NamespaceLink.allCases, history.links(10)).map { link, state in
      if link == .pid, isAlone {
        return .namespace(
          ObservedNamespace(
            type: .pid, inode: 4_026_533_999, kernelID: 999, inodeGeneration: 0, isInitial: false))
      }
      return link == .pid || link == .user ? state : .unread(.zombie)
    }
  }

  /// Writes the sample at 10 s, which misses the zombie.
  func miss() throws {
    var sample = ProcessSample(start: EventfulHistory.reading(10))
    sample.disappeared = [token]
    _ = try history.writer.write(sample, SampleTiming(isExact: true))
  }

  /// Writes the start of another process with the PID of the zombie.
  func reuse() throws {
    let time = EventfulHistory.reading(9.5).boot
    var next = history.start(10, at: 9.5)
    if case .started(var start) = next.change {
      start.token = ProcessToken(number: 110)
      next.change = .started(start)
    }
    _ = try history.write([ProcessEvent(boot: time, .reaped(token)), next])
  }
}

struct ReapedZombieTests {
  private func wall(_ seconds: Double) -> WallTime { EventfulHistory.wall(seconds) }

  private func same(
    _ reader: HistoryReader, _ time: Double
  ) throws -> SameAnswer.TypeAnswer {
    try reader.same(
      .init(pids: [.init(pid: 10), .init(pid: 2)], time: .at(wall(time)), types: [.pid])
    ).types[0]
  }

  /// Checks the answers about a file whose last sample that observed the zombie was that at 5 s.
  private func check(_ reader: HistoryReader) throws {
    for time in [1.5, 4.5] {
      let line = try same(reader, time)
      #expect(line.verdict == .same && line.isExact, "\(time): \(line)")
    }
    for time in [6.5, 7.5, 8.5] {
      let line = try same(reader, time)
      #expect(line.verdict == .unknown && line.reason == .changedBetweenSamples, "\(time): \(line)")
    }
    let shared = try reader.shared(
      .init(
        [.processes(.pid(10)), .processes(.pid(2))],
        in: TimeWindow(since: wall(6.5), until: wall(9)), types: [.pid]))
    #expect(shared.types[0].verdict != .shared, "\(shared.types[0])")
  }

  @Test("a zombie that a sample misses is certain to exist only up to the sample before")
  func missed() throws {
    let zombie = try ReapedZombie()
    try zombie.miss()
    let reader = try zombie.history.end()
    try check(reader)
    let changes = try reader.allChanges(.init(process: .pid(10)))
    let exit = try #require(changes.last { $0.process?.pid == 10 })
    #expect(exit.kind == .exited && !exit.isExact, "\(exit)")
    #expect(exit.after == wall(5) && exit.by == wall(10), "\(exit)")
    #expect(Set(exit.parts.map(\.link)) == [.pid, .user])
    var entries: [HistoryEntry] = []
    try reader.history(.pid(10)) { entry in
      entries.append(entry)
      return true
    }
    #expect(entries.count == 1)
    let process = try #require(entries.last)
    #expect(process.process.lastSeen == wall(5))
    #expect(process.end.kind == .exited && process.end.within == 5_000_000_000, "\(process.end)")
  }

  @Test(
    "a namespace whose last process is a zombie lost it between the samples",
    arguments: [false, true])
  func lastExit(isReused: Bool) throws {
    let zombie = try ReapedZombie(isAlone: true)
    if isReused { try zombie.reuse() } else { try zombie.miss() }
    let reader = try zombie.history.end()
    let changes = try reader.allChanges(.init())
    let exit = try #require(
      changes.first { $0.kind == .lastExit && $0.parts.first?.from?.kernelID == 999 })
    #expect(!exit.isExact && exit.after == wall(5), "\(exit)")
    #expect(exit.by == wall(isReused ? 9.5 : 10), "\(exit)")
  }

  @Test("a zombie whose PID another process gets may have been reaped long before")
  func reused() throws {
    let zombie = try ReapedZombie()
    try zombie.reuse()
    let reader = try zombie.history.end()
    try check(reader)
    let changes = try reader.allChanges(.init(process: .pid(10)))
    let exit = try #require(changes.first { $0.kind == .exited })
    #expect(!exit.isExact && exit.after == wall(5) && exit.by == wall(9.5), "\(exit)")
  }

  @Test(
    "a zombie may have been reaped after the last sample of a recording", arguments: [true, false])
  func last(ends: Bool) throws {
    let zombie = try ReapedZombie()
    let reader =
      ends ? try zombie.history.end() : try HistoryReader(path: zombie.history.path)
    try check(reader)
    var bounds: [IntervalBound.Kind] = []
    try reader.history(.pid(10)) { entry in
      bounds.append(entry.end.kind)
      return true
    }
    #expect(bounds == [ends ? .lastSeen : .open])
  }

  @Test("a zombie that the next recording observes has not changed")
  func resumed() throws {
    let zombie = try ReapedZombie()
    try zombie.history.writer.endSession(.completed)
    let history = zombie.history
    try history.writer.beginSession(
      SessionInfo(
        bootID: "11111111-1111-4111-8111-111111111111", ticksPerSecond: 100, recorderPID: 1,
        program: "test", interval: EventfulHistory.second, identity: "name_to_handle_at",
        procRoot: "/proc", hasEvents: true, shortLived: .all, started: EventfulHistory.reading(12)))
    var sample = ProcessSample(start: EventfulHistory.reading(12))
    var again = history.appearance(10, -2)
    again.links = ReapedZombie.links(history)
    sample.appeared = [history.appearance(2, -1), again]
    _ = try history.writer.write(sample, SampleTiming())
    let reader = try history.end()
    let changes = try reader.allChanges(.init(process: .pid(10)))
    #expect(changes.allSatisfy { $0.kind == .firstSeen }, "\(changes)")
  }
}
