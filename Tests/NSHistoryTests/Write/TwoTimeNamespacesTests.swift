// Recorders in two time namespaces read different start times of one process. In the file it is one process if the
// offset between the two clocks is a whole number of clock ticks.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct TwoTimeNamespacesTests {
  private static let second: Int64 = 1_000_000_000

  /// Records a process in two sessions, the second with a boot clock that is ahead by `offset`. Returns the processes
  /// of the file.
  private func processes(offset: Int64) throws -> [ProcessRecord] {
    let folder = try TemporaryFolder()
    let writer = try HistoryWriter(path: folder.file("history.db"))
    for (session, shift) in [0, offset].enumerated() {
      let boot = (1000 + 100 * Int64(session)) * Self.second
      func reading(_ boot: Int64) -> ClockReading {
        ClockReading(
          wall: SmallHistory.epoch + boot, boot: boot + shift, monotonic: boot + shift)
      }
      try writer.beginSession(
        SessionInfo(
          bootID: "11111111-1111-4111-8111-111111111111", ticksPerSecond: 100, recorderPID: 1,
          program: "test", interval: Self.second, identity: "test", procRoot: "/proc",
          shownPIDNamespace: SmallHistory.shown,
          timeNamespaceInode: shift == 0 ? InitialNamespace.timeInode : 4_026_532_777,
          bootOffset: shift, started: reading(boot)))
      var sample = ProcessSample(start: reading(boot + Self.second))
      sample.end = reading(boot + 2 * Self.second)
      let start = UInt64((500 * Self.second + shift) / 10_000_000)
      sample.appeared = [
        .init(
          token: ProcessToken(number: 1),
          facts: .init(
            pid: 20, startTicks: start, parentPID: 1, isKernelThread: false, nspid: [20]),
          description: .init(comm: nil, uid: 0, cgroup: nil),
          links: NamespaceLink.allCases.map { .namespace(SmallHistory.namespace($0.type, 1)) })
      ]
      _ = try writer.write(sample, SampleTiming())
      try writer.endSession(.completed)
    }
    return try HistoryReader(path: writer.path).processes(.pid(20))
  }

  @Test(
    "an offset of whole clock ticks gives one process",
    arguments: [
      100_000_000_000_000, 10_000_000, -400_000_000_000,
    ])
  func shifted(offset: Int64) throws {
    let found = try processes(offset: offset)
    #expect(found.count == 1)
    #expect(found.first?.start == SmallHistory.epoch + 500 * Self.second)
  }

  @Test("an offset with a fraction of a clock tick gives two processes")
  func partOfTick() throws {
    #expect(try processes(offset: 5_000_000).count == 2)
  }
}
