// Who made a namespace, where its beginning was seen.

import Foundation
import TestSupport
import Testing

@Suite(.enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
struct MakerTests {
  private func recording() throws -> LiveRecording {
    let recording = try LiveRecording(
      interval: "100ms", ["--events", "on", "--pins-every", "100ms"])
    // What is met before the first look may have been kept by a mount.
    try eventually("a look for pins") {
      try Recording.texts("SELECT scan_id FROM pin_scan", in: recording.database).count > 1
    }
    return recording
  }

  private func maker(_ recording: LiveRecording, _ inode: UInt64) throws -> Row? {
    try recording.ask("namespaces").first { $0.number("inode") == Int(inode) }?.row("maker")
  }

  @Test("unshare(2) is told of who called it, clone(2) of the parent")
  func processes() throws {
    let recording = try recording()
    let puppet = try Puppet()
    try puppet.unshare(CloneFlag.net)
    let made = try #require(KernelNamespace.inode("/proc/\(puppet.pid)/ns/net"))
    let child = try Puppet(in: CloneFlag.uts)
    let cloned = try #require(KernelNamespace.inode("/proc/\(child.pid)/ns/uts"))
    // Who enters what is there made nothing.
    let visitor = try Puppet()
    try visitor.enter(puppet.pid, CloneFlag.net)
    recording.settle()
    #expect(try maker(recording, made)?.pid == Int(puppet.pid))
    #expect(try maker(recording, cloned)?.pid == Int(getpid()))
    for one in [puppet, child, visitor] { try one.exit() }
  }

  @Test("the first to enter what a mount alone had kept did not make it")
  func pinned() throws {
    let mounts = TestMounts()
    let folder = try mounts.privateFolder()
    let maker = try Puppet()
    try maker.unshare(CloneFlag.net)
    try mounts.bind("/proc/\(maker.pid)/ns/net", onNew: folder.file("pin"))
    try maker.exit()
    let inode = try #require(KernelNamespace.inode(folder.file("pin")))
    let recording = try recording()
    let visitor = try Command("/usr/bin/nsenter", ["--net=\(folder.file("pin"))", "sleep", "60"])
    try eventually("somebody is in it") {
      try recording.ask("members", "net:\(inode)").contains { $0.pid == Int(visitor.pid) }
    }
    #expect(try self.maker(recording, inode) == nil)
    visitor.signal(SIGKILL)
    _ = try visitor.wait()
  }
}
