// A process whose start no event reported and that a later sample found. Between the start and that sample it is not
// known whether it ran.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

/// A history with such a process.
private struct UnreportedStart {
  private static let millisecond: Int64 = 1_000_000
  private static let begun: Int64 = 1_000_000 * millisecond
  private let folder: TemporaryFolder
  let reader: HistoryReader

  /// Whether the start time of the process could be read.
  enum Start: CaseIterable {
    case known, unreadable
    var ticks: UInt64? { self == .known ? 100_500 : nil }
  }

  /// Writes the history. Times are in milliseconds since the first sample. PID 10 is one process from 2000 to 3000,
  /// which events report, and another one from 5004 on, in the clock tick of 5000, which only the sample at 20000
  /// shows. Process 30 moves at 5001, 5003 and 5006.
  init(_ start: Start) throws {
    folder = try TemporaryFolder()
    let path = folder.file("history.db")
    let writer = try HistoryWriter(path: path)
    try writer.beginSession(
      SessionInfo(
        bootID: "11111111-1111-4111-8111-111111111111", ticksPerSecond: 100, recorderPID: 1,
        program: "test", interval: HistoryScript.second, identity: "name_to_handle_at",
        procRoot: "/proc", hasEvents: true, started: Self.reading(0)))
    var first = ProcessSample(start: Self.reading(0))
    first.appeared = [2, 30].map { Self.appearance(UInt64($0), $0, ticks: 1) }
    _ = try writer.write(first, SampleTiming())
    var batch = EventBatch(epoch: HistoryScript.epoch)
    let other = Self.appearance(100, 10, ticks: 100_200)
    let mover = ProcessToken(number: 30)
    batch.events = [
      Self.event(
        2000,
        .started(
          EventStart(
            token: other.token, parent: ProcessToken(number: 2), tid: nil, facts: other.facts,
            description: other.description, set: ObservedSet(links: Self.links(1))))),
      Self.event(3000, .exited(other.token, mayResume: false)),
      Self.event(5001, .moved(mover, ObservedSet(links: Self.links(2)))),
      Self.event(5003, .moved(mover, ObservedSet(links: Self.links(1)))),
      Self.event(5006, .moved(mover, ObservedSet(links: Self.links(2)))),
    ]
    try #require(writer.add(batch))
    _ = try writer.writeEvents()
    for time: Int64 in [10_000, 15_000] {
      _ = try writer.write(ProcessSample(start: Self.reading(time)), SampleTiming(isExact: true))
    }
    var last = ProcessSample(start: Self.reading(20_000))
    last.appeared = [Self.appearance(200, 10, ticks: start.ticks)]
    _ = try writer.write(last, SampleTiming(isExact: true, disagreements: 1))
    try writer.endSession(.completed)
    reader = try HistoryReader(path: path)
  }

  static func reading(_ time: Int64) -> ClockReading {
    let boot = begun + time * millisecond
    return ClockReading(wall: HistoryScript.epoch + boot, boot: boot, monotonic: boot)
  }

  private static func event(_ time: Int64, _ change: ProcessEvent.Change) -> ProcessEvent {
    ProcessEvent(boot: reading(time).boot, change)
  }

  private static func links(_ number: UInt64) -> [LinkState] {
    NamespaceLink.allCases.map { link in
      .namespace(
        ObservedNamespace(
          type: link.type, inode: 4_026_532_000 + UInt64(link.type.rawValue) * 10 + number,
          kernelID: 100 + number, inodeGeneration: 0, isInitial: false))
    }
  }

  private static func appearance(
    _ token: UInt64, _ pid: Int32, ticks: UInt64?
  ) -> ProcessSample.Appearance {
    .init(
      token: ProcessToken(number: token),
      facts: ProcessFacts(
        pid: pid, startTicks: ticks, parentPID: 1, isKernelThread: false, nspid: [pid]),
      description: .init(comm: nil, uid: 0, cgroup: nil), links: links(1))
  }

  func reason(_ time: SameQuestion.Time) throws -> UnknownReason? {
    try reader.same(.init(pids: [.init(pid: 10), .init(pid: 2)], time: time, types: [.net]))
      .types[0].reason
  }

  func reason(at time: Int64) throws -> UnknownReason? {
    try reason(.at(Self.reading(time).wall))
  }
}

struct UnreportedStartTests {
  private func wall(_ time: Int64) -> WallTime { UnreportedStart.reading(time).wall }

  @Test(
    "between its start and the sample that found it, the process is not called not-running",
    arguments: UnreportedStart.Start.allCases)
  fileprivate func afterStart(start: UnreportedStart.Start) throws {
    let history = try UnreportedStart(start)
    // Moments in the clock tick of the start, before the next event, and after it.
    for time: Int64 in [5002, 5004, 5005, 5007, 5500, 9000, 12_000, 17_000] {
      let reason = try history.reason(at: time)
      #expect(reason == (time < 15_000 ? .notRecorded : .changedBetweenSamples), "\(time)")
    }
    let range = SameQuestion.Time.range(since: wall(5004), until: wall(5005))
    #expect(try history.reason(range) == .notRecorded)
  }

  @Test("before its start the process is not-running, if the start time could be read")
  func beforeStart() throws {
    for time: Int64 in [3500, 4900] {
      #expect(try UnreportedStart(.known).reason(at: time) == .notRunning, "\(time)")
      #expect(try UnreportedStart(.unreadable).reason(at: time) == .notRecorded, "\(time)")
    }
  }

  @Test(
    "while another process had the PID, and before that, only that one counts",
    arguments: UnreportedStart.Start.allCases
  )
  fileprivate func others(start: UnreportedStart.Start) throws {
    let history = try UnreportedStart(start)
    #expect(try history.reason(at: 1000) == .notRunning)
    let alone = try history.reader.same(
      .init(pids: [.init(pid: 10), .init(pid: 2)], time: .at(wall(2500)), types: [.net]))
    #expect(alone.types[0].verdict == .same && alone.processes[0].count == 1)
  }

  @Test("PID@TIME selects the process after its start, and not before")
  func selector() throws {
    let reader = try UnreportedStart(.known).reader
    #expect(try reader.processes(.pid(10, alive: wall(5005))).count == 1)
    #expect(try reader.processes(.pid(10, alive: wall(4900))).isEmpty)
  }

  @Test("the start of the process is reported as between two samples")
  func change() throws {
    let changes = try UnreportedStart(.known).reader.allChanges(.init(process: .pid(10)))
    let started = changes.filter { $0.kind == .started }
    #expect(started.map(\.after) == [wall(2000), wall(0)])
    #expect(started.map(\.by) == [wall(2000), wall(20_000)])
    #expect(started.map(\.isExact) == [true, false])
  }
}
