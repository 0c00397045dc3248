// A PID without a time means the last process that had it. Where nothing observed which process had the PID after the
// recorded one, an unknown process may have had it, and the answer is not `never`.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct UnseenSuccessorTests {
  private static let second = SmallHistory.second

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func line(
    _ reader: HistoryReader, _ one: ProcessSelector, _ other: ProcessSelector,
    _ window: TimeWindow = TimeWindow()
  ) throws -> SharedAnswer.TypeAnswer {
    try reader.shared(
      SharedQuestion([.processes(one), .processes(other)], in: window, types: [.net])
    ).types[0]
  }

  private static func time(_ seconds: Int64) -> WallTime {
    SmallHistory.epoch + (1000 + seconds) * second
  }

  /// Writes samples from 10 s on, ten seconds apart, that show the given PIDs. Each process started 1 s before the
  /// first sample that shows it.
  private func sampled(_ seen: [[Int32]]) throws -> HistoryReader {
    let path = folder.file("\(seen.count)-\(seen[1].first ?? 0).db")
    let writer = try HistoryWriter(path: path)
    try writer.beginSession(Self.session(hasEvents: false))
    var reported: Set<Int32> = []
    for (index, pids) in seen.enumerated() {
      let seconds = Int64(10 + 10 * index)
      var sample = ProcessSample(start: Self.reading(seconds))
      sample.appeared = pids.filter { !reported.contains($0) }.map {
        Self.appearance($0, started: seconds - 1)
      }
      sample.disappeared = reported.subtracting(pids).map { ProcessToken(number: UInt64($0)) }
      reported = Set(pids)
      _ = try writer.write(sample, SampleTiming())
    }
    try writer.endSession(.completed)
    return try HistoryReader(path: path)
  }

  private func sampled() throws -> HistoryReader {
    try sampled([[1], [1, 600], [1], [1, 700], [1, 700], [1]])
  }

  @Test("between samples another process may have had the PID")
  func betweenSamples() throws {
    let reader = try sampled()
    let bare = try line(reader, .latest(.pid(600)), .latest(.pid(700)))
    #expect(bare.verdict == .unknown && bare.reason == .changedBetweenSamples, "\(bare)")
    let unseen = try #require(bare.unobserved.first { $0.group == 0 && $0.process == nil })
    #expect(unseen.reason == .changedBetweenSamples)
    #expect(unseen.from == Self.time(30) && unseen.until == Self.time(60), "\(unseen)")
    #expect(unseen.length == 30 * Self.second)
    // Up to this time 700 had not started, so none of its processes was there.
    let before = try line(
      reader, .latest(.pid(600)), .pid(700, alive: Self.time(45)),
      TimeWindow(until: Self.time(29)))
    #expect(before.verdict == .unknown && before.reason == .notRunning, "\(before)")
  }

  @Test("PID@TIME selects one process, for which `never` can be proven")
  func named() throws {
    let reader = try sampled()
    let one = ProcessSelector.pid(600, alive: Self.time(20))
    let other = ProcessSelector.pid(700, alive: Self.time(45))
    #expect(try line(reader, one, other).verdict == .never)
    #expect(try line(reader, .latest(.pid(600)), other).verdict == .unknown)
    // The last process of PID 700 is meant, so an unknown one can only have come after the recorded one, when 600 had
    // exited.
    let behind = try line(reader, one, .latest(.pid(700)))
    #expect(behind.verdict == .never && behind.unobserved.isEmpty, "\(behind)")
  }

  @Test("for all processes of a PID, unknown ones before the first one count too")
  func all() throws {
    let reader = try sampled([[1, 700], [1, 700], [1], [1, 600], [1, 600]])
    let other = ProcessSelector.pid(700, alive: Self.time(15))
    // Process 600 is in the last sample, so it is the last one of its PID.
    #expect(try line(reader, .latest(.pid(600)), other).verdict == .never)
    let all = try line(reader, .pid(600), other)
    #expect(all.verdict == .unknown && all.reason == .changedBetweenSamples, "\(all)")
    let unseen = try #require(all.unobserved.first { $0.process == nil })
    #expect(unseen.group == 0 && unseen.until <= Self.time(30), "\(unseen)")
  }

  // MARK: With events

  private static func reading(_ seconds: Int64) -> ClockReading {
    let boot = (1000 + seconds) * second
    return ClockReading(wall: SmallHistory.epoch + boot, boot: boot, monotonic: boot)
  }

  private static func facts(_ pid: Int32, started seconds: Int64) -> ProcessFacts {
    ProcessFacts(
      pid: pid, startTicks: UInt64(100 * (1000 + seconds)), parentPID: 1, isKernelThread: false,
      nspid: [pid])
  }

  private static func appearance(
    _ pid: Int32, started seconds: Int64
  ) -> ProcessSample.Appearance {
    .init(
      token: ProcessToken(number: UInt64(pid)), facts: facts(pid, started: seconds),
      description: description(pid), links: links(pid == 700 ? 2 : 1))
  }

  private static func session(hasEvents: Bool) -> SessionInfo {
    SessionInfo(
      bootID: "11111111-1111-4111-8111-111111111111", ticksPerSecond: 100, recorderPID: 1,
      program: "test", interval: 10 * second, identity: "name_to_handle_at", procRoot: "/proc",
      shownPIDNamespace: SmallHistory.shown, hasEvents: hasEvents, started: reading(0))
  }

  private static func links(_ net: UInt64) -> [LinkState] {
    NamespaceLink.allCases.map { link in
      .namespace(SmallHistory.namespace(link.type, link == .net ? net : 1))
    }
  }

  private static func description(_ pid: Int32) -> ProcessDescription {
    .init(comm: Array("p\(pid)".utf8), uid: 0, cgroup: Array("0::/".utf8))
  }

  /// Writes a history in which 700 runs throughout and 600 from 1 to 2 s, with samples at 0, 3, 6 and 9 s and a gap
  /// before the third.
  private func readerOfEvents() throws -> HistoryReader {
    let path = folder.file("events.db")
    let writer = try HistoryWriter(path: path)
    try writer.beginSession(Self.session(hasEvents: true))
    var first = ProcessSample(start: Self.reading(0))
    first.appeared = [1, 700].map { Self.appearance($0, started: -1) }
    _ = try writer.write(first, SampleTiming())
    var batch = EventBatch(epoch: SmallHistory.epoch)
    let token = ProcessToken(number: 600)
    batch.events = [
      ProcessEvent(
        boot: Self.reading(1).boot,
        .started(
          EventStart(
            token: token, parent: ProcessToken(number: 1), facts: Self.facts(600, started: 1),
            description: Self.description(600), set: ObservedSet(links: Self.links(1))))),
      ProcessEvent(boot: Self.reading(2).boot, .exited(token, mayResume: false)),
    ]
    try #require(writer.add(batch))
    _ = try writer.writeEvents()
    for (seconds, gap) in [(3, nil), (6, .eventsLost), (9, nil)] as [(Int64, GapCause?)] {
      _ = try writer.write(
        ProcessSample(start: Self.reading(seconds)), SampleTiming(gap: gap, isExact: gap == nil))
    }
    try writer.endSession(.completed)
    return try HistoryReader(path: path)
  }

  @Test("in a gap another process may have had the PID")
  func inGap() throws {
    let reader = try readerOfEvents()
    for one in [ProcessSelector.latest(.pid(600)), .pid(600)] {
      let bare = try line(reader, one, .latest(.pid(700)))
      #expect(bare.verdict == .unknown && bare.reason == .gap, "\(bare)")
      let unseen = try #require(bare.unobserved.first { $0.process == nil })
      #expect(unseen.group == 0 && unseen.reason == .gap)
      #expect(unseen.from == Self.time(3) && unseen.until == Self.time(6), "\(unseen)")
      let earlier = try line(reader, one, .latest(.pid(700)), TimeWindow(until: Self.time(3) - 1))
      #expect(earlier.verdict == .never && earlier.isExact, "\(earlier)")
    }
  }

  @Test(
    "events prove `never` for a process that ran while they covered the time, despite a later gap")
  func exactBesideGap() throws {
    let reader = try readerOfEvents()
    let one = ProcessSelector.pid(600, alive: Self.time(1) + Self.second / 2)
    let line = try line(reader, one, .latest(.pid(700)))
    #expect(line.verdict == .never && line.isExact, "\(line)")
    #expect(!line.areAtDifferentTimes)
  }
}
