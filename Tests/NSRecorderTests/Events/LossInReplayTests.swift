// Events that are lost while the recording applies earlier ones to the sample of a start or resync.

import NSHistory
import NamespaceEvents
import NamespaceModel
import TestSupport
import Testing

@testable import NSRecorder

/// A source of events that gives one prepared answer for each drain.
private final class PreparedFeed: EventFeed {
  let descriptors: [Int32] = []
  var isQuiet = false
  var drains: [(events: [KernelEvent], losses: [EventLoss])]

  init(_ drains: [(events: [KernelEvent], losses: [EventLoss])]) { self.drains = drains }

  func drain(into events: inout [KernelEvent]) -> [EventLoss] {
    guard !drains.isEmpty else { return [] }
    let drain = drains.removeFirst()
    events += drain.events
    return drain.losses
  }

  func refreshProcessors() -> EventLoss? { nil }
}

struct LossInReplayTests {
  private static let second: Int64 = 1_000_000_000

  private func reading(_ clock: Int64) -> ClockReading {
    ClockReading(wall: WallTime(nanoseconds: clock), boot: clock, monotonic: clock)
  }

  private func sample(_ start: Int64, appears: Bool) -> ProcessSample {
    var sample = ProcessSample(start: reading(start))
    sample.end = reading(start + 10_000_000)
    sample.hasThreads = true
    sample.hasSharingThreads = true
    guard appears else { return sample }
    sample.appeared.append(
      .init(
        token: ProcessToken(number: 1),
        facts: .init(pid: 10, startTicks: 1, parentPID: 1, isKernelThread: false, nspid: [10]),
        description: .init(comm: nil, uid: 0, cgroup: nil), links: TaskLinks.host.states))
    return sample
  }

  /// Starts from a sample of five seconds after boot, during which so many events occur that the rings are drained again
  /// while these are applied.
  ///
  /// - Parameter lost: the time from which on this drain lost events.
  private func begin(
    lost: Int64
  ) throws -> (recording: EventRecording, merged: EventRecording.MergedSample) {
    let began = 5 * Self.second
    let tids: ClosedRange<Int32> = 101...1200
    let forks = tids.map { tid -> KernelEvent in
      let time = BootTime(nanoseconds: began + 1000 + Int64(tid))
      return KernelEvent(
        time: time, pid: tid, tid: tid, kind: .fork(parentPID: 10, parentTID: 10))
    }
    let loss = EventLoss(
      records: 1, after: BootTime(nanoseconds: lost), by: BootTime(nanoseconds: lost + 1000),
      cause: .ringFull)
    let recording = EventRecording(
      PreparedFeed([(forks, []), ([], [loss])]), SimulatedMachine(seed: 1), readsTime: true,
      now: { reading(6 * Self.second) })
    return (recording, try recording.complete(sample(began, appears: true)))
  }

  @Test("a sample is not adopted if events of its time were lost meanwhile")
  func duringSample() throws {
    let lost = 5 * Self.second + 1_000_000
    let (recording, merged) = try begin(lost: lost)
    #expect(merged.sample == nil)
    #expect(recording.needsSample)
    let next = try recording.complete(sample(5 * Self.second + 500_000_000, appears: false))
    #expect(next.sample?.appeared.count == 1)
    #expect(next.losses.map(\.after.nanoseconds) == [lost])
    #expect(!recording.needsSample)
  }

  @Test("after a loss later than the adopted sample, another sample repairs it")
  func afterSample() throws {
    let lost = 5 * Self.second + 100_000_000
    let (recording, merged) = try begin(lost: lost)
    #expect(merged.sample?.appeared.count == 1)
    #expect(recording.needsSample)
    let next = try recording.complete(sample(5 * Self.second + 500_000_000, appears: false))
    #expect(next.losses.map(\.after.nanoseconds) == [lost])
    #expect(!recording.needsSample)
  }
}
