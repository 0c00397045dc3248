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
  private func stays(makerExits: Int64?) throws -> [HistoryEntry] {
    var history = EntryHistory(path: folder.file("history.db"))
    history.sampled(1, EntryHistory.initial, "0::/init.scope")
    history.sampled(10, EntryHistory.initial, "0::/user.slice")
    history.diverge(11, of: 10, from: EntryHistory.initial, to: [.net: 7], at: 1000)
    history.start(20, byThread: 11, of: 10, [.net: 7], at: 1010)
    history.exit(11, at: 1500)
    if let makerExits { history.exit(10, at: makerExits) }
    history.exit(20, at: 3000)
    if makerExits == nil { history.exit(10, at: 4000) }
    var stays: [HistoryEntry] = []
    try history.reader().history(.pid(20)) {
      stays.append($0)
      return true
    }
    return stays
  }

  @Test("the parent of a process that an exited thread made is the thread's process")
  func parent() throws {
    let stays = try stays(makerExits: nil)
    let stay = try #require(stays.last)
    #expect(!stay.isParentGone && stay.process.parentPIDs == [10], "\(stay)")
    #expect(stay.parentThen?.pid == 10 && stay.parentThen?.tid == nil, "\(stay)")
    // The thread is still reported as the one that created the process.
    #expect(stays.first?.parent?.tid == 11, "\(stays)")
  }

  @Test("when the thread's process has exited, that parent is gone")
  func gone() throws {
    let stay = try #require(try stays(makerExits: 2000).last)
    #expect(stay.isParentGone && stay.parentThen == nil, "\(stay)")
  }
}
