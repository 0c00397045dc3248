// A namespace that a mount pinned when its last process left, entered again: its file is older than
// what the process that came to it can have made.

import NamespaceEvents
import NamespaceModel
import Testing

@testable import NSRecorder

struct FileTimeTests {
  private let script = EventScript()
  private let there = TaskLinks.host.with(.net, 1, id: 101)

  /// A maker leaves a mount of what it made, and exits before anything is read of it.
  private func makeAndLeave() throws -> ObservedNamespace {
    script.fork(20, of: 10)
    script.move(20, there, probed: false)
    script.finishBatch()
    let made = try #require(script.namespace(.net, of: 20))
    script.exit(20)
    script.finishBatch()
    return made
  }

  /// Another process enters a second later; where it is then.
  private func enter(_ links: TaskLinks, fileTime: Int64?) -> ObservedNamespace? {
    script.clock += 1_000_000_000
    script.fork(30, of: 10)
    script.clock += 1_000_000
    script.move(30, links, fileTimes: fileTime.map { [.net: $0] } ?? [:])
    script.finishBatch()
    return script.namespace(.net, of: 30)
  }

  @Test("who enters is in the namespace that its maker left, and a sample reads the id")
  func kept() throws {
    let made = try makeAndLeave()
    #expect(made.kernelID == nil)
    #expect(enter(there, fileTime: script.clock + 5_000_000) == made)
    let verified = script.verify([10: .host, 30: there])
    #expect(verified.sample.renamed.map(\.from) == [made])
    script.fork(40, of: 30)
    script.finishBatch()
    #expect(script.namespace(.net, of: 40)?.kernelID == 101)
    #expect(script.history.faults == [])
  }

  @Test("also where the kernel's clock for files had not moved on since")
  func sameTick() throws {
    let made = try makeAndLeave()
    #expect(enter(there, fileTime: script.clock - 8_000_000) == made)
  }

  @Test("without ids, too")
  func withoutIDs() throws {
    let bare = TaskLinks.host.with(.net, 1, id: nil)
    let made = try makeAndLeave()
    #expect(enter(bare, fileTime: script.clock + 5_000_000) == made)
  }

  @Test("not where the process that enters may have made it")
  func mayBeNew() throws {
    let made = try makeAndLeave()
    // The clock is here a second before the process starts, which moves a millisecond after that.
    #expect(enter(there, fileTime: script.clock + 1_000_900_000) != made)
  }

  @Test("not without a file time")
  func unread() throws {
    let made = try makeAndLeave()
    #expect(enter(there, fileTime: nil) != made)
  }

  @Test("not where the file is older than the namespace: then its time is of another clock")
  func otherClock() throws {
    let made = try makeAndLeave()
    #expect(enter(there, fileTime: script.clock - 1_000_000_000) != made)
  }

  @Test("not after omitted changes: one may have created a namespace with the inode number")
  func omittedCount() throws {
    let made = try makeAndLeave()
    script.follower.sets.lastOmittedChange = script.time
    #expect(enter(there, fileTime: script.clock + 5_000_000) != made)
  }

  @Test("not where another had the number in between")
  func reused() throws {
    let made = try makeAndLeave()
    script.fork(25, of: 10)
    script.move(25, .host.with(.net, 1, id: 102))
    script.exit(25)
    script.finishBatch()
    #expect(enter(there, fileTime: script.clock + 5_000_000) != made)
  }
}
