// The scanner, reading the live /proc: namespaces pinned by a mount, an open file or a socket.

import Foundation
import NamespaceModel
import Procfs
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized, .enabled(if: geteuid() == 0, "needs root: mount, unshare"))
struct LivePinTests {
  private let live: LivePinScanner

  init() throws { live = try LivePinScanner() }

  private static let flags =
    CloneFlag.cgroup | CloneFlag.ipc | CloneFlag.mnt | CloneFlag.net | CloneFlag.pid
    | CloneFlag.time | CloneFlag.user | CloneFlag.uts

  @Test("a mount pins a namespace of each type after its last process has exited")
  func mounts() throws {
    let mounts = TestMounts()
    let folder = try mounts.privateFolder()
    var inodes: [NamespaceType: UInt64] = [:]
    do {
      let testProcess = try TestProcess(in: Self.flags & ~CloneFlag.time)
      try testProcess.unshare(CloneFlag.time)
      for type in NamespaceType.allCases {
        let link = type == .time ? "time_for_children" : type.description
        let file = "/proc/\(testProcess.pid)/ns/\(link)"
        let inode = try #require(KernelNamespace.inode(file))
        inodes[type] = inode
        try mounts.bind(file, onNew: folder.file("\(type)"))
      }
      try testProcess.exit()
    }
    let scan = try live.scanner.scan()
    for type in NamespaceType.allCases {
      let pins = scan.pins.filter { $0.path == folder.file("\(type)") }
      try #require(pins.count == 1, "\(type)")
      #expect(pins[0].namespace.type == type && pins[0].namespace.inode == inodes[type])
      #expect((pins[0].namespace.kernelID != nil) == (live.identity != .continuity))
      guard case .mount(_, let mountNamespace?) = pins[0].holder else {
        Issue.record("the mount namespace was not reported")
        continue
      }
      #expect(mountNamespace.inode == KernelNamespace.inode("/proc/self/ns/mnt"))
      let relations = scan.related.first { $0.namespace == pins[0].namespace }
      #expect(relations?.owner != nil)
      if type == .pid || type == .user { #expect(relations?.parent != nil) }
    }
  }

  @Test("a net namespace of ip netns add, which no process is in, is pinned by its mount")
  func netns() throws {
    let ip = "/usr/sbin/ip"
    guard FileManager.default.isExecutableFile(atPath: ip) else {
      try Test.cancel("there is no \(ip)")
    }
    let holder = try TestProcess(in: CloneFlag.mnt)
    func enter(_ arguments: String...) throws -> Int32 {
      try Command.run(
        "/usr/bin/nsenter", ["-t", "\(holder.pid)", "-m"] + arguments
      ).status
    }
    // The program runs in its own mount namespace, so that /run/netns is not changed.
    #expect(try enter("/bin/mount", "--make-rprivate", "/") == 0)
    #expect(try enter("/bin/mount", "-t", "tmpfs", "none", "/run") == 0)
    #expect(try enter(ip, "netns", "add", "pinned") == 0)
    let inode = KernelNamespace.inode("/proc/\(holder.pid)/root/run/netns/pinned")
    #expect(inode != nil)
    let pins = try live.pins(inode)
    #expect(pins.map(\.path) == ["/run/netns/pinned"])
    #expect((pins.first?.namespace.kernelID != nil) == (live.identity != .continuity))
  }

  @Test("a mount in another mount namespace is reported with its path unescaped")
  func otherMountNamespace() throws {
    let holder = try TestProcess(in: CloneFlag.mnt)
    let made = try TestProcess(in: CloneFlag.net)
    let folder = try TemporaryFolder()
    let path = folder.file("a b\nc\\040\td#")
    try Data().write(to: URL(fileURLWithPath: path))
    let inode = KernelNamespace.inode(namespaceFile(made.pid, .net))
    for arguments in [
      ["--make-rprivate", "/"], ["--bind", namespaceFile(made.pid, .net), path],
    ] {
      let outcome = try Command.run(
        "/usr/bin/nsenter", ["-t", "\(holder.pid)", "-m", "/bin/mount"] + arguments)
      try #require(outcome.status == 0, "\(outcome.messages)")
    }
    try made.exit()
    let pins = try live.pins(inode)
    #expect(pins.map(\.path) == [path])
    #expect((pins.first?.namespace.kernelID != nil) == (live.identity != .continuity))
    guard case .mount(_, let mountNamespace?)? = pins.first?.holder else {
      Issue.record("the mount namespace was not reported")
      return
    }
    #expect(mountNamespace.inode == KernelNamespace.inode(namespaceFile(holder.pid, .mnt)))
  }

  @Test("a mount below another is a pin of its own namespace, not of the one mounted over it")
  func shadowed() throws {
    let mounts = TestMounts()
    let folder = try mounts.privateFolder()
    let path = folder.file("pin")
    let lower = try TestProcess(in: CloneFlag.uts)
    let upper = try TestProcess(in: CloneFlag.uts)
    let inodes = [lower, upper].map { KernelNamespace.inode(namespaceFile($0.pid, .uts)) }
    try mounts.bind(namespaceFile(lower.pid, .uts), onNew: path)
    try mounts.bind(namespaceFile(upper.pid, .uts), path)
    try lower.exit()
    try upper.exit()
    let pins = try live.scanner.scan().pins.filter { $0.path == path }
    #expect(Set(pins.map(\.namespace.inode)) == Set(inodes.compactMap(\.self)))
    let under = try #require(pins.first { $0.namespace.inode == inodes[0] }).namespace
    #expect(under.kernelID == nil && under.inodeGeneration >= 1 << 40)
    // When the upper mount is gone, the scan can read the ID of the lower one.
    try mounts.undoLast()
    let seen = try live.pins(inodes[0]).map(\.namespace)
    #expect((seen.first?.kernelID != nil) == (live.identity != .continuity))
  }

  @Test("an open file is a pin as long as it is open, also one of the scanner's own process")
  func descriptors() throws {
    let testProcess = try TestProcess(in: CloneFlag.ipc)
    let file = namespaceFile(testProcess.pid, .ipc)
    let inode = try #require(KernelNamespace.inode(file))
    let sleeper = try Command("/bin/sh", ["-c", "exec sleep 60 7<\(file)"])
    let own = open(file, O_RDONLY | O_CLOEXEC)
    defer { if own >= 0 { close(own) } }
    try #require(own >= 0)
    let found = try live.wait { scan in
      scan.pins.contains {
        if case .descriptor(sleeper.pid, _, 7, let comm) = $0.holder {
          comm == Array("sleep".utf8)
        } else {
          false
        }
      }
    }
    let pins = try #require(found).pins.filter { $0.namespace.inode == inode }
    #expect(Set(pins.map(\.namespace)).count == 1)
    #expect(
      pins.contains {
        if case .descriptor(getpid(), .some, own, _) = $0.holder { true } else { false }
      })
    try testProcess.exit()
    sleeper.signal(SIGKILL)
    _ = try sleeper.wait()
    // A process that another test starts may have a copy of the descriptor for a moment.
    let left = try live.wait { scan in scan.pins.count { $0.namespace.inode == inode } == 1 }
    #expect(left != nil)
  }

  @Test(
    "a file opened by the path of a mount is a pin, also after the mount is gone",
    arguments: IdentitySource.allCases)
  func openedByPath(source: IdentitySource) throws {
    let mounts = TestMounts()
    let path = try mounts.privateFolder().file("pin")
    let testProcess = try TestProcess(in: CloneFlag.net)
    let inode = try #require(KernelNamespace.inode(namespaceFile(testProcess.pid, .net)))
    try mounts.bind(namespaceFile(testProcess.pid, .net), onNew: path)
    let sleeper = try Command("/bin/sh", ["-c", "exec sleep 60 7<\(path)"])
    defer {
      sleeper.signal(SIGKILL)
      _ = try? sleeper.wait()
    }
    let own = open(path, O_RDONLY | O_CLOEXEC)
    defer { if own >= 0 { close(own) } }
    let link = "/proc/\(sleeper.pid)/fd/7"
    let opened = try live.wait { _ in
      (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) == path
    }
    try #require(opened != nil)
    func holders(_ pins: [NamespacePin]) -> Set<[Int32]> {
      Set(
        pins.compactMap { pin in
          guard case .descriptor(let pid, .some, let number, _) = pin.holder else { return nil }
          return [pid, number]
        })
    }
    let both: Set<[Int32]> = [[sleeper.pid, 7], [getpid(), own]]
    let before = try PinScanner(root: ProcRoot(), identity: source).scan()
    #expect(holders(before.pins.filter { $0.namespace.inode == inode }) == both)
    try testProcess.exit()
    try mounts.undoLast()
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "/")

    let scan = try PinScanner(root: ProcRoot(), identity: source).scan()
    let pins = scan.pins.filter { $0.namespace.inode == inode }
    #expect(holders(pins) == both)
    let hasID = live.identity != .continuity && source != .continuity
    #expect(
      pins.allSatisfy { $0.namespace.type == .net && ($0.namespace.kernelID != nil) == hasID })
    #expect(Set(pins.map(\.namespace)).count == 1)
  }

  @Test(
    "open files and mounts of a process are pins while one of its threads exists",
    arguments: IdentitySource.allCases)
  func mainThreadExits(source: IdentitySource) throws {
    let member = try TestProcess(in: CloneFlag.uts)
    let inode = try #require(KernelNamespace.inode(namespaceFile(member.pid, .uts)))
    let mounts = TestMounts()
    let path = try mounts.privateFolder().file("pin")
    try mounts.bind(namespaceFile(member.pid, .uts), onNew: path)
    // A new mount namespace starts with copies of the mounts of the one it was made in.
    let process = try TestProcess(in: CloneFlag.mnt)
    _ = try process.openUTS(of: member.pid)
    _ = try process.startThread()
    let mountInode = try #require(KernelNamespace.inode(namespaceFile(process.pid, .mnt)))
    try mounts.undoLast()
    try member.exit()
    func holders() throws -> Set<NamespacePin.Holder> {
      let scan = try PinScanner(root: ProcRoot(), identity: source).scan()
      return Set(
        scan.pins.filter { pin in
          guard case .mount(_, let mountNamespace) = pin.holder else {
            return pin.namespace.inode == inode && pin.holder.pid == process.pid
          }
          return pin.namespace.inode == inode && mountNamespace?.inode == mountInode
        }.map(\.holder))
    }
    let before = try holders()
    // Without kernel IDs, one scan cannot prove which namespace a mount in another mount namespace shows.
    #expect(before.count == (source == .continuity ? 1 : 2), "\(before)")
    try process.exitMainThread()
    #expect(try holders() == before)
  }

  @Test(
    "a socket is a pin of the net namespace that it was made in, when its process has left that")
  func sockets() throws {
    let testProcess = try TestProcess()
    try testProcess.unshare(CloneFlag.net)
    let inode = try #require(KernelNamespace.inode(namespaceFile(testProcess.pid, .net)))
    let first = try testProcess.makeSocket()
    _ = try testProcess.makeSocket()
    // A socket of the process's own namespace is no pin.
    #expect(try live.pins(inode).isEmpty)
    try testProcess.enter(getpid(), CloneFlag.net)
    _ = try testProcess.makeSocket()
    for _ in 0..<2 {
      let scan = try live.scanner.scan()
      let pins = scan.pins.filter {
        if case .socket(testProcess.pid, _, _) = $0.holder { true } else { false }
      }
      try #require(pins.count == 1)
      guard case .socket(_, let start, let number) = pins[0].holder else { return }
      #expect(start != nil && number == first)
      #expect(pins[0].namespace.type == .net && pins[0].namespace.inode == inode)
      #expect((pins[0].namespace.kernelID != nil) == (live.identity != .continuity))
      #expect(scan.related.contains { $0.namespace == pins[0].namespace && $0.owner != nil })
    }
  }

  @Test(
    "every identity source finds the same pins", arguments: IdentitySource.allCases)
  func sources(source: IdentitySource) throws {
    let mounts = TestMounts()
    let folder = try mounts.privateFolder()
    let testProcess = try TestProcess(in: CloneFlag.net | CloneFlag.uts)
    try mounts.bind(namespaceFile(testProcess.pid, .net), onNew: folder.file("net"))
    let own = open(namespaceFile(testProcess.pid, .uts), O_RDONLY | O_CLOEXEC)
    defer { if own >= 0 { close(own) } }
    let inodes = [NamespaceType.net, .uts].map {
      KernelNamespace.inode(namespaceFile(testProcess.pid, $0))
    }
    let scan = try PinScanner(root: ProcRoot(), identity: source).scan()
    for inode in inodes {
      let pins = scan.pins.filter { $0.namespace.inode == inode }
      // A process that another test starts may have a copy of the descriptor or of the mount for a moment.
      #expect(pins.count >= 1 && Set(pins.map(\.namespace)).count == 1, "\(pins)")
      let hasID = live.identity != .continuity && source != .continuity
      #expect(pins.allSatisfy { ($0.namespace.kernelID != nil) == hasID })
    }
  }

  @Test("lsns names the same mount of a net namespace")
  func lsns() throws {
    let mounts = TestMounts()
    let folder = try mounts.privateFolder()
    let testProcess = try TestProcess(in: CloneFlag.net)
    try mounts.bind(namespaceFile(testProcess.pid, .net), onNew: folder.file("net"))
    let inode = try #require(KernelNamespace.inode(namespaceFile(testProcess.pid, .net)))
    let outcome = try Command.run(
      "/usr/bin/lsns", ["-n", "-r", "-t", "net", "-o", "NS,NSFS"])
    let lines = outcome.output.split(separator: "\n").filter { $0.hasPrefix("\(inode) ") }
    #expect(lines == ["\(inode) \(folder.file("net"))"])
    #expect(try live.pins(inode).compactMap(\.path) == [folder.file("net")])
  }
}
