// A process that a thread created is a child of the thread's process as long as that one runs.

import SQLite
import TestSupport
import Testing

@testable import NSHistory

struct ThreadMakerTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Returns the history of a process whose maker, a thread, exits. The process of the thread exits at the given
  /// time, or last.
  private func entries(makerExits: Int64?) throws -> [HistoryEntry] {
    var history = EntryHistory(path: folder.file("history.db"))
    history.sampled(1, EntryHistory.initial, "0::/init.scope")
    history.sampled(10, EntryHistory.initial, "0::/user.slice")
    history.diverge(11, of: 10, from: EntryHistory.initial, to: [.net: 7], at: 1000)
    history.start(20, byThread: 11, of: 10, [.net: 7], at: 1010)
    history.exit(11, at: 1500)
    if let makerExits { history.exit(10, at: makerExits) }
    history.exit(20, at: 3000)
    if makerExits == nil { history.exit(10, at: 4000) }
    var entries: [HistoryEntry] = []
    try history.reader().history(.pid(20)) {
      entries.append($0)
      return true
    }
    return entries
  }

  @Test("the parent of a process that an exited thread made is the thread's process")
  func parent() throws {
    let entries = try entries(makerExits: nil)
    let entry = try #require(entries.last)
    #expect(!entry.isParentGone && entry.process.parentPIDs == [10], "\(entry)")
    #expect(entry.parentThen?.pid == 10 && entry.parentThen?.tid == nil, "\(entry)")
    // The thread is still reported as the one that created the process.
    #expect(entries.first?.parent?.tid == 11, "\(entries)")
  }

  @Test("when the thread's process has exited, that parent is gone")
  func gone() throws {
    let entry = try #require(try entries(makerExits: 2000).last)
    #expect(entry.isParentGone && entry.parentThen == nil, "\(entry)")
  }
}
