// The cost of writing an event must not grow with what was written before. The kernel reuses inode numbers, and a
// process that makes namespaces in a loop gets one of a few numbers each time.

import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import NSHistory

struct WriteCostTests {
  private static let second: Int64 = 1_000_000_000

  /// Returns the links of a task whose uts namespace has this ID, or generation, and always the same inode number.
  private static func links(_ id: UInt64, hasID: Bool) -> ObservedSet {
    ObservedSet(
      links: NamespaceLink.allCases.map { link in
        let isMade = link == .uts
        return .namespace(
          ObservedNamespace(
            type: link.type, inode: InitialNamespace.firstDynamicInode + (isMade ? 7 : 1),
            kernelID: hasID ? (isMade ? id : 1) : nil, inodeGeneration: hasID ? 0 : isMade ? id : 1,
            isInitial: nil))
      })
  }

  private static func start(_ writer: HistoryWriter) throws {
    let begun = ClockReading(wall: WallTime(nanoseconds: second), boot: second, monotonic: second)
    try writer.beginSession(
      SessionInfo(
        bootID: "11111111-1111-4111-8111-111111111111", ticksPerSecond: 100, recorderPID: 1,
        program: "test", interval: second, identity: "continuity", procRoot: "/proc",
        recorderPIDNamespaceInode: nil, shownPIDNamespace: nil, timeNamespaceInode: nil,
        hidePID: nil, hasEvents: true, shortLived: .all, started: begun))
    var sample = ProcessSample(start: begun)
    sample.appeared = [
      .init(
        token: ProcessToken(number: 1),
        facts: .init(
          pid: 10, startTicks: 1, parentPID: 1, isKernelThread: false, nspid: [10]),
        description: .init(comm: nil, uid: nil, cgroup: nil),
        links: links(1, hasID: false).links)
    ]
    _ = try writer.write(sample, SampleTiming())
    // Writes a scan for pins, so that makers are recorded too.
    try writer.write(
      PinScan(
        start: ClockReading(
          wall: WallTime(nanoseconds: second + 1), boot: second + 1, monotonic: second + 1)))
  }

  @Test(
    "an event costs the same after thousands of namespaces with one inode number",
    arguments: [true, false])
  func bounded(hasID: Bool) throws {
    let folder = try TemporaryFolder()
    let writer = try HistoryWriter(path: folder.file("history.db"))
    try Self.start(writer)
    var steps = 0
    writer.connection.onProgress(every: 100) { steps += 1 }
    var costs: [Int] = []
    var id: UInt64 = 2
    for _ in 0..<12 {
      steps = 0
      var batch = EventBatch(epoch: 0)
      for _ in 0..<500 {
        id += 1
        batch.events.append(
          ProcessEvent(
            boot: 2 * Self.second + Int64(id) * 1000,
            .moved(ProcessToken(number: 1), Self.links(id, hasID: hasID))))
      }
      #expect(writer.add(batch))
      _ = try writer.writeEvents()
      costs.append(steps)
    }
    let (first, last) = (costs[1], costs[11])
    #expect(last < first * 3 / 2, "\(costs)")
  }

  @Test("one call writes a portion of the queued events, and a sample writes the rest")
  func portions() throws {
    let folder = try TemporaryFolder()
    let writer = try HistoryWriter(path: folder.file("history.db"))
    try Self.start(writer)
    var pauses = 0
    writer.onPause = { pauses += 1 }
    var ids: UInt64 = 1
    for epoch: WallTime in [0, 0, 0] {
      var batch = EventBatch(epoch: epoch)
      // More than a portion can grow to, however fast the machine writes.
      for _ in 0..<6000 {
        ids += 1
        batch.events.append(
          ProcessEvent(
            boot: 2 * Self.second + Int64(ids) * 1000,
            .moved(ProcessToken(number: 1), Self.links(1 + ids % 2, hasID: true))))
      }
      batch.events.append(
        ProcessEvent(
          boot: 2 * Self.second + Int64(ids) * 1000,
          .described(
            ProcessToken(number: 1),
            ProcessDescription(comm: Array("n\(ids)".utf8), uid: nil, cgroup: nil))))
      #expect(writer.add(batch))
    }
    #expect(writer.pendingEvents == 18003)
    _ = try writer.writeSomeEvents()
    #expect((1..<18003).contains(writer.pendingEvents))
    #expect(pauses == (18003 - writer.pendingEvents) / 64)
    #expect(writer.hasBacklog)
    var sample = ProcessSample(
      start: ClockReading(
        wall: WallTime(nanoseconds: 9 * Self.second), boot: 9 * Self.second, monotonic: 9))
    sample.counts.processes = 1
    _ = try writer.write(sample, SampleTiming(isExact: true, folded: 7))
    #expect(writer.pendingEvents == 0)
    let numbers = try writer.connection.prepare(
      "SELECT MAX(seq), (SELECT COUNT(*) FROM membership) FROM sample"
    ).first { ($0.integer(0), $0.integer(1)) }
    #expect(numbers?.0 == 18005 && numbers?.1 == 18001, "\(String(describing: numbers))")
    let comm = try writer.connection.prepare("SELECT comm FROM task").first { $0.text(0) }
    #expect(comm == "n\(ids)")
    let periods = try HistoryReader(path: folder.file("history.db")).periods()
    #expect(periods.first?.recorded?.folded == 7)
  }
}

extension HistoryReader {
  fileprivate func periods() throws -> [CoveragePeriod] {
    var periods: [CoveragePeriod] = []
    try coverage { period in
      periods.append(period)
      return true
    }
    return periods
  }
}
