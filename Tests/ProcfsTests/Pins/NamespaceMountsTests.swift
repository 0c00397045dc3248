// The lookup of mounted namespaces without a scan.

import Foundation
import NamespaceModel
import Procfs
import TestSupport
import Testing

@Suite(
  .ownsProcesses, .serialized, .enabled(if: geteuid() == 0, "needs root: mount, unshare"),
  .enabled(if: LivePinScanner.hasIDs, "the kernel gives namespaces no ids"))
struct NamespaceMountsTests {
  @Test("it is found from when it is mounted until it is unmounted, and no other type is")
  func found() throws {
    let root = try ProcRoot()
    let mounts = try #require(
      NamespaceMounts(root: root, identity: IdentitySource.probe(root)))
    let puppet = try TestProcess(in: CloneFlag.net)
    let inode = try #require(KernelNamespace.inode(namespaceFile(puppet.pid, .net)))
    #expect(mounts.id(of: .net, inode) == nil)
    let made = TestMounts()
    let path = try made.privateFolder().file("pin")
    try made.bind(namespaceFile(puppet.pid, .net), onNew: path)
    let id = try #require(eventually { mounts.id(of: .net, inode) })
    #expect(try LivePinScanner().pins(inode).map(\.namespace.kernelID) == [id])
    #expect(mounts.id(of: .uts, inode) == nil)
    try made.undoLast()
    #expect(mounts.id(of: .net, inode) == nil)
  }

  /// Repeats a read, because the mount table is not read again at once: an early read returns the old mounts.
  private func eventually(_ read: () -> UInt64?) -> UInt64? {
    for _ in 0..<200 {
      if let id = read() { return id }
      usleep(20_000)
    }
    return nil
  }

  @Test("without ids nothing is looked up")
  func withoutIDs() throws {
    #expect(NamespaceMounts(root: try ProcRoot(), identity: .continuity) == nil)
  }
}
