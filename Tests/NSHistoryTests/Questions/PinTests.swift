// Pins of namespaces in the history: in summaries, and at a moment. A pin is a mount, an open file or a socket that
// keeps a namespace without a process; scans find them.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct PinTests {
  private let history: SmallHistory
  private static let net = SmallHistory.namespace(.net, 7)
  private static let mount = NamespacePin(
    namespace: net,
    holder: .mount(path: Array("/run/net ns\n".utf8), in: SmallHistory.namespace(.mnt, 1)))
  private static let file = NamespacePin(
    namespace: net,
    holder: .descriptor(pid: 10, startTicks: 20, number: 3, comm: Array("keeper".utf8)))

  init() throws { history = try SmallHistory() }

  private func pins(_ reader: HistoryReader, at time: WallTime) throws -> [PinAtMoment] {
    try reader.namespaces(at: time).namespaces
      .filter { $0.namespace.inode == Self.net.inode }.flatMap(\.pins)
  }

  @Test("a namespace without a process is listed while scans find a pin of it")
  func lonely() throws {
    try history.sample([.init(pid: 10)])
    try history.scan([])
    let none = history.now.wall
    try history.sample([.init(pid: 10)])
    try history.scan([Self.mount, Self.file])
    let first = history.now.wall
    try history.sample([.init(pid: 10)])
    try history.scan([Self.mount])
    let second = history.now.wall
    try history.sample([.init(pid: 10)])
    try history.scan([Self.mount])
    let third = history.now.wall
    let reader = try history.end()

    #expect(try pins(reader, at: none - 1).isEmpty)
    // The pins appeared between the two scans.
    let coming = try pins(reader, at: none + 1)
    #expect(coming.map(\.isCertain) == [false, false])
    let both = try pins(reader, at: first + 1)
    #expect(both.map(\.pin.kind) == [.mount, .descriptor])
    #expect(both.map(\.isCertain) == [true, false])
    #expect(both[0].pin.path == "/run/net ns\\n" && both[0].pin.mountNamespace?.isInitial == true)
    #expect(both[1].pin.pid == 10 && both[1].pin.comm == "keeper" && both[1].pin.descriptor == 3)
    #expect(both[1].pin.firstSeen == first && both[1].pin.lastSeen == first)
    // After the last scan, a pin is as that scan found it.
    #expect(try pins(reader, at: third + 1).map(\.isCertain) == [true])
    #expect(try pins(reader, at: second).map(\.isCertain) == [true])
    let answer = try reader.namespaces(at: second + 1)
    #expect(answer.scans.before == second && answer.scans.after == third)
    let row = try #require(answer.namespaces.first { $0.namespace.inode == Self.net.inode })
    #expect(row.processes == 0 && row.unsure == 0)
  }

  @Test("a pin that is found again adds no row; one that reappears is a new pin")
  func rows() throws {
    try history.sample([.init(pid: 10)])
    for pins in [[Self.mount], [Self.mount], [], [Self.mount]] { try history.scan(pins) }
    let reader = try history.end()
    let summary = try #require(try reader.namespaces(.inode(.net, Self.net.inode)).first)
    #expect(summary.pins.count == 2)
    #expect(summary.pins.map(\.isInLastScan) == [false, true])
    #expect(summary.references.pins == 1)
    #expect(summary.pins[0].lastSeen - summary.pins[0].firstSeen == SmallHistory.second)
  }

  @Test("between two sessions, a pin is not certain")
  func sessions() throws {
    try history.sample([.init(pid: 10)])
    try history.scan([Self.mount])
    let before = history.now.wall
    try history.writer.endSession(.stopped)
    history.boot += 100 * SmallHistory.second
    try history.begin()
    try history.sample([.init(pid: 10)])
    try history.scan([Self.mount])
    let after = history.now.wall
    let reader = try history.end()
    #expect(try pins(reader, at: before + 1).map(\.isCertain) == [false, false])
    #expect(try pins(reader, at: after + 1).map(\.isCertain) == [true])
  }

  @Test("a pin from an earlier session is not certain in one without scans")
  func unwatched() throws {
    try history.sample([.init(pid: 10)])
    try history.scan([Self.mount])
    try history.writer.endSession(.stopped)
    try history.begin()
    try history.sample([.init(pid: 10)])
    try history.sample([.init(pid: 10)])
    let reader = try history.end()
    #expect(try pins(reader, at: history.now.wall + 1).map(\.isCertain) == [false])
    let summary = try #require(try reader.namespaces(.inode(.net, Self.net.inode)).first)
    #expect(summary.references.pins == 0 && summary.pins.map(\.isInLastScan) == [false])
  }

  @Test("without IDs, an inode number at a moment is one namespace, for pins and processes")
  func withoutIDs() throws {
    var pinned = Self.net
    pinned.kernelID = nil
    pinned.inodeGeneration = 1 << 41
    var entered = pinned
    entered.inodeGeneration = 1
    try history.sample([.init(pid: 10)])
    try history.scan([.init(namespace: pinned, holder: Self.mount.holder)])
    let alone = history.now.wall + 1
    var process = SmallHistory.Process(pid: 11)
    process.namespaces = [.net: entered]
    for _ in 0..<3 { try history.sample([.init(pid: 10), process]) }
    try history.scan([.init(namespace: pinned, holder: Self.mount.holder)])
    let reader = try history.end()
    func rows(at time: WallTime) throws -> [NamespaceAtMoment] {
      try reader.namespaces(at: time).namespaces.filter { $0.namespace.inode == Self.net.inode }
    }
    let before = try rows(at: alone)
    // A process of the next sample may have been there already.
    #expect(before.map(\.processes) == [0] && before[0].pins.map(\.isCertain) == [false])
    let after = try rows(at: history.now.wall - 12 * SmallHistory.second)
    #expect(after.map(\.processes) == [1] && after[0].pins.map(\.isCertain) == [false])
  }

  @Test("the pins of a killed recorder end with its last scan")
  func killed() throws {
    try history.sample([.init(pid: 10)])
    try history.scan([Self.mount])
    let seen = history.now.wall
    try history.scan([Self.mount])
    let reader = try HistoryReader(path: history.path)
    #expect(try pins(reader, at: seen).map(\.isCertain) == [true])
    let summary = try #require(try reader.namespaces(.inode(.net, Self.net.inode)).first)
    #expect(summary.pins.map(\.lastSeen) == [seen + SmallHistory.second])
  }

  @Test("the owner of a pinned namespace is listed too, without a process")
  func owner() throws {
    let owner = SmallHistory.namespace(.user, 5)
    try history.sample([.init(pid: 10)])
    try history.scan(
      [Self.mount],
      related: [
        NamespaceRelations(namespace: Self.net, owner: owner, parent: nil, ownerUID: nil),
        NamespaceRelations(
          namespace: owner, owner: SmallHistory.namespace(.user, 1),
          parent: SmallHistory.namespace(.user, 1), ownerUID: 1000),
      ])
    let reader = try history.end()
    let all = try reader.namespaces(at: history.now.wall + 1).namespaces
    let net = try #require(all.first { $0.namespace.inode == Self.net.inode })
    #expect(net.owner?.inode == owner.inode)
    let user = try #require(all.first { $0.namespace.inode == owner.inode })
    #expect(user.processes == 0 && user.ownerUID == 1000 && user.parent?.isInitial == true)
  }
}
