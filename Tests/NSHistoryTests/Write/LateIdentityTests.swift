// A namespace whose kernel ID is learned late is one namespace in the file. A process in it has not moved when the ID
// becomes known, also if the ID is known on one side of a gap only.

import NSHistory
import NamespaceModel
import TestSupport
import Testing

struct LateIdentityTests {
  private let history: SmallHistory
  private static let unnamed = ObservedNamespace(
    type: .uts, inode: 4_026_532_088, kernelID: nil, inodeGeneration: 1 << 40, isInitial: false)
  private static let named = ObservedNamespace(
    type: .uts, inode: 4_026_532_088, kernelID: 8008, inodeGeneration: 0, isInitial: false)

  init() throws { history = try SmallHistory() }

  private func links(_ uts: ObservedNamespace) -> [LinkState] {
    NamespaceLink.allCases.map { link in
      .namespace(link == .uts ? uts : SmallHistory.namespace(link.type, 1))
    }
  }

  private static let facts = ProcessFacts(
    pid: 20, startTicks: 100_500, parentPID: 1, isKernelThread: false, nspid: [20])
  private static let token = ProcessToken(number: 20)

  /// Reports by an event a process in a namespace without an ID.
  private func start() throws {
    try history.sample([.init(pid: 10)])
    history.boot += SmallHistory.second
    var batch = EventBatch(epoch: SmallHistory.epoch)
    batch.events = [
      ProcessEvent(
        boot: history.boot,
        .started(
          EventStart(
            token: Self.token, parent: ProcessToken(number: 10), facts: Self.facts,
            description: .init(comm: Array("sleep".utf8), uid: 0, cgroup: nil),
            set: ObservedSet(links: links(Self.unnamed)))))
    ]
    #expect(history.writer.add(batch))
    _ = try history.writer.writeEvents()
  }

  private func sample(_ change: (inout ProcessSample) -> Void = { _ in }) throws {
    history.boot += 10 * SmallHistory.second
    var sample = ProcessSample(start: history.now)
    change(&sample)
    _ = try history.writer.write(sample, SampleTiming(isExact: true))
  }

  /// Starts a second session, whose first sample reads the ID.
  private func restart() throws {
    try history.writer.endSession(.completed)
    history.boot += SmallHistory.second
    try history.begin()
    history.boot += SmallHistory.second
    var sample = ProcessSample(start: history.now)
    sample.appeared = [
      .init(
        token: Self.token, facts: Self.facts,
        description: .init(comm: Array("sleep".utf8), uid: 0, cgroup: nil),
        links: links(Self.named))
    ]
    _ = try history.writer.write(sample, SampleTiming())
  }

  /// Checks that no question reports a move.
  private func expectNoMove(_ reader: HistoryReader) throws {
    let changes = try reader.allChanges(.init())
    #expect(!changes.contains { $0.kind == .moved || $0.kind == .lastExit }, "\(changes)")
    #expect(try reader.processes(.pid(20)).count == 1)
    var entries: [HistoryEntry] = []
    try reader.history(.pid(20)) { entry in
      entries.append(entry)
      return true
    }
    #expect(entries.dropFirst().allSatisfy { $0.changes.isEmpty }, "\(entries.map(\.changes))")
  }

  @Test("neither the sample that reads the ID nor a later session adds a second namespace")
  func renamed() throws {
    try start()
    let owner = SmallHistory.namespace(.user, 1)
    try sample { sample in
      sample.renamed = [.init(from: Self.unnamed, to: Self.named)]
      sample.related = [
        .init(namespace: Self.named, owner: owner, parent: nil, ownerUID: nil)
      ]
    }
    try sample()
    try restart()
    let reader = try history.end()
    let found = try reader.namespaces(.inode(.uts, Self.named.inode))
    #expect(found.map(\.namespace.kernelID) == [8008])
    #expect(found.first?.owner?.inode == owner.inode)
    try expectNoMove(reader)
    #expect(
      try reader.same(
        .init(pids: [.init(pid: 20), .init(pid: 20)], time: .range(since: nil, until: nil))
      )
      .types.first { $0.type == .uts }?.namespaces.count == 1)
  }

  @Test("events after the ID became known are in the same namespace")
  func laterEvents() throws {
    try start()
    try sample { $0.renamed = [.init(from: Self.unnamed, to: Self.named)] }
    history.boot += SmallHistory.second
    var batch = EventBatch(epoch: SmallHistory.epoch)
    batch.events = [
      ProcessEvent(
        boot: history.boot, .moved(Self.token, ObservedSet(links: links(Self.named))))
    ]
    #expect(history.writer.add(batch))
    #expect(try history.writer.writeEvents().changes == 0)
    try expectNoMove(try history.end())
  }

  @Test("an ID that is known after a gap only makes no move")
  func unproven() throws {
    try start()
    try sample()
    try restart()
    let reader = try history.end()
    #expect(try reader.namespaces(.inode(.uts, Self.named.inode)).count == 2)
    try expectNoMove(reader)
  }
}
