// A process enters a namespace that has no process and that a mount has pinned since the last one left. No ID was
// read of it before. The time of its nsfs file proves that it is the earlier namespace, if it is older than anything
// that the entering process can have made.

import NamespaceEvents
import NamespaceModel
import Testing

@testable import NSRecorder

struct FileTimeTests {
  private let script = EventScript()
  private let there = TaskLinks.host.with(.net, 1, id: 101)

  /// A process makes a namespace, mounts it, and exits before anything is read of it.
  private func makeAndLeave() throws -> ObservedNamespace {
    script.fork(20, of: 10)
    script.move(20, there, probed: false)
    script.finishBatch()
    let made = try #require(script.namespace(.net, of: 20))
    script.exit(20)
    script.finishBatch()
    return made
  }

  /// Another process enters the namespace a second later. Returns the reported net namespace of that process.
  private func enter(_ links: TaskLinks, fileTime: Int64?) -> ObservedNamespace? {
    script.clock += 1_000_000_000
    script.fork(30, of: 10)
    script.clock += 1_000_000
    script.move(30, links, fileTimes: fileTime.map { [.net: $0] } ?? [:])
    script.finishBatch()
    return script.namespace(.net, of: 30)
  }

  @Test("a process enters the namespace that its maker left, and a sample reads the ID")
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

  @Test("the file time may be up to a clock tick of the kernel before the namespace")
  func sameTick() throws {
    let made = try makeAndLeave()
    #expect(enter(there, fileTime: script.clock - 8_000_000) == made)
  }

  @Test("the file time also proves it on a kernel without namespace IDs")
  func withoutIDs() throws {
    let bare = TaskLinks.host.with(.net, 1, id: nil)
    let made = try makeAndLeave()
    #expect(enter(bare, fileTime: script.clock + 5_000_000) == made)
  }

  @Test(
    "a file time after the start of the entering process proves nothing: it may have made the namespace"
  )
  func mayBeNew() throws {
    let made = try makeAndLeave()
    // `script.clock` is one second before the process starts; the process moves a millisecond after its start.
    #expect(enter(there, fileTime: script.clock + 1_000_900_000) != made)
  }

  @Test("without a file time it is another namespace")
  func unread() throws {
    let made = try makeAndLeave()
    #expect(enter(there, fileTime: nil) != made)
  }

  @Test("a file time before the namespace proves nothing: it is of another clock")
  func otherClock() throws {
    let made = try makeAndLeave()
    #expect(enter(there, fileTime: script.clock - 1_000_000_000) != made)
  }

  @Test("a file time proves nothing after omitted changes, which may have reused the inode number")
  func omittedCount() throws {
    let made = try makeAndLeave()
    script.follower.namespaces.noteOmittedChange(at: script.time)
    #expect(enter(there, fileTime: script.clock + 5_000_000) != made)
  }

  @Test("a file time proves nothing if another namespace had the inode number in between")
  func reused() throws {
    let made = try makeAndLeave()
    script.fork(25, of: 10)
    script.move(25, .host.with(.net, 1, id: 102))
    script.exit(25)
    script.finishBatch()
    #expect(enter(there, fileTime: script.clock + 5_000_000) != made)
  }
}
