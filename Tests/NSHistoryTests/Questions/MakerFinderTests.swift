// The maker of a namespace that an event reported first, without a scan for pins before. `members` and `namespaces`
// name the same maker as `changes`.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct MakerFinderTests {
  private static let second: Int64 = 1_000_000_000
  private let folder: TemporaryFolder
  private let path: String
  private let writer: HistoryWriter

  /// Starts with processes 30 and 40 in the initial namespaces, and 50, whose net namespace is not known.
  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("history.db")
    writer = try HistoryWriter(path: path)
    try writer.beginSession(
      SmallHistory.session(hasEvents: true, started: Self.reading(0)))
    var first = ProcessSample(start: Self.reading(0))
    first.appeared = [30, 40, 50].map { pid in
      .init(
        token: ProcessToken(number: UInt64(pid)),
        facts: ProcessFacts(
          pid: pid, startTicks: 1, parentPID: 1, isKernelThread: false, nspid: [pid]),
        description: .init(comm: Array("before".utf8), uid: 0, cgroup: nil),
        links: Self.links(pid == 50 ? .unread(.denied) : Self.host))
    }
    _ = try writer.write(first, SampleTiming())
  }

  private static let host = LinkState.namespace(SmallHistory.namespace(.net, 1))

  /// Returns a net namespace of one inode number, with an ID or without.
  private static func net(_ id: UInt64?, inodeGeneration: UInt64 = 0) -> LinkState {
    .namespace(
      ObservedNamespace(
        type: .net, inode: 4_026_532_777, kernelID: id, inodeGeneration: inodeGeneration,
        isInitial: false))
  }

  private static func reading(_ time: Int64) -> ClockReading {
    let boot = (1000 + time) * second
    return ClockReading(wall: HistoryScript.epoch + boot, boot: boot, monotonic: boot)
  }

  private static func links(_ net: LinkState) -> [LinkState] {
    NamespaceLink.allCases.map { link in
      link == .net ? net : .namespace(SmallHistory.namespace(link.type, 1))
    }
  }

  private func move(_ pid: UInt64, to net: LinkState, at time: Int64) -> ProcessEvent {
    ProcessEvent(
      boot: Self.reading(time).boot,
      .moved(ProcessToken(number: pid), ObservedSet(links: Self.links(net))))
  }

  private func start(_ pid: Int32, of parent: UInt64, in net: LinkState, at time: Int64)
    -> ProcessEvent
  {
    ProcessEvent(
      boot: Self.reading(time).boot,
      .started(
        EventStart(
          token: ProcessToken(number: UInt64(pid)), parent: ProcessToken(number: parent),
          facts: ProcessFacts(
            pid: pid, startTicks: nil, parentPID: Int32(parent), isKernelThread: false,
            nspid: [pid]),
          description: .init(comm: Array("child".utf8), uid: 0, cgroup: nil),
          set: ObservedSet(links: Self.links(net)))))
  }

  private func write(_ events: [ProcessEvent]) throws {
    var batch = EventBatch(epoch: HistoryScript.epoch)
    batch.events = events
    try #require(writer.add(batch))
    _ = try writer.writeEvents()
  }

  /// Writes events and one more sample. Returns the summaries of the namespaces with the inode number.
  private func summaries(_ events: [ProcessEvent]) throws -> [NamespaceSummary] {
    try write(events)
    _ = try writer.write(ProcessSample(start: Self.reading(20)), SampleTiming(isExact: true))
    try writer.endSession(.completed)
    let reader = try HistoryReader(path: path)
    let found = try reader.namespaces(.inode(.net, 4_026_532_777))
    for one in try reader.namespaces(at: Self.reading(20).wall).namespaces {
      guard let summary = found.first(where: { $0.namespace == one.namespace }) else { continue }
      #expect(one.maker == summary.maker)
    }
    return found
  }

  @Test("the first process that an event reports in a namespace is its uncertain maker")
  func moved() throws {
    let found = try summaries([
      move(30, to: Self.net(7), at: 5), move(40, to: Self.net(7), at: 6),
    ])
    #expect(found.map(\.maker?.process.pid) == [30])
    #expect(found.map(\.maker?.isCertain) == [false])
    #expect(found.map(\.firstProcess) == [nil])
  }

  @Test("the maker has the name that it had at that time")
  func renamed() throws {
    let described = ProcessEvent(
      boot: Self.reading(6).boot,
      .described(
        ProcessToken(number: 30), .init(comm: Array("after".utf8), uid: 0, cgroup: nil)))
    let found = try summaries([move(30, to: Self.net(7), at: 5), described])
    #expect(found.map(\.maker?.process.comm) == ["before"])
  }

  @Test("the parent of a process that starts in the namespace by clone(2) is its certain maker")
  func cloned() throws {
    let found = try summaries([start(60, of: 30, in: Self.net(7), at: 5)])
    #expect(found.map(\.maker?.process.pid) == [30])
    #expect(found.map(\.maker?.isCertain) == [true])
  }

  @Test("the parent of the first process is no maker if its own namespace is not known")
  func unknownParent() throws {
    let found = try summaries([start(60, of: 50, in: Self.net(7), at: 5)])
    #expect(found.map(\.maker) == [nil])
    #expect(found.map(\.firstProcess?.pid) == [60])
    #expect(found.map(\.mayBeOlder) == [false])
  }

  @Test("a process that may have been in the namespace before is no maker")
  func unknownBefore() throws {
    let found = try summaries([move(50, to: Self.net(7), at: 5)])
    #expect(found.map(\.maker) == [nil])
    #expect(found.map(\.firstProcess?.pid) == [50])
  }

  @Test("a process is no maker if it may have entered an earlier namespace of that inode number")
  func mayBeOlder() throws {
    try write([
      move(30, to: Self.net(7), at: 5), move(30, to: Self.host, at: 6),
    ])
    guard case .namespace(let left) = Self.net(7) else { return }
    var scan = PinScan(start: Self.reading(7))
    scan.pins = [
      NamespacePin(
        namespace: left,
        holder: .mount(path: Array("/pin".utf8), in: SmallHistory.namespace(.mnt, 1)))
    ]
    try writer.write(scan)
    let found = try summaries([move(40, to: Self.net(nil, inodeGeneration: 1), at: 8)])
    #expect(found.map(\.maker?.process.pid) == [30, nil])
    #expect(found.map(\.firstProcess?.pid) == [nil, 40])
    #expect(found.map(\.mayBeOlder) == [false, true])
  }

  @Test("namespaces with one inode number and different IDs have makers of their own")
  func otherID() throws {
    let found = try summaries([
      move(30, to: Self.net(7), at: 5), move(30, to: Self.host, at: 6),
      move(40, to: Self.net(8), at: 7),
    ])
    #expect(found.map(\.maker?.process.pid) == [30, 40])
  }
}
