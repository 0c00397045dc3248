// Changes of pins, that is, of mounts, files and sockets that keep namespaces. A scan finds a first pin (`pinned`) or
// no more pins (`unpinned`, `gone`).

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct PinChangesTests {
  private let history: SmallHistory
  private static let net = SmallHistory.namespace(.net, 5)
  private static func mount(_ path: String) -> NamespacePin {
    .init(namespace: net, holder: .mount(path: Array(path.utf8), in: nil))
  }

  init() throws { history = try SmallHistory() }

  private func changes(_ reader: HistoryReader) throws -> [NamespaceChange] {
    try reader.allChanges(.init(types: [.net])).filter { $0.pin != nil }
  }

  @Test("pinned and gone are reported between the two scans that differ")
  func all() throws {
    try history.sample([.init(pid: 10)])
    try history.scan([])
    let first = history.now.wall
    try history.scan([Self.mount("/run/a")])
    // A second mount of the namespace is no change, nor is the end of one of two.
    try history.scan([Self.mount("/run/a"), Self.mount("/run/b")])
    try history.scan([Self.mount("/run/b")])
    let last = history.now.wall
    try history.sample([.init(pid: 10)])
    try history.scan([])
    let found = try changes(try history.end())
    #expect(found.map(\.kind) == [.pinned, .gone])
    #expect(found.first?.after == first && found.first?.by == first + SmallHistory.second)
    #expect(found.last?.after == last && found.last?.by == last + 11 * SmallHistory.second)
    #expect(found.map { $0.pin?.path } == ["/run/a", "/run/b"])
    #expect(found.allSatisfy { !$0.isExact && $0.process == nil })
  }

  @Test("a namespace with a process in it is unpinned, not gone")
  func notGone() throws {
    try history.sample([.init(pid: 10), .init(pid: 11, elsewhere: [.net: 5])])
    try history.scan([Self.mount("/run/a")])
    try history.scan([])
    #expect(try changes(try history.end()).map(\.kind) == [.unpinned])
  }

  @Test("what a first scan finds is no change, nor is a difference across sessions")
  func unwatched() throws {
    try history.sample([.init(pid: 10)])
    try history.scan([Self.mount("/run/a")])
    try history.writer.endSession(.stopped)
    history.boot += SmallHistory.second
    try history.begin()
    try history.sample([.init(pid: 10)])
    try history.scan([])
    #expect(try changes(try history.end()) == [])
  }

  @Test("between two scans that differ, a pin is uncertain and has both times")
  func inDoubt() throws {
    try history.sample([.init(pid: 10)])
    try history.scan([])
    let first = history.now.wall
    try history.scan([Self.mount("/run/a")])
    let second = history.now.wall
    try history.sample([.init(pid: 10)])
    let reader = try history.end()
    let pin = try #require(try pinAt(reader, first + SmallHistory.second / 2))
    #expect(!pin.isCertain && pin.seen == second && pin.missed == first)
    let later = try #require(try pinAt(reader, second + 1))
    #expect(later.isCertain && later.missed == nil)
  }

  private func pinAt(_ reader: HistoryReader, _ time: WallTime) throws -> PinAtMoment? {
    try reader.namespaces(at: time).namespaces
      .first { $0.namespace.inode == Self.net.inode }?.pins.first
  }

  @Test("a namespace that a scan found between two samples is not reported as joined")
  func foundByScan() throws {
    let mount = SmallHistory.namespace(.mnt, 7)
    try history.sample([.init(pid: 1)])
    // In the mount namespace of a new process, the scan finds the mount of a net namespace.
    try history.scan([
      .init(namespace: Self.net, holder: .mount(path: Array("/run/a".utf8), in: mount))
    ])
    try history.sample([
      .init(pid: 1), .init(pid: 11, elsewhere: [.mnt: 7]), .init(pid: 12, elsewhere: [.net: 5]),
    ])
    try history.sample([
      .init(pid: 1), .init(pid: 11, elsewhere: [.mnt: 7]), .init(pid: 12, elsewhere: [.net: 5]),
      .init(pid: 13, elsewhere: [.mnt: 7]),
    ])
    let reader = try history.end()
    func how(_ pid: Int64, _ link: NamespaceLink) throws -> [NamespaceChange.How] {
      try reader.allChanges(.init()).filter { $0.process?.pid == pid }
        .flatMap(\.parts).filter { $0.link == link }.map(\.how)
    }
    #expect(try how(11, .mnt) == [.new])
    #expect(try how(12, .net) == [.joinedOrNew])
    #expect(try how(13, .mnt) == [.joined])
  }

  @Test(
    "a reused inode number is a new namespace only if a scan found no pin in between",
    arguments: [false, true])
  func emptied(isScanned: Bool) throws {
    var unidentified = Self.net
    unidentified.kernelID = nil
    unidentified.inodeGeneration = 1 << 40
    try history.sample([.init(pid: 1)])
    try history.scan([])
    try history.sample([.init(pid: 1), .init(pid: 11, namespaces: [.net: unidentified])])
    try history.sample([.init(pid: 1)])
    if isScanned { try history.scan([]) }
    try history.sample([.init(pid: 1), .init(pid: 12, elsewhere: [.net: 5])])
    let reader = try history.end()
    let found = try reader.allChanges(.init()).filter { $0.process?.pid == 12 }
      .flatMap(\.parts).filter { $0.link == .net }
    #expect(found.map(\.how) == [isScanned ? .new : .joinedOrNew])
  }

  @Test("an open file is an uncertain pin from the exit of its process until the next scan")
  func exited() throws {
    let pin = NamespacePin(
      namespace: Self.net,
      holder: .descriptor(pid: 10, startTicks: 20, number: 7, comm: Array("p10".utf8)))
    try history.sample([.init(pid: 10), .init(pid: 11)])
    try history.scan([pin])
    try history.sample([.init(pid: 10), .init(pid: 11)])
    let before = history.now.wall
    #expect(!history.writer.takePinScanRequest())
    try history.sample([.init(pid: 11)])
    let exit = history.now.wall
    #expect(history.writer.takePinScanRequest(), "the exit asks for a scan")
    #expect(!history.writer.takePinScanRequest())
    try history.sample([.init(pid: 11)])
    let reader = try history.end()
    let pinned = try #require(try pinAt(reader, before))
    #expect(pinned.isCertain && pinned.exited == nil)
    let later = try #require(try pinAt(reader, exit + SmallHistory.second))
    #expect(!later.isCertain && later.exited == exit)
  }
}
