// The source, reading the live /proc, with processes that move between namespaces when a test says so.

import Foundation
import NamespaceModel
import Procfs
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized, .enabled(if: geteuid() == 0, "needs root: unshare"))
struct LiveSourceTests {
  private let source: ProcfsSource

  init() throws { source = ProcfsSource(root: try ProcRoot()) }

  private func namespace(_ links: [LinkState]?, _ link: NamespaceLink) -> ObservedNamespace? {
    guard case .namespace(let namespace)? = links?[Int(link.rawValue)] else { return nil }
    return namespace
  }

  @Test("unshare and setns are reported as changes, with the kernel's ids")
  func moves() throws {
    let first = try TestProcess()
    let second = try TestProcess()
    let sample = try source.takeSample()
    let start = try #require(sample.appeared.first { $0.facts.pid == first.pid })
    let other = try #require(sample.appeared.first { $0.facts.pid == second.pid })

    try first.unshare(CloneFlag.net)
    let unshared = try source.takeSample().changed.first { $0.token == start.token }
    let new = try #require(namespace(unshared?.links, .net))
    #expect(new != namespace(start.links, .net))
    #expect(namespace(unshared?.links, .uts) == namespace(start.links, .uts))
    #expect((new.kernelID != nil) == (source.identity != .continuity))

    try second.enter(first.pid, CloneFlag.net)
    let entered = try source.takeSample().changed.first { $0.token == other.token }
    #expect(namespace(entered?.links, .net) == new)
  }

  @Test("a move to a new namespace with the inode number of the old one is a change")
  func sameNumberAgain() throws {
    let process = try TestProcess()
    try process.unshare(CloneFlag.uts)
    let before = try source.takeSample().appeared.first { $0.facts.pid == process.pid }
    let old = try #require(namespace(before?.links, .uts))
    // The kernel frees the inode number some time after the last process has left.
    for _ in 0..<20000 {
      try process.unshare(CloneFlag.uts)
      if utsInode(process.pid) == old.inode { break }
    }
    guard utsInode(process.pid) == old.inode, source.identity != .continuity else {
      try Test.cancel("the inode number did not come again, or the kernel gives no ids")
    }
    let after = try source.takeSample().changed.first { $0.token == before?.token }
    let new = try #require(namespace(after?.links, .uts))
    #expect(new.inode == old.inode)
    #expect(new.kernelID != old.kernelID)
  }

  private func utsInode(_ pid: Int32) -> UInt64? {
    var status = stat()
    return stat("/proc/\(pid)/ns/uts", &status) == 0 ? UInt64(status.st_ino) : nil
  }

  @Test("a zombie has only its pid and user namespaces, and disappears when it is reaped")
  func zombie() throws {
    let process = try TestProcess()
    let token = try source.takeSample().appeared.first { $0.facts.pid == process.pid }?.token
    try process.exit(reap: false)
    let links = try #require(try source.takeSample().changed.first { $0.token == token }).links
    #expect(links[Int(NamespaceLink.net.rawValue)] == .unread(.zombie))
    #expect(namespace(links, .pid) != nil)
    try process.reap()
    #expect(try source.takeSample().disappeared.contains { $0 == token })
  }

  @Test(
    "the pid namespace of a process is known from its first sample on",
    arguments: [nil, IdentitySource.continuity])
  func home(_ identity: IdentitySource?) throws {
    let source = ProcfsSource(root: try ProcRoot(), identity: identity)
    let first = try TestProcess(in: CloneFlag.pid)
    // After this, the children of `first` go to another pid namespace, so only its own pid link leads to its pid
    // namespace.
    try first.unshare(CloneFlag.pid)
    let second = try TestProcess()
    let sample = try source.takeSample()
    let start = try #require(sample.appeared.first { $0.facts.pid == first.pid })
    let other = try #require(sample.appeared.first { $0.facts.pid == second.pid })
    let home = try #require(namespace(start.links, .pid))
    #expect(home != namespace(other.links, .pid))
    for _ in 0..<2 {
      #expect(try !source.takeSample().changed.contains { $0.token == start.token })
    }
    try second.enter(first.pid, CloneFlag.pid)
    let entered = try source.takeSample().changed.first { $0.token == other.token }
    #expect(namespace(entered?.links, .pidForChildren) == home)
    #expect(namespace(entered?.links, .pid) == namespace(other.links, .pid))
    // A change of another link, after which all links are read.
    try first.unshare(CloneFlag.uts)
    let moved = try source.takeSample().changed.first { $0.token == start.token }
    #expect(namespace(moved?.links, .pid) == home)
    try first.exit()
    #expect(try source.takeSample().disappeared.contains { $0 == start.token })
  }

  @Test("a PID that is used again at once is another process")
  func pidReuse() throws {
    let first = try TestProcess()
    let token = try source.takeSample().appeared.first { $0.facts.pid == first.pid }?.token
    try first.exit()
    let second = try TestProcess.reusing(first.pid)
    guard second != nil else {
      try Test.cancel("PID \(first.pid) could not be had again")
    }
    let sample = try source.takeSample()
    #expect(sample.disappeared.contains { $0 == token })
    #expect(sample.appeared.contains { $0.facts.pid == first.pid && $0.token != token })
  }

  @Test("the source closes the directory of a process that has exited")
  func noLeak() throws {
    func openDirectories(_ pids: [Int32]) throws -> Int {
      let names = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
      let targets = names.compactMap {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")
      }
      return pids.count { pid in targets.contains { $0.hasPrefix("/proc/\(pid)/ns") } }
    }
    let processes = try (0..<20).map { _ in try TestProcess() }
    let pids = processes.map(\.pid)
    #expect(try openDirectories(pids) == 0)
    _ = try source.takeSample()
    // Shows that `openDirectories` finds open directories.
    #expect(try openDirectories(pids) == 20)
    for process in processes { try process.exit() }
    _ = try source.takeSample()
    #expect(try openDirectories(pids) == 0)
  }

  @Test("a live comparison finds equal and different namespaces, and missing processes")
  func comparison() throws {
    let processes = try (0..<3).map { _ in try TestProcess() }
    try processes[1].unshare(CloneFlag.net)
    let gone = try TestProcess()
    try gone.exit()
    let pids = processes.map(\.pid) + [gone.pid]
    let (net, uts) = try LiveComparison.with(pids, root: ProcRoot()) {
      (live) throws(ProcfsError) in (try live.findings(.net), try live.findings(.uts))
    }
    #expect(net[0] == net[2] && net[0] != net[1])
    #expect(uts[0] == uts[1])
    #expect(net[3] == .notRunning && uts[3] == .notRunning)
  }
}
