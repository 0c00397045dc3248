// What an answer says of a process that was not recorded at a time. It may say "not running" only where the recorder
// observed that.

import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import NSHistory

/// A small history with events: process 2 runs throughout, process 10 from 2 s to 3 s, and process 11 from the sample
/// after the gap on.
final class EventfulHistory {
  static let second: Int64 = 1_000_000_000
  static let epoch = WallTime(nanoseconds: 1_700_000_000 * second)
  let path: String
  let writer: HistoryWriter
  private let folder: TemporaryFolder

  init(shortLived: ShortLived = .all) throws {
    folder = try TemporaryFolder()
    path = folder.file("history.db")
    writer = try HistoryWriter(path: path)
    try writer.beginSession(
      SessionInfo(
        bootID: "11111111-1111-4111-8111-111111111111", ticksPerSecond: 100, recorderPID: 1,
        program: "test", interval: Self.second, identity: "name_to_handle_at", procRoot: "/proc",
        hasEvents: true, shortLived: shortLived, started: Self.reading(0)))
  }

  static func reading(_ seconds: Double, set step: Double = 0) -> ClockReading {
    let boot = 1000 * second + Int64(seconds * 1e9)
    return ClockReading(wall: wall(seconds, set: step), boot: boot, monotonic: boot)
  }

  static func wall(_ seconds: Double, set step: Double = 0) -> WallTime {
    epoch + (1000 * second + Int64((seconds + step) * 1e9))
  }

  /// The processes whose links cannot be read.
  var denied: Set<Int32> = []

  /// Returns the links of a process.
  ///
  /// - Parameter net: the number of a net namespace that only this process is in; nil for the one that all are in.
  func links(_ pid: Int32, net: UInt64? = nil) -> [LinkState] {
    if denied.contains(pid) {
      return Array(repeating: .unread(.denied), count: NamespaceLink.count)
    }
    return NamespaceLink.allCases.map { link in
      .namespace(
        ObservedNamespace(
          type: link.type,
          inode: link == .net && net != nil
            ? 4_026_533_000 + (net ?? 0) : 4_026_532_000 + UInt64(link.type.rawValue),
          kernelID: 100 + (link == .net ? net ?? 0 : 0), inodeGeneration: 0, isInitial: false))
    }
  }

  func appearance(_ pid: Int32, _ start: Double) -> ProcessSample.Appearance {
    .init(
      token: ProcessToken(number: UInt64(pid)),
      facts: ProcessFacts(
        pid: pid, startTicks: UInt64(100_000 + start * 100), parentPID: 1, isKernelThread: false,
        nspid: [pid]),
      description: .init(comm: Array("p\(pid)".utf8), uid: 0, cgroup: nil),
      links: links(pid))
  }

  /// Writes a sample in which these processes appear, given by PID and start.
  func sample(
    _ time: Double, _ new: [(Int32, Double)], isExact: Bool = true, gap: GapCause? = nil,
    set step: Double = 0
  ) throws -> HistoryWriter.Written {
    var sample = ProcessSample(start: Self.reading(time, set: step))
    sample.appeared = new.map { appearance($0.0, $0.1) }
    return try writer.write(sample, SampleTiming(gap: gap, isExact: isExact && gap == nil))
  }

  /// Writes the events of the start and the exit of a process.
  func history(
    _ pid: Int32, from: Double, until: Double, set step: Double = 0
  ) throws -> HistoryWriter.Written {
    try write([start(pid, at: from), exit(pid, at: until)], set: step)
  }

  /// Writes a batch of events.
  func write(
    _ events: [ProcessEvent], set step: Double = 0
  ) throws -> HistoryWriter.Written {
    var batch = EventBatch(epoch: Self.epoch + Int64(step * 1e9))
    batch.events = events
    try #require(writer.add(batch))
    return try writer.writeEvents()
  }

  /// Returns the event of the start of a process.
  func start(_ pid: Int32, at time: Double) -> ProcessEvent {
    let new = appearance(pid, time)
    return ProcessEvent(
      boot: Self.reading(time).boot,
      .started(
        EventStart(
          token: new.token, parent: ProcessToken(number: 2), tid: nil, facts: new.facts,
          description: new.description, set: ObservedSet(links: links(pid)))))
  }

  /// Returns the event of the exit of a process.
  func exit(_ pid: Int32, at time: Double) -> ProcessEvent {
    ProcessEvent(
      boot: Self.reading(time).boot,
      .exited(ProcessToken(number: UInt64(pid)), mayResume: false))
  }

  func end() throws -> HistoryReader {
    try writer.endSession(.completed)
    return try HistoryReader(path: path)
  }

  /// Writes the history that the type describes; its gap is from 6 s to 8 s.
  static func withGap() throws -> (EventfulHistory, HistoryReader) {
    let history = try EventfulHistory()
    _ = try history.sample(0, [(2, -1)], isExact: false)
    _ = try history.history(10, from: 2, until: 3)
    _ = try history.sample(6, [])
    _ = try history.sample(8, [(11, 7.5)], gap: .eventsLost)
    _ = try history.sample(10, [])
    return (history, try history.end())
  }
}

extension HistoryReader {
  fileprivate func line(
    _ pid: Int64, _ time: SameQuestion.Time, alive: WallTime? = nil
  ) throws -> SameAnswer.TypeAnswer {
    try same(
      .init(pids: [.init(pid: pid, alive: alive), .init(pid: 2)], time: time, types: [.net])
    )
    .types[0]
  }
}

struct AbsenceTests {
  private func wall(_ seconds: Double) -> WallTime { EventfulHistory.wall(seconds) }

  @Test(
    "with short_lived = changed, a thread that remains in a namespace that its process left is stored"
  )
  func threadLeftBehind() throws {
    let history = try EventfulHistory(shortLived: .changed)
    _ = try history.sample(0, [(2, -1), (10, -1)], isExact: false)
    func event(_ time: Double, _ change: ProcessEvent.Change) -> ProcessEvent {
      ProcessEvent(boot: EventfulHistory.reading(time).boot, change)
    }
    let there = history.links(2, net: 5)
    let process = ProcessToken(number: 10)
    let thread = ProcessToken(number: 99)
    // The process makes a namespace and leaves it while its thread stays. No sample observes the thread.
    _ = try history.write([event(1, .moved(process, ObservedSet(links: there)))])
    let facts = history.appearance(10, -1).facts
    _ = try history.write([
      event(2, .moved(process, ObservedSet(links: history.links(10)))),
      event(
        2,
        .started(
          EventStart(
            token: thread, parent: process, tid: 11, origin: .unknown, facts: facts,
            description: .init(comm: nil, uid: nil, cgroup: nil), set: ObservedSet(links: there)))),
    ])
    _ = try history.write([event(3, .moved(ProcessToken(number: 2), ObservedSet(links: there)))])
    _ = try history.write([event(4, .exited(thread, mayResume: false))])
    _ = try history.sample(6, [])
    let reader = try history.end()
    let answer = try reader.shared(
      .init([.processes(.pid(10)), .processes(.pid(2))], types: [.net]))
    let visit = try #require(
      answer.types[0].visits.first { $0.namespace.inode == 4_026_533_005 })
    #expect(answer.types[0].verdict == .shared && visit.isExact, "\(answer.types[0])")
  }

  @Test("the reason for a time in a gap is `gap`, not `not-running`")
  func inGap() throws {
    let (_, reader) = try EventfulHistory.withGap()
    for pid: Int64 in [10, 11] {
      let line = try reader.line(pid, .at(wall(7)))
      #expect(line.verdict == .unknown && line.reason == .gap && line.reasons == [.gap, .gap])
    }
    // A PID that no sample ever showed may have been that of a process, too.
    for (time, reason) in [(7.0, UnknownReason.gap), (4, .notRecorded)] {
      #expect(try reader.line(4711, .at(wall(time))).reasons.first == reason)
      let window = TimeWindow(since: wall(time), until: wall(time))
      let shared = try reader.shared(
        .init([.processes(.pid(4711)), .processes(.pid(2))], in: window, types: [.net]))
      #expect(shared.types[0].reason == reason)
    }
    // The same holds before the first sample and after the last one.
    #expect(try reader.line(11, .at(wall(-0.5))).reason == .gap)
    #expect(try reader.line(10, .at(wall(12))).reason == .gap)
    // Where events cover the time, the answer is known.
    #expect(try reader.line(10, .at(wall(4))).reason == .notRunning)
    #expect(try reader.line(11, .at(wall(4))).reason == .notRunning)
    #expect(try reader.line(10, .at(wall(2.5))).verdict == .same)
  }

  /// Returns the event of a start that the kernel reported later than the start time, because the parent waited for a
  /// processor in between.
  private func late(
    _ history: EventfulHistory, _ pid: Int32, started: Double, reported: Double
  ) -> ProcessEvent {
    let new = history.appearance(pid, started)
    return ProcessEvent(
      boot: EventfulHistory.reading(reported).boot,
      .started(
        EventStart(
          token: new.token, parent: ProcessToken(number: 2), tid: nil, facts: new.facts,
          description: new.description, set: ObservedSet(links: history.links(pid)))))
  }

  @Test("a process has not run before the event that reports its start, whatever its start time is")
  func lateStart() throws {
    let history = try EventfulHistory()
    _ = try history.sample(0, [(2, -1)], isExact: false)
    _ = try history.sample(1, [])
    _ = try history.history(20, from: 2.05, until: 2.07)
    _ = try history.write([late(history, 10, started: 2, reported: 2.09)])
    _ = try history.sample(6, [])
    let reader = try history.end()
    for time in [2.03, 2.06, 2.08] {
      #expect(try reader.line(10, .at(wall(time))).reason == .notRunning, "\(time)")
    }
    #expect(try reader.line(10, .at(wall(2.5))).verdict == .same)
    let range = try reader.line(10, .range(since: wall(1), until: wall(5)))
    #expect(range.verdict == .same && range.reason == nil, "\(range)")
    let shared = try reader.shared(
      .init([.processes(.pid(10)), .processes(.pid(2))], types: [.net]))
    #expect(shared.types[0].verdict == .shared)
  }

  @Test(
    "where events were lost after its start, a process may have run before the first event about it"
  )
  func startedInGap() throws {
    let history = try EventfulHistory()
    _ = try history.sample(0, [(2, -1)], isExact: false)
    _ = try history.sample(1, [])
    _ = try history.sample(2.02, [], gap: .eventsLost)
    _ = try history.history(20, from: 2.05, until: 2.07)
    _ = try history.write([late(history, 10, started: 2, reported: 2.09)])
    _ = try history.sample(6, [])
    let reader = try history.end()
    #expect(try reader.line(10, .at(wall(2.06))).reason == .notRecorded)
  }

  @Test("PID@TIME and a range in a gap have the reason gap")
  func selectedInGap() throws {
    let (_, reader) = try EventfulHistory.withGap()
    let all = SameQuestion.Time.range(since: nil, until: nil)
    #expect(try reader.line(10, all, alive: wall(7)).reason == .gap)
    #expect(try reader.line(10, all, alive: wall(4)).reason == .notRunning)
    #expect(try reader.line(10, .range(since: wall(6.5), until: wall(7))).reason == .gap)
    #expect(try reader.line(10, .range(since: wall(4), until: wall(5))).reason == .notRunning)
    // The recorded times still prove that both were together.
    #expect(try reader.line(10, all).verdict == .same)
  }

  @Test("each caveat of an answer has a code")
  func caveats() throws {
    let (_, reader) = try EventfulHistory.withGap()
    func codes(_ since: Double?, _ until: Double?) throws -> [String] {
      try reader.caveats(in: .init(since: since.map(wall), until: until.map(wall))).map(\.code)
    }
    #expect(try codes(nil, nil) == ["events-lost"])
    #expect(try codes(1, 5) == [])
    #expect(try codes(7, 7) == ["events-lost"])
    #expect(try codes(-1, 20) == ["before-first", "after-last", "events-lost"])
  }

  @Test(
    "where short-lived processes are not stored, an absent process is not-recorded",
    arguments: [ShortLived.none, .changed, .all])
  func leftOut(kept: ShortLived) throws {
    let history = try EventfulHistory(shortLived: kept)
    _ = try history.sample(0, [(2, -1)], isExact: false)
    _ = try history.history(10, from: 2, until: 3)
    _ = try history.sample(4, [])
    _ = try history.sample(6, [(10, 5)])
    _ = try history.sample(8, [])
    let reader = try history.end()
    let expected: UnknownReason = kept == .all ? .notRunning : .notRecorded
    for time in [1, 3.5] {
      #expect(try reader.line(10, .at(wall(time))).reason == expected, "\(time)")
    }
    let line = try reader.line(10, .at(wall(2.5)))
    #expect(kept == .all ? line.verdict == .same : line.reason == .notRecorded)
    #expect(try reader.line(10, .range(since: wall(1), until: wall(1.5))).reason == expected)
    let codes = try reader.caveats(in: .init()).map(\.code)
    #expect(codes == (kept == .all ? [] : ["short-lived-left-out"]))
  }
}

struct SetClockTests {
  /// Sets the wall clock back by a little more than an hour.
  private static let step: Double = -3600.5

  @Test("a set-back of the clock that events show first is recorded once, with the events")
  func isOneStep() throws {
    let history = try EventfulHistory()
    _ = try history.sample(0, [(2, -1)], isExact: false)
    #expect(try history.history(10, from: 2, until: 3).clockStep == nil)
    let written = try history.history(11, from: 4, until: 5, set: Self.step)
    #expect(written.clockStep == Int64(Self.step * 1e9))
    #expect(try history.sample(6, [], set: Self.step).clockStep == nil)
    #expect(try history.sample(8, [], set: Self.step).clockStep == nil)
    let steps = try history.end().connection.prepare("SELECT step_ns FROM clock_step")
      .map { $0.integer(0) }
    #expect(steps == [Int64(Self.step * 1e9)])
  }

  @Test("a clock step that an event batch without a row shows is recorded with the next row")
  func stepWithoutRow() throws {
    let history = try EventfulHistory(shortLived: .none)
    _ = try history.sample(0, [(2, -1)], isExact: false)
    _ = try history.history(11, from: 4, until: 5, set: Self.step)
    _ = try history.sample(6, [], set: Self.step)
    let reader = try history.end()
    let steps = try reader.connection.prepare("SELECT step_ns FROM clock_step")
      .map { $0.integer(0) }
    #expect(steps == [Int64(Self.step * 1e9)])
  }

  @Test(
    "a time before a set-back is answered until the clock shows that time again"
  )
  func recordedTimes() throws {
    let history = try EventfulHistory()
    _ = try history.sample(0, [(2, -1)], isExact: false)
    _ = try history.history(10, from: 2, until: 3)
    _ = try history.sample(6, [])
    _ = try history.sample(8, [], set: Self.step)
    let reader = try history.end()
    let asked = EventfulHistory.wall(2.5)
    reader.fixedNow = EventfulHistory.wall(9, set: Self.step)
    let line = try reader.line(10, .at(asked))
    #expect(line.verdict == .same && line.isExact, "\(line)")
    // After the clock has shown that time again, the question may mean either moment.
    reader.fixedNow = EventfulHistory.wall(3)
    let later = try reader.line(10, .at(asked))
    #expect(later.verdict == .unknown && later.reason == .gap && later.reasons[0] == .gap)
  }
}
