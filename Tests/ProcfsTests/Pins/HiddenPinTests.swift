// Mounts that no path leads to: below another mount, or in mount namespaces without a process.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@testable import Procfs

@Suite(
  .ownsProcesses, .serialized, .enabled(if: geteuid() == 0, "needs root: mount, unshare"),
  .enabled(if: LivePinScanner.hasIDs, "the kernel gives no ids"))
struct HiddenPinTests {
  private let live: LivePinScanner

  init() throws { live = try LivePinScanner() }

  @Test(
    "a namespace mounted below another mount is identified by another mount of it",
    arguments: [0, 1])
  func elsewhere(before: Int) throws {
    let mounts = TestMounts()
    let folder = try mounts.privateFolder()
    let lower = try TestProcess(in: CloneFlag.uts)
    let upper = try TestProcess(in: CloneFlag.ipc)
    let file = namespaceFile(lower.pid, .uts)
    // The table lists mounts in the order in which they were made.
    if before == 1 { try mounts.bind(file, onNew: folder.file("seen")) }
    try mounts.bind(file, onNew: folder.file("pin"))
    try mounts.bind(namespaceFile(upper.pid, .ipc), folder.file("pin"))
    if before == 0 { try mounts.bind(file, onNew: folder.file("seen")) }
    let inode = try #require(KernelNamespace.inode(file))
    let pins = try live.pins(inode)
    #expect(Set(pins.map(\.path)) == [folder.file("seen"), folder.file("pin")])
    #expect(pins.allSatisfy { $0.namespace.kernelID != nil && $0.namespace.inodeGeneration == 0 })
    #expect(Set(pins.map(\.namespace)).count == 1)
  }

  @Test("mounts in a pinned mount namespace without a process are reported with their raw paths")
  func empty() throws {
    let mounts = TestMounts()
    let folder = try mounts.privateFolder()
    let path = folder.file("a b\nc\\040")
    try Data().write(to: URL(fileURLWithPath: path))
    var inodes: [NamespaceType: UInt64] = [:]
    do {
      let holder = try TestProcess(in: CloneFlag.mnt)
      let made = try TestProcess(in: CloneFlag.net)
      inodes[.mnt] = KernelNamespace.inode(namespaceFile(holder.pid, .mnt))
      inodes[.net] = KernelNamespace.inode(namespaceFile(made.pid, .net))
      for arguments in [
        ["--make-rprivate", "/"], ["--bind", namespaceFile(made.pid, .net), path],
      ] {
        let outcome = try Command.run(
          "/usr/bin/nsenter", ["-t", "\(holder.pid)", "-m", "/bin/mount"] + arguments)
        try #require(outcome.status == 0, "\(outcome.messages)")
      }
      try mounts.bind(namespaceFile(holder.pid, .mnt), onNew: folder.file("mnt"))
      try holder.exit()
      try made.exit()
    }
    let scan = try live.scanner.scan()
    let mountNamespace = try #require(scan.pins.first { $0.path == folder.file("mnt") }?.namespace)
    #expect(mountNamespace.inode == inodes[.mnt])
    let pins = scan.pins.filter { $0.namespace.inode == inodes[.net] }
    #expect(pins.map(\.holder) == [.mount(path: Array(path.utf8), in: mountNamespace)])
    #expect(pins.first?.namespace.kernelID == nil)
    #expect(scan.unreadMounts == 0)
    // The mounts in a mount namespace end with it.
    try mounts.undoLast()
    #expect(try live.pins(inodes[.net]).isEmpty)
  }

  @Test(
    "an inode number gets no kernel ID that it may have had only after the mount table was read")
  func reused() throws {
    var names = PinIdentities()
    names.begin(varying: [:])
    names.step = 1
    _ = names.name(.net, 5, id: 70)
    #expect(names.idBefore(2, .net, 5) == 70)
    #expect(names.idBefore(1, .net, 5) == nil && names.hasIDOnlySince(1, .net, 5))
    #expect(names.idBefore(2, .uts, 5) == nil)
    names.finish()
    names.begin(varying: [:])
    names.step = 2
    _ = names.name(.net, 5, id: 71)
    // The inode number had another ID before, so it is not known which namespace the earlier table meant.
    #expect(names.idBefore(2, .net, 5) == nil)
    names.finish()
    names.begin(varying: [:])
    names.finish()
    #expect(names.idBefore(9, .net, 5) == nil)
  }
}
