// What changes say of mounts, files and sockets that keep namespaces: a scan found the first, or missed
// the last.

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

  @Test("pinned, unpinned and gone, between the scans on the two sides")
  func all() throws {
    try history.sample([.init(pid: 10)])
    try history.look([])
    let first = history.now.wall
    try history.look([Self.mount("/run/a")])
    // Another mount of it is no news, nor that one of two goes.
    try history.look([Self.mount("/run/a"), Self.mount("/run/b")])
    try history.look([Self.mount("/run/b")])
    let last = history.now.wall
    try history.sample([.init(pid: 10)])
    try history.look([])
    let found = try changes(try history.end())
    #expect(found.map(\.kind) == [.pinned, .gone])
    #expect(found.first?.after == first && found.first?.by == first + SmallHistory.second)
    #expect(found.last?.after == last && found.last?.by == last + 11 * SmallHistory.second)
    #expect(found.map { $0.pin?.path } == ["/run/a", "/run/b"])
    #expect(found.allSatisfy { !$0.isExact && $0.process == nil })
  }

  @Test("with a process in it, or files that could not be read, it is not known to be gone")
  func notGone() throws {
    try history.sample([.init(pid: 10), .init(pid: 11, elsewhere: [.net: 5])])
    try history.look([Self.mount("/run/a")])
    try history.look([])
    #expect(try changes(try history.end()).map(\.kind) == [.unpinned])
  }

  @Test("what the first scan finds, or nobody looked for in between, is no change")
  func unwatched() throws {
    try history.sample([.init(pid: 10)])
    try history.look([Self.mount("/run/a")])
    try history.writer.endSession(.stopped)
    history.boot += SmallHistory.second
    try history.begin()
    try history.sample([.init(pid: 10)])
    try history.look([])
    #expect(try changes(try history.end()) == [])
  }

  @Test("between two scans that differ it is in doubt, and both times are told")
  func inDoubt() throws {
    try history.sample([.init(pid: 10)])
    try history.look([])
    let first = history.now.wall
    try history.look([Self.mount("/run/a")])
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

  @Test("what a scan met between two samples was made or kept by then, and is not joined")
  func metByScan() throws {
    let mount = SmallHistory.namespace(.mnt, 7)
    try history.sample([.init(pid: 1)])
    // In the mount namespace of a process that is new, it finds the mount of a net namespace.
    try history.look([
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
    "one whose number an emptied one without an id had is new only where a scan found nothing between",
    arguments: [false, true])
  func emptied(isScanned: Bool) throws {
    var unidentified = Self.net
    unidentified.kernelID = nil
    unidentified.inodeGeneration = 1 << 40
    try history.sample([.init(pid: 1)])
    try history.look([])
    try history.sample([.init(pid: 1), .init(pid: 11, places: [.net: unidentified])])
    try history.sample([.init(pid: 1)])
    if isScanned { try history.look([]) }
    try history.sample([.init(pid: 1), .init(pid: 12, elsewhere: [.net: 5])])
    let reader = try history.end()
    let found = try reader.allChanges(.init()).filter { $0.process?.pid == 12 }
      .flatMap(\.parts).filter { $0.link == .net }
    #expect(found.map(\.how) == [isScanned ? .new : .joinedOrNew])
  }

  @Test("what a process had open is in doubt from its exit until the next scan")
  func exited() throws {
    let pin = NamespacePin(
      namespace: Self.net,
      holder: .descriptor(pid: 10, startTicks: 20, number: 7, comm: Array("p10".utf8)))
    try history.sample([.init(pid: 10), .init(pid: 11)])
    try history.look([pin])
    try history.sample([.init(pid: 10), .init(pid: 11)])
    let before = history.now.wall
    #expect(!history.writer.takePinScanRequest())
    try history.sample([.init(pid: 11)])
    let exit = history.now.wall
    #expect(history.writer.takePinScanRequest(), "the exit asks for a scan")
    #expect(!history.writer.takePinScanRequest())
    try history.sample([.init(pid: 11)])
    let reader = try history.end()
    let held = try #require(try pinAt(reader, before))
    #expect(held.isCertain && held.exited == nil)
    let later = try #require(try pinAt(reader, exit + SmallHistory.second))
    #expect(!later.isCertain && later.exited == exit)
  }
}
