// A follower reads the changes while they are recorded, and gets each of them once.

import NSHistory
import TestSupport
import Testing

struct ChangeFollowerTests {
  @Test(
    "the changes of a follower are all changes that the file has at the end",
    arguments: EventOracle.seeds)
  func allOfThem(seed: UInt64) throws {
    let history = EventWorld.history(seed: seed)
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    let writer = try HistoryWriter(path: path)
    let question = ChangesQuestion()
    var follower = ChangeFollower()
    var found: [NamespaceChange] = []
    for step in history.steps {
      try history.write(step, writer)
      // Opens a new reader each time, as a new command of a user does.
      try follower.changes(question, of: try HistoryReader(path: path)) {
        found.append($0)
        return true
      }
    }
    let all = try HistoryReader(path: path).allChanges(question)
    let identities = Set(found.map(Identity.init))
    #expect(identities.count == found.count, "a change was returned twice")
    let missed = all.filter { !identities.contains(Identity($0)) }
    #expect(
      missed.isEmpty,
      "seed \(seed): \(missed.count) of \(all.count) were missed: \(missed.prefix(2))")
    #expect(seed > 1 || all.count > 10)
  }

  @Test("a follower that starts now gets no earlier change")
  func fromNowOn() throws {
    let history = EventWorld.history(seed: 3)
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    let writer = try HistoryWriter(path: path)
    let middle = history.steps.count / 2
    for step in history.steps[..<middle] { try history.write(step, writer) }
    let reader = try HistoryReader(path: path)
    let before = try reader.allChanges(.init())
    #expect(before.count > 5)
    var follower = try ChangeFollower(fromNowOn: .init(), of: reader)
    var found: [NamespaceChange] = []
    for step in history.steps[middle...] {
      try history.write(step, writer)
      try follower.changes(.init(), of: reader) {
        found.append($0)
        return true
      }
    }
    #expect(found.count > 5)
    let old = Set(before.map(Identity.init))
    #expect(!found.contains { old.contains(Identity($0)) })
  }

  private struct Identity: Hashable {
    let kind: NamespaceChange.Kind
    let process: ProcessRecord.Key?
    let time: WallTime?
    let parts: [String]

    init(_ change: NamespaceChange) {
      kind = change.kind
      process = change.process.map(ProcessRecord.Key.init)
      time = change.by
      parts = change.parts.map { "\($0.link) \($0.from?.inode ?? 0) \($0.to?.inode ?? 0)" }
    }
  }
}

extension ProcessRecord {
  /// The identity of a process within one history.
  fileprivate struct Key: Hashable {
    let pid: Int64
    let tid: Int64?
    let start: WallTime?

    init(_ process: ProcessRecord) {
      pid = process.pid
      tid = process.tid
      start = process.start
    }
  }
}
