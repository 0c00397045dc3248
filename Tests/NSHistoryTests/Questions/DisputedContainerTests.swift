// A process is moved into a container between two reads of its cgroup, and changes its namespaces before the second.
// Between the reads its container is disputed: it may be that of either read.

import SQLite
import TestSupport
import Testing

@testable import NSHistory

struct DisputedContainerTests {
  private static let web = String(repeating: "a", count: 64)
  private static let host = "0::/user.slice"

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func entries(_ selector: ProcessSelector) throws -> [HistoryEntry] {
    var history = EntryHistory(path: folder.file("history.db"))
    history.sampled(1, EntryHistory.initial, "0::/init.scope")
    history.sampled(10, EntryHistory.initial, Self.host)
    history.move(10, [.net: 2], at: 3000)
    history.read(10, "0::/system.slice/docker-\(Self.web).scope", at: 3000)
    history.exit(10, at: 4000)
    var entries: [HistoryEntry] = []
    try history.reader().history(selector) {
      entries.append($0)
      return true
    }
    return entries
  }

  @Test("before the second read the container is disputed: none, or the one read later")
  func disputed() throws {
    let entries = try entries(.pid(10))
    try #require(entries.count == 2, "\(entries)")
    #expect(entries[0].process.disputed.contains(.container), "\(entries[0])")
    #expect(
      Set(entries[0].process.possibleDescriptions.map(\.container?.id)) == [nil, Self.web])
    #expect(entries[0].end.isExact && entries[0].until == EntryHistory.wall(3000))
    #expect(entries[1].process.disputed.isEmpty && entries[1].process.container?.id == Self.web)
    #expect(entries[1].beginning.isExact && entries[1].from == EntryHistory.wall(3000))
    #expect(entries[1].isInOtherContainer && entries[1].changes.map(\.link) == [.net])
  }

  @Test("the namespaces are listed also while the container is disputed")
  func movesInBetween() throws {
    var history = EntryHistory(path: folder.file("history.db"))
    history.sampled(1, EntryHistory.initial, "0::/init.scope")
    history.sampled(10, EntryHistory.initial, Self.host)
    history.move(10, [.net: 2], at: 1000)
    history.move(10, [.net: 3], at: 2000)
    history.move(10, EntryHistory.initial, at: 3000)
    history.read(10, "0::/system.slice/docker-\(Self.web).scope", at: 3000)
    history.exit(10, at: 4000)
    var entries: [HistoryEntry] = []
    try history.reader().history(.pid(10)) {
      entries.append($0)
      return true
    }
    #expect(entries.dropFirst().map(\.from) == [1000, 2000, 3000].map(EntryHistory.wall))
    let net = entries.map { $0.links[.net]?.namespace?.kernelID }
    #expect(net == [1, 2, 3, 1].map { SmallHistory.namespace(.net, $0).kernelID })
    #expect(entries.dropFirst().allSatisfy { $0.changes.map(\.link) == [.net] }, "\(entries)")
    #expect(entries[1].process.disputed.contains(.container))
    #expect(entries.last?.isInOtherContainer == true)
  }

  /// Returns whether the container shared a net namespace with another one that was in `net` from the beginning.
  private func sharing(with net: UInt64) throws -> SharedAnswer.TypeAnswer {
    let db = String(repeating: "b", count: 64)
    var history = EntryHistory(path: folder.file("history.db"))
    history.sampled(1, EntryHistory.initial, "0::/init.scope")
    history.sampled(10, EntryHistory.initial, Self.host)
    history.sampled(
      20, EntryHistory.initial.merging([.net: net]) { $1 }, "0::/system.slice/docker-\(db).scope")
    history.move(10, [.net: 2], at: 3000)
    history.read(10, "0::/system.slice/docker-\(Self.web).scope", at: 3000)
    history.exit(10, at: 4000)
    return try history.reader().shared(
      .init([.processes(.container(Self.web)), .processes(.container(db))], types: [.net])
    ).types[0]
  }

  @Test("a process of disputed container shares only the namespaces that it was in")
  func sharedNothing() throws {
    let elsewhere = try sharing(with: 3)
    #expect(elsewhere.verdict == .never, "\(elsewhere)")
  }

  @Test("sharing by a process of disputed container is unknown")
  func perhapsShared() throws {
    let there = try sharing(with: 1)
    #expect(there.verdict == .unknown && there.reason == .changedBetweenSamples, "\(there)")
  }

  @Test("a change of cgroup is as early as the sample that first may have read it")
  func foundMoved() throws {
    var history = EntryHistory(path: folder.file("history.db"))
    history.sampled(1, EntryHistory.initial, "0::/init.scope")
    history.sampled(10, EntryHistory.initial, Self.host)
    history.between = [1000, 2000]
    history.read(10, EntryHistory.cgroup(Self.web), changedSince: 1000, at: 3000)
    history.exit(10, at: 4000)
    let reader = try history.reader()
    func containers(at time: Int64) throws -> [String?] {
      let moment = try reader.processes(at: EntryHistory.wall(time))
      let process = try #require(moment.processes.first { $0.process.pid == 10 }?.process)
      return process.possibleDescriptions.map(\.container?.id)
    }
    #expect(try containers(at: 500) == [nil])
    #expect(try containers(at: 1500) == [nil, Self.web])
    #expect(try containers(at: 2500) == [nil, Self.web])
    #expect(try containers(at: 3500) == [Self.web])
  }

  @Test("a process that may be in a container does not share with itself")
  func withItself() throws {
    var history = EntryHistory(path: folder.file("history.db"))
    history.sampled(1, EntryHistory.initial, "0::/init.scope")
    history.sampled(10, [.net: 2], Self.host)
    history.read(10, EntryHistory.cgroup(Self.web), at: 3000)
    history.sampled(20, [.net: 3], EntryHistory.cgroup(Self.web))
    let answer = try history.reader().shared(
      .init([.processes(.container(Self.web)), .processes(.pid(10))], types: [.net]))
    #expect(answer.types[0].verdict == .never, "\(answer.types)")
  }

  @Test("the history of a container says since when a disputed process may have been in it")
  func ofContainer() throws {
    let entries = try entries(.container(Self.web))
    let entry = try #require(entries.first)
    #expect(entries.count == 1 && entry.from == EntryHistory.wall(3000), "\(entries)")
    #expect(entry.beginning.kind == .changed && !entry.beginning.isExact, "\(entry.beginning)")
    #expect(entry.beginning.other == EntryHistory.wall(0))
    #expect(entry.beginning.within == 3 * SmallHistory.second)
  }
}
