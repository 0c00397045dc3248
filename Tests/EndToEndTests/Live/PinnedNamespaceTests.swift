// Namespaces without a process, kept by mounts and open files on the live system.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@Suite(
  .ownsProcesses, .enabled(if: geteuid() == 0, "needs root, to make and to mount namespaces"))
struct PinnedNamespaceTests {
  static let ip = ["/usr/sbin/ip", "/sbin/ip", "/bin/ip"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  private func row(_ recording: LiveRecording, _ inode: UInt64, at time: String = "now") throws
    -> Row?
  {
    try recording.ask("namespaces", "--at", time).first {
      $0.number("inode") == Int(inode)
    }
  }

  /// Waits until a namespace is listed, and returns its row.
  private func found(
    _ recording: LiveRecording, _ inode: UInt64, where isWanted: (Row) -> Bool = { _ in true }
  ) throws -> Row {
    var found: Row?
    try eventually("namespace \(inode) is found") {
      found = try row(recording, inode)
      return found.map(isWanted) == true
    }
    return try #require(found)
  }

  /// Waits until a namespace is listed no more. A row counts only if it has the ID of the namespace, since another test
  /// may have made a namespace with the inode number that became free.
  private func waitUntilGone(_ namespace: Row, from recording: LiveRecording) throws {
    let id = try #require(namespace.number("id"))
    try eventually("the namespace with the ID \(id) is gone") {
      try recording.ask("namespaces", "--at", "now").allSatisfy { $0.number("id") != id }
    }
  }

  private func recording() throws -> LiveRecording {
    try LiveRecording(interval: "100ms", ["--pins-every", "100ms"])
  }

  @Test(
    "a namespace of ip netns add that no process enters is found by its mount",
    .enabled(if: ip != nil, "needs ip of iproute2"))
  func ipNetns() throws {
    let ip = try #require(Self.ip)
    let name = "nshist-\(getpid())"
    #expect(try Command.run(ip, ["netns", "add", name]).status == 0)
    defer { _ = try? Command.run(ip, ["netns", "delete", name]) }
    let path = "/run/netns/\(name)"
    let inode = try #require(KernelNamespace.inode(path))
    let recording = try recording()
    let pinned = try found(recording, inode)
    #expect(pinned["type"] == "net" && pinned.number("nprocs") == 0)
    #expect(pinned.rows("pins").compactMap { $0["path"] }.contains(path), "\(pinned)")
    #expect(pinned["owner"] != nil)
    let seen = ClockReading.now().wall
    #expect(try Command.run(ip, ["netns", "delete", name]).status == 0)
    try waitUntilGone(pinned, from: recording)
    // At the earlier time it is still listed.
    #expect(try row(recording, inode, at: argument(seen)) != nil)
    let summary = try Command.nshist(
      "query", "members", "net:\(inode)", "--db", recording.database)
    // A mount namespace of another test may have copied the mount, which is then listed too.
    #expect(
      summary.output.contains("pinned by ") && summary.output.contains("mount \(path), seen "),
      "\(summary.output)")
  }

  @Test("a mount that several sessions found is listed once")
  func severalRecordings() throws {
    let mounts = TestMounts()
    let file = try mounts.privateFolder().file("pin")
    let process = try TestProcess()
    try process.unshare(0x4000_0000)
    try mounts.bind("/proc/\(process.pid)/ns/net", onNew: file)
    let inode = try #require(KernelNamespace.inode(file))
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    for _ in 1...2 {
      let outcome = try Command.nshist(
        "record", "--interval", "300ms", "--samples", "4", "--db", path)
      #expect(outcome.status == 0, "\(outcome.messages)")
    }
    let summary = try Command.nshist("query", "members", "net:\(inode)", "--db", path)
    let line = summary.output.split(separator: "\n").first.map(String.init) ?? ""
    #expect(line.components(separatedBy: "mount \(file), seen ").count == 2, "\(summary.output)")
    #expect(line.contains(", 2 times"), "\(summary.output)")
  }

  @Test("a bind mount of each type of namespace is found", arguments: PinnedType.all)
  func mounts(of type: PinnedType) throws {
    let mounts = TestMounts()
    let folder = try mounts.privateFolder()
    let file = folder.file("a pin")
    let process = try TestProcess()
    try process.unshare(type.flag)
    let child = type.link.hasSuffix("_for_children") ? try process.startChild() : nil
    try mounts.bind("/proc/\(process.pid)/ns/\(type.link)", onNew: file)
    try process.exit()
    if let child { kill(child, SIGKILL) }
    let inode = try #require(KernelNamespace.inode(file))
    let recording = try recording()
    _ = try found(recording, inode) { row in
      row["type"] == type.name && row.number("id") != nil && row.number("nprocs") == 0
        && row.rows("pins").contains { $0["kind"] == "mount" && $0["path"] == file }
    }
  }

  /// Returns the inode number of a net namespace that only the open descriptor 9 of a process keeps, and that
  /// process.
  private func pinnedNamespace() throws -> (inode: UInt64, holder: Command) {
    let process = try TestProcess()
    try process.unshare(CloneFlag.net)
    let inode = try #require(KernelNamespace.inode("/proc/\(process.pid)/ns/net"))
    let holder = try Command(
      "/bin/sh", ["-c", "exec 9</proc/\(process.pid)/ns/net; echo kept >&2; exec sleep 60"])
    try eventually("the file is open") { try holder.messagesSoFar().contains("kept") }
    try process.exit()
    return (inode, holder)
  }

  @Test("a descriptor that a process holds is found as a pin")
  func descriptor() throws {
    let (inode, holder) = try pinnedNamespace()
    let recording = try recording()
    let pinned = try found(recording, inode) {
      $0.rows("pins").contains {
        $0["kind"] == "descriptor" && $0.pid == Int(holder.pid) && $0.number("descriptor") == 9
      }
    }
    holder.signal(SIGKILL)
    try waitUntilGone(pinned, from: recording)
  }

  @Test("the exit of a process that held a pin triggers a scan")
  func holderExits() throws {
    let (inode, holder) = try pinnedNamespace()
    let recording = try LiveRecording(interval: "500ms", ["--pins-every", "1h"])
    let pinned = try found(recording, inode)
    holder.signal(SIGKILL)
    // The next regular scan is an hour away.
    try waitUntilGone(pinned, from: recording)
  }

  @Test("the recorder keeps no namespace alive")
  func keepsNone() throws {
    let mounts = TestMounts()
    let folder = try mounts.privateFolder()
    let process = try TestProcess()
    try process.unshare(CloneFlag.uts)
    try mounts.bind("/proc/\(process.pid)/ns/uts", onNew: folder.file("pin"))
    try process.exit()
    let inode = try #require(KernelNamespace.inode(folder.file("pin")))
    let recording = try recording()
    let id = try #require(try found(recording, inode).number("id"))
    try mounts.undoLast()
    try eventually("the namespace is no more") {
      KernelNamespace.exists(UInt64(id), flag: CloneFlag.uts, inode: inode) != true
    }
  }

  @Test("without scans the answer says that pins were not scanned")
  func off() throws {
    let recording = try LiveRecording(["--pins-every", "off"])
    try recording.waitForSamples(2)
    let answer = try Command.nshist("query", "namespaces", "--db", recording.database)
    #expect(answer.output.contains("were not scanned"), "\(answer.output)")
  }
}

/// A namespace type, with the flag and the link by which a test gets a namespace of it to mount.
struct PinnedType: CustomTestStringConvertible {
  let name: String
  let link: String
  let flag: Int32

  static let all = [
    PinnedType(name: "cgroup", link: "cgroup", flag: CloneFlag.cgroup),
    PinnedType(name: "ipc", link: "ipc", flag: CloneFlag.ipc),
    PinnedType(name: "mnt", link: "mnt", flag: CloneFlag.mnt),
    PinnedType(name: "net", link: "net", flag: CloneFlag.net),
    PinnedType(name: "pid", link: "pid_for_children", flag: CloneFlag.pid),
    PinnedType(name: "time", link: "time_for_children", flag: CloneFlag.time),
    PinnedType(name: "user", link: "user", flag: CloneFlag.user),
    PinnedType(name: "uts", link: "uts", flag: CloneFlag.uts),
  ]

  var testDescription: String { name }
}
