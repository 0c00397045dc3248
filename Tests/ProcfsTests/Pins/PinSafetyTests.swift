// A scan pins no namespace, does not block, and does not fail on files that it may not read.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@testable import Procfs

@Suite(.ownsProcesses, .serialized, .enabled(if: geteuid() == 0, "needs root: mount, unshare"))
struct PinSafetyTests {
  private let live: LivePinScanner

  init() throws { live = try LivePinScanner() }

  @Test("a namespace ends with its last pin, also after a scan has found it")
  func ends() throws {
    guard live.identity != .continuity else {
      try Test.cancel("the kernel cannot be asked whether a namespace is in being")
    }
    let mounts = TestMounts()
    let folder = try mounts.privateFolder()
    let testProcess = try TestProcess(in: CloneFlag.net)
    try mounts.bind(namespaceFile(testProcess.pid, .net), onNew: folder.file("net"))
    try testProcess.exit()
    let pin = try #require(
      try live.scanner.scan().pins.first { $0.path == folder.file("net") }?.namespace)
    let id = try #require(pin.kernelID)
    #expect(KernelNamespace.exists(id, flag: CloneFlag.net, inode: pin.inode) == true)
    try mounts.undoLast()
    // A scan of another test may have the file open at this moment.
    for _ in 0..<100 {
      if KernelNamespace.exists(id, flag: CloneFlag.net, inode: pin.inode) == false { break }
      usleep(20000)
    }
    #expect(KernelNamespace.exists(id, flag: CloneFlag.net, inode: pin.inode) == false)
    #expect(try live.pins(pin.inode).isEmpty)
  }

  /// The number of open files of this process that lead to the namespace, or to a directory of the process that a
  /// scan opens.
  private func open(to inode: UInt64, or pid: Int32) throws -> Int {
    try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count { name in
      let text = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(name)")
      return text == "net:[\(inode)]" || text == "/proc/\(pid)" || text == "/proc/\(pid)/fd"
    }
  }

  @Test("a scan leaves no file open")
  func noLeak() throws {
    let testProcess = try TestProcess()
    try testProcess.unshare(CloneFlag.net)
    _ = try testProcess.makeSocket()
    let inode = try #require(KernelNamespace.inode(namespaceFile(testProcess.pid, .net)))
    try testProcess.enter(getpid(), CloneFlag.net)
    let process = try PinProcess(testProcess.pid, in: ProcRoot())
    let before = try open(to: inode, or: testProcess.pid)
    // Shows that `open` finds open files. Tests that run at the same time may hold a few more.
    #expect(before >= 1 && before < 10)
    for _ in 0..<30 { #expect(try !live.pins(inode).isEmpty) }
    #expect(try open(to: inode, or: testProcess.pid) < before + 10)
    #expect(process.isThere)
  }

  @Test("a FUSE file system whose server is stopped does not block a scan")
  func stuck() throws {
    let folder = try TemporaryFolder()
    let testProcess = try TestProcess(in: CloneFlag.net)
    let inode = try #require(KernelNamespace.inode(namespaceFile(testProcess.pid, .net)))
    let stuck: StuckFuse
    do {
      stuck = try StuckFuse(folder.path, file: namespaceFile(testProcess.pid, .net))
    } catch let failure as TestMounts.Failure {
      try Test.cancel("no FUSE can be mounted: errno \(failure.errno)")
    }
    // Shows that an access to the mount blocks.
    #expect(stuck.makesWait)
    let began = ContinuousClock.now
    let pins = try live.pins(inode)
    #expect(ContinuousClock.now - began < .seconds(5))
    // The mount is found, but its namespace cannot be opened to read the ID.
    #expect(pins.map(\.path) == [stuck.pin])
    #expect(pins.allSatisfy { $0.namespace.kernelID == nil })
    // An open file of the same namespace gives the ID.
    let file = Glibc.open(namespaceFile(testProcess.pid, .net), O_RDONLY | O_CLOEXEC)
    defer { close(file) }
    let known = try withExtendedLifetime(stuck) { try live.pins(inode) }
    #expect(known.count == 2 && Set(known.map(\.namespace)).count == 1)
    #expect((known.first?.namespace.kernelID != nil) == (live.identity != .continuity))
  }

  @Test("a scan does not fail when processes start and exit meanwhile")
  func churn() throws {
    let busy = try Command(
      "/bin/sh", ["-c", "while :; do /bin/true 3</proc/self/ns/net; done"])
    for _ in 0..<40 { _ = try live.scanner.scan() }
    busy.signal(SIGKILL)
    _ = try busy.wait()
  }

  @Test("a process that has exited has no open files and no mounts, and does not count as denied")
  func gone() throws {
    let testProcess = try TestProcess(in: CloneFlag.mnt)
    let process = try PinProcess(testProcess.pid, in: ProcRoot())
    let inode = try #require(KernelNamespace.inode(namespaceFile(testProcess.pid, .mnt)))
    #expect(process.isThere)
    try testProcess.exit()
    #expect(!process.isThere)
    #expect(try live.scanner.descriptors.scan(process).pins.isEmpty)
    try live.scanner.mounts.scan([inode: [testProcess.pid]])
    try live.scanner.sockets.scan([0, 1, 2], of: process)
    let counts = live.scanner.findings.counts
    #expect(counts.unreadMounts == 0 && counts.socketsDenied == 0 && counts.denied == 0)
  }

  @Test(
    "without privilege a scan counts the processes it may not read, and finds the user's own pins")
  func nobody() async throws {
    let scan = await asNobody { () -> PinScan? in
      do {
        let root = try ProcRoot()
        return try PinScanner(root: root, identity: IdentitySource.probe(root)).scan()
      } catch { return nil }
    }
    let isNobody = try #require(scan, "the thread could not give up root")
    let seen = try #require(isNobody, "the scan failed")
    let all = try live.scanner.scan()
    #expect(seen.denied > all.denied && seen.denied > seen.processes / 2)
    #expect(seen.firstDenied == 1)
  }
}
