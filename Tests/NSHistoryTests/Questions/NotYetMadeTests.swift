// A namespace whose making an event reported, and that a scan for pins found only later. It is not listed before the
// event.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct NotYetMadeTests {
  private static let second: Int64 = 1_000_000_000
  private static let begun: Int64 = 1000 * second
  private static let made = SmallHistory.namespace(.net, 7)
  private let folder: TemporaryFolder
  private let reader: HistoryReader

  /// Times are in seconds. Scans for pins are at 1 and 10. The second one finds the namespace that process 30 made at
  /// 5 and left at once, as `ip netns add` does.
  init() throws {
    folder = try TemporaryFolder()
    let path = folder.file("history.db")
    let writer = try HistoryWriter(path: path)
    try writer.beginSession(
      SmallHistory.session(hasEvents: true, started: Self.reading(0)))
    var first = ProcessSample(start: Self.reading(0))
    first.appeared = [2, 30].map { pid in
      .init(
        token: ProcessToken(number: UInt64(pid)),
        facts: ProcessFacts(
          pid: pid, startTicks: 1, parentPID: 1, isKernelThread: false, nspid: [pid]),
        description: .init(comm: nil, uid: 0, cgroup: nil), links: Self.links(1))
    }
    _ = try writer.write(first, SampleTiming())
    try writer.write(PinScan(start: Self.reading(1)))
    let mover = ProcessToken(number: 30)
    var batch = EventBatch(epoch: HistoryScript.epoch)
    batch.events = [
      ProcessEvent(
        boot: Self.reading(5).boot, .moved(mover, ObservedSet(links: Self.links(7)))),
      ProcessEvent(
        boot: Self.reading(5).boot + 1_000_000,
        .moved(mover, ObservedSet(links: Self.links(1)))),
    ]
    try #require(writer.add(batch))
    _ = try writer.writeEvents()
    var scan = PinScan(start: Self.reading(10))
    scan.pins = [
      NamespacePin(
        namespace: Self.made,
        holder: .mount(path: Array("/pin".utf8), in: SmallHistory.namespace(.mnt, 1)))
    ]
    try writer.write(scan)
    _ = try writer.write(ProcessSample(start: Self.reading(12)), SampleTiming(isExact: true))
    try writer.endSession(.completed)
    reader = try HistoryReader(path: path)
  }

  private static func reading(_ time: Int64) -> ClockReading {
    let boot = begun + time * second
    return ClockReading(wall: HistoryScript.epoch + boot, boot: boot, monotonic: boot)
  }

  private static func links(_ net: UInt64) -> [LinkState] {
    NamespaceLink.allCases.map { link in
      .namespace(SmallHistory.namespace(link.type, link == .net ? net : 1))
    }
  }

  private func isListed(at time: Int64) throws -> Bool {
    try reader.namespaces(at: Self.reading(time).wall).namespaces.contains {
      $0.namespace.inode == Self.made.inode
    }
  }

  @Test func listings() throws {
    #expect(
      try reader.namespaces(at: Self.reading(7).wall).namespaces
        .first { $0.namespace.inode == Self.made.inode }?.maker?.process.pid == 30)
    for (time, isThere) in [(0, false), (2, false), (4, false), (6, true), (9, true), (11, true)] {
      #expect(try isListed(at: Int64(time)) == isThere, "\(time) s")
    }
  }
}
