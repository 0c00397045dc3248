// A process makes a namespace, mounts it and leaves before it is probed, as `ip netns add` does, and another process
// enters at once. An ID that was read from the mount in between (a `MountObservation`) proves that it is the same
// namespace.

import NamespaceEvents
import NamespaceModel
import Testing

@testable import NSRecorder

struct MountObservationTests {
  private let script = EventScript()
  private let there = TaskLinks.host.with(.net, 1, id: 101)

  private func makeAndLeave() throws -> ObservedNamespace {
    script.fork(20, of: 10)
    script.move(20, there, probed: false)
    let made = try #require(script.follower.namespaces.live(.net, inode)).observed
    script.move(20, .host)
    script.exit(20)
    return made
  }

  private var inode: UInt64 { get throws { try #require(there.inodes[.net]) } }

  private func see(_ id: UInt64, at time: BootTime) throws {
    script.follower.namespaces.add([
      MountObservation(type: .net, inode: try inode, id: id, time: time)
    ])
  }

  /// Another process enters the namespace three milliseconds after its maker left. Returns the reported net namespace
  /// of that process.
  private func enter() -> ObservedNamespace? {
    script.clock += 3_000_000
    script.fork(30, of: 10)
    script.move(30, there)
    script.finishBatch()
    return script.namespace(.net, of: 30)
  }

  @Test("a process enters the namespace that its maker left, which gets the ID")
  func entered() throws {
    let made = try makeAndLeave()
    try see(101, at: script.time + 500_000)
    #expect(enter() == made)
    let verified = script.verify([10: .host, 30: there])
    #expect(verified.sample.renamed.map(\.from) == [made])
    #expect(verified.sample.renamed.map(\.to.kernelID) == [101])
    #expect(script.history.faults == [])
  }

  @Test("the namespace gets the ID also if no process enters it")
  func learned() throws {
    let made = try makeAndLeave()
    try see(101, at: script.time + 500_000)
    script.clock += 3_000_000
    script.fork(40, of: 10)
    let verified = script.verify([10: .host, 40: .host])
    #expect(verified.sample.renamed.map(\.from) == [made])
    #expect(verified.sample.renamed.map(\.to.kernelID) == [101])
  }

  @Test("a mount with another ID than the entered namespace proves nothing")
  func otherID() throws {
    let made = try makeAndLeave()
    try see(102, at: script.time + 500_000)
    #expect(enter() != made)
  }

  @Test(
    "a mount that was read after the process started proves nothing: it may have made the namespace"
  )
  func tooLate() throws {
    let made = try makeAndLeave()
    try see(101, at: script.time + 2_500_000)
    #expect(enter() != made)
  }

  @Test("a mount that was read before the namespace was reported proves nothing")
  func tooEarly() throws {
    try see(101, at: script.time)
    script.clock += 2_000_000
    let made = try makeAndLeave()
    #expect(enter() != made)
  }

  @Test("a mount proves nothing if another namespace had the inode number afterwards")
  func reused() throws {
    let made = try makeAndLeave()
    try see(101, at: script.time + 500_000)
    script.fork(25, of: 10)
    script.move(25, .host.with(.net, 1, id: 102))
    script.exit(25)
    #expect(enter() != made)
  }
}
