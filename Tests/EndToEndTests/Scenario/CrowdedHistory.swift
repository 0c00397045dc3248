// A history with many processes in one namespace, for questions that take long.

import NSHistory
import NamespaceModel
import TestSupport

struct CrowdedHistory {
  let folder: TemporaryFolder
  let path: String
  /// The inode number of the net namespace that all processes are in.
  static let inode: UInt64 = 4_026_532_999

  /// Writes three samples of this many processes.
  init(processes: Int32) throws {
    folder = try TemporaryFolder()
    path = folder.file("history.db")
    let writer = try HistoryWriter(path: path)
    try writer.beginSession(
      SessionInfo(
        bootID: "22222222-2222-4222-8222-222222222222", ticksPerSecond: 100, recorderPID: 1,
        program: "test", interval: 5_000_000_000, identity: "name_to_handle_at",
        procRoot: "/proc", started: Self.clock(0)))
    for number in 0..<Int64(3) {
      var sample = ProcessSample(start: Self.clock(number))
      sample.end = sample.start
      if number == 0 { sample.appeared = (1...processes).map(Self.process) }
      _ = try writer.write(sample, SampleTiming())
    }
    try writer.endSession(.completed)
  }

  private static func clock(_ sample: Int64) -> ClockReading {
    let boot = 1_000_000_000_000 + sample * 5_000_000_000
    return ClockReading(
      wall: WallTime(nanoseconds: 1_700_000_000_000_000_000 + boot), boot: boot, monotonic: boot)
  }

  private static func process(_ pid: Int32) -> ProcessSample.Appearance {
    .init(
      token: ProcessToken(number: UInt64(pid)),
      facts: ProcessFacts(
        pid: pid, startTicks: UInt64(pid), parentPID: 0, isKernelThread: false, nspid: [pid]),
      description: ProcessDescription(comm: Array("crowd".utf8), uid: 0, cgroup: nil),
      links: NamespaceLink.allCases.map { link in
        .namespace(
          ObservedNamespace(
            type: link.type, inode: inode - UInt64(link.type.rawValue == 4 ? 0 : link.rawValue + 1),
            kernelID: 1000 + UInt64(link.type.rawValue), inodeGeneration: 0, isInitial: false))
      })
  }
}
