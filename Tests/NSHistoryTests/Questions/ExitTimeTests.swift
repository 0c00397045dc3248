// The time of an exit that an event reported is exact in every question, also if no event had reported some of the
// links before.

import SQLite
import TestSupport
import Testing

@testable import NSHistory

struct ExitTimeTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func exits(_ question: ChangesQuestion, time: UInt64) throws -> [NamespaceChange] {
    var history = EntryHistory(path: folder.file("history.db"))
    let namespaces: EntryHistory.Namespaces = [.mnt: 5, .time: time]
    history.sampled(1, EntryHistory.initial, "0::/init.scope")
    history.sampled(10, namespaces, "0::/user.slice")
    history.move(10, namespaces.merging([.net: 7]) { $1 }, unseen: [.time], at: 1000)
    history.exit(10, at: 2000)
    return try history.reader().allChanges(question).filter { $0.kind == .exited }
  }

  @Test(
    "an exit is exact in the changes of all processes and of one PID",
    arguments: [1, 6] as [UInt64])
  func exact(time: UInt64) throws {
    for question in [ChangesQuestion(), ChangesQuestion(process: .pid(10))] {
      let exit = try #require(try exits(question, time: time).first)
      #expect(exit.isExact && exit.within == 0, "\(exit)")
      #expect(exit.by == EntryHistory.wall(2000) && exit.after == exit.by)
      // The process may have left the time namespace before.
      #expect(!exit.parts.contains { $0.link == .time } && exit.parts.contains { $0.link == .net })
    }
  }

  @Test("a namespace that a process may have left earlier is left by its exit at the latest")
  func asked() throws {
    let inode = SmallHistory.namespace(.time, 6).inode
    let exit = try #require(
      try exits(ChangesQuestion(namespace: .inode(.time, inode)), time: 6).first)
    #expect(!exit.isExact && exit.parts.map(\.link) == [.time], "\(exit)")
    #expect(exit.after.map { $0 < EntryHistory.wall(1001) } == true, "\(exit)")
  }
}
