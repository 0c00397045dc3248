// Events that occur while the first sample after a gap is taken. The sample is valid for the time of its start, and
// the events change the state after that.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct EventPassTests {
  private static let second = HistoryScript.second
  private static let epoch = HistoryScript.epoch

  private static func reading(_ boot: Int64) -> ClockReading {
    ClockReading(wall: epoch + boot, boot: boot, monotonic: boot)
  }

  private static func links(_ number: UInt64) -> [LinkState] {
    NamespaceLink.allCases.map { link in
      .namespace(
        ObservedNamespace(
          type: link.type, inode: 4_026_532_000 + UInt64(link.type.rawValue) * 10 + number,
          kernelID: 100 + number, inodeGeneration: 0, isInitial: false))
    }
  }

  /// Writes a history in which PIDs 1 and 2 are together until an event during the second sample.
  private func write(_ path: String, movesAfter: Int64, besides: Int64?) throws {
    let writer = try HistoryWriter(path: path)
    try writer.beginSession(
      SessionInfo(
        bootID: "11111111-1111-4111-8111-111111111111", ticksPerSecond: 100, recorderPID: 1,
        program: "test", interval: Self.second, identity: "name_to_handle_at", procRoot: "/proc",
        hasEvents: true, started: Self.reading(1000 * Self.second)))
    var first = ProcessSample(start: Self.reading(1000 * Self.second))
    first.end = Self.reading(1000 * Self.second + Self.second / 5)
    for pid: Int32 in 1...3 {
      first.appeared.append(
        .init(
          token: ProcessToken(number: UInt64(pid)),
          facts: ProcessFacts(
            pid: pid, startTicks: 1, parentPID: 0, isKernelThread: false, nspid: []),
          description: .init(comm: nil, uid: 0, cgroup: nil), links: Self.links(1)))
    }
    _ = try writer.write(first, SampleTiming())
    var second = ProcessSample(start: Self.reading(1010 * Self.second))
    second.end = Self.reading(1010 * Self.second + Self.second / 5)
    _ = try writer.write(second, SampleTiming(gap: .writeFailed, isExact: true))
    var batch = EventBatch(epoch: Self.epoch)
    let elsewhere = ObservedSet(links: Self.links(2))
    for (token, later) in [(3, besides), (1, movesAfter)] as [(UInt64, Int64?)] {
      guard let later else { continue }
      batch.events.append(
        ProcessEvent(
          boot: 1010 * Self.second + later, .moved(ProcessToken(number: token), elsewhere)))
    }
    #expect(writer.add(batch))
    _ = try writer.writeEvents()
    let third = ProcessSample(start: Self.reading(1020 * Self.second))
    _ = try writer.write(third, SampleTiming(isExact: true))
    try writer.endSession(.completed)
  }

  @Test(
    "two processes are not together after the event that separated them",
    arguments: [nil, 30_000_000, 50_000_000] as [Int64?])
  func together(besides: Int64?) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    let moved: Int64 = 100_000_000
    try write(path, movesAfter: moved, besides: besides)
    let reader = try HistoryReader(path: path)
    let line = try reader.same(
      .init(
        pids: [.init(pid: 1), .init(pid: 2)], time: .range(since: nil, until: nil), types: [.net])
    ).types[0]
    #expect(line.verdict == .same)
    let parted = Self.epoch + 1010 * Self.second + moved
    #expect(
      line.intervals.allSatisfy { $0.from <= $0.until && $0.until <= parted },
      "\(line.intervals) \(parted)")
    // They are together from the sample to the event.
    #expect(line.intervals.contains { $0.until == parted })
    try reader.peers(.init(.pid(1))) { peer in
      for time in peer.shared.flatMap(\.intervals) where peer.peer.pid == 2 {
        #expect(time.from <= time.until && time.until <= parted, "\(time)")
      }
      return true
    }
  }
}
