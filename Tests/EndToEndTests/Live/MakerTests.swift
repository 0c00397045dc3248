// The maker of a namespace whose first process an event reported.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@Suite(.ownsProcesses, .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
struct MakerTests {
  private func recording() throws -> LiveRecording {
    let recording = try LiveRecording(
      interval: "100ms", ["--events", "on", "--pins-every", "100ms"])
    // A mount may have kept a namespace that is observed before the first scan.
    try eventually("a scan for pins") {
      try Recording.texts("SELECT scan_id FROM pin_scan", in: recording.database).count > 1
    }
    return recording
  }

  private func maker(
    _ recording: LiveRecording, _ inode: UInt64
  ) throws -> (pid: Int?, isCertain: Bool?) {
    let row = try recording.ask("namespaces").first { $0.number("inode") == Int(inode) }
    return (row?.row("maker")?.pid, row?.flag("maker_certain"))
  }

  @Test("the maker is the caller of unshare(2), or the parent for clone(2)")
  func processes() throws {
    let recording = try recording()
    let process = try TestProcess()
    try process.unshare(CloneFlag.net)
    let made = try #require(KernelNamespace.inode("/proc/\(process.pid)/ns/net"))
    let child = try TestProcess(in: CloneFlag.uts)
    let cloned = try #require(KernelNamespace.inode("/proc/\(child.pid)/ns/uts"))
    // A process that enters an existing namespace is not its maker.
    let visitor = try TestProcess()
    try visitor.enter(process.pid, CloneFlag.net)
    try recording.settle()
    // A process that moved to the namespace may have made it or entered it, so the maker is not certain.
    #expect(try maker(recording, made) == (Int(process.pid), false))
    #expect(try maker(recording, cloned) == (Int(getpid()), true))
    for one in [process, child, visitor] { try one.exit() }
  }

  @Test("without scans for pins, members and namespaces name the same maker as changes")
  func withoutScans() throws {
    let recording = try LiveRecording(
      interval: "100ms", ["--events", "on", "--pins-every", "off"])
    try recording.waitForSamples(3)
    let process = try TestProcess()
    // An earlier namespace of another test may have had the inode number.
    let before = ClockReading.now().wall
    try process.unshare(CloneFlag.net)
    let made = try #require(KernelNamespace.inode("/proc/\(process.pid)/ns/net"))
    try recording.settle()
    let changes = try recording.ask(
      "changes", "--namespace", "net:\(made)", "--since", argument(before))
    #expect(changes.map(\.pid) == [Int(process.pid)])
    #expect(try maker(recording, made) == (Int(process.pid), false))
    let text = try Command.nshist(
      "query", "members", "net:\(made)", "--db", recording.database)
    #expect(
      text.output.contains("perhaps made by the process \(process.pid)"), "\(text)")
    try process.exit()
  }

  @Test("the first process that enters a namespace kept by a mount is not its maker")
  func pinned() throws {
    let mounts = TestMounts()
    let folder = try mounts.privateFolder()
    let maker = try TestProcess()
    try maker.unshare(CloneFlag.net)
    try mounts.bind("/proc/\(maker.pid)/ns/net", onNew: folder.file("pin"))
    try maker.exit()
    let inode = try #require(KernelNamespace.inode(folder.file("pin")))
    let recording = try recording()
    let visitor = try Command("/usr/bin/nsenter", ["--net=\(folder.file("pin"))", "sleep", "60"])
    try eventually("somebody is in it") {
      try recording.ask("members", "net:\(inode)").contains { $0.pid == Int(visitor.pid) }
    }
    #expect(try self.maker(recording, inode) == (nil, nil))
    visitor.signal(SIGKILL)
    _ = try visitor.wait()
  }

  @Test(
    "a process that enters a namespace that ip made and left at once is not its maker",
    .enabled(if: PinnedNamespaceTests.ip != nil, "needs ip of iproute2"))
  func leftAtOnce() throws {
    let ip = try #require(PinnedNamespaceTests.ip)
    let recording = try recording()
    let names = (0..<10).map { "nshist-maker-\(getpid())-\($0)" }
    defer { for name in names { _ = try? Command.run(ip, ["netns", "delete", name]) } }
    for name in names {
      #expect(try Command.run(ip, ["netns", "add", name]).status == 0)
      #expect(try Command.run(ip, ["netns", "exec", name, "sleep", "0.05"]).status == 0)
    }
    try recording.settle()
    func pinned() throws -> [Row] {
      try recording.ask("namespaces", "--type", "net").filter { row in
        row.rows("pins").contains { $0["path"]?.contains("nshist-maker-\(getpid())") == true }
      }
    }
    try eventually("all that were made are listed") { try pinned().count >= names.count }
    let makers = try pinned().compactMap { $0.row("maker")?.pid }
    // They entered before they executed `sleep`.
    let inside = Set(try recording.ask("history", "comm:sleep").map(\.pid))
    #expect(!inside.isEmpty && !makers.contains { inside.contains($0) }, "\(makers)")
  }

  @Test(
    "a process that is not stored is not named as maker, nor is the next process",
    .enabled(if: PinnedNamespaceTests.ip != nil, "needs ip of iproute2"))
  func notKept() throws {
    let ip = try #require(PinnedNamespaceTests.ip)
    let recording = try LiveRecording(
      interval: "100ms",
      ["--events", "on", "--pins-every", "100ms", "--short-lived", "none"])
    try recording.waitForSamples(3)
    let name = "nshist-kept-\(getpid())"
    defer { _ = try? Command.run(ip, ["netns", "delete", name]) }
    #expect(try Command.run(ip, ["netns", "add", name]).status == 0)
    let inode = try #require(KernelNamespace.inode("/run/netns/\(name)"))
    let later = try TestProcess()
    try recording.settle()
    #expect(try maker(recording, inode).pid.map { $0 == Int(later.pid) } != true)
    #expect(
      try Recording.texts(
        "SELECT maker_pid FROM namespaces WHERE inode = \(inode) AND maker_pid = \(later.pid)",
        in: recording.database) == [])
    try later.exit()
  }
}
