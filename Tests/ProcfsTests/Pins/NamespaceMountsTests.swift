// Looks up whether a namespace is mounted, without a scan for pins.

import Foundation
import NamespaceModel
import Procfs
import TestSupport
import Testing

@Suite(
  .ownsProcesses, .serialized, .enabled(if: geteuid() == 0, "needs root: mount, unshare"),
  .enabled(if: LivePinScanner.hasIDs, "the kernel gives namespaces no ids"))
struct NamespaceMountsTests {
  @Test("a namespace is found from its mount to its unmount, by its own type only")
  func found() throws {
    let root = try ProcRoot()
    let mounts = try #require(
      NamespaceMounts(root: root, identity: IdentitySource.probe(root)))
    let process = try TestProcess(in: CloneFlag.net)
    let inode = try #require(KernelNamespace.inode(namespaceFile(process.pid, .net)))
    #expect(mounts.id(of: .net, inode) == nil)
    let made = TestMounts()
    let path = try made.privateFolder().file("pin")
    try made.bind(namespaceFile(process.pid, .net), onNew: path)
    let id = try #require(eventually { mounts.id(of: .net, inode) })
    #expect(try LivePinScanner().pins(inode).map(\.namespace.kernelID) == [id])
    #expect(mounts.id(of: .uts, inode) == nil)
    try made.undoLast()
    #expect(mounts.id(of: .net, inode) == nil)
  }

  /// Repeats a lookup, which may use the mount table that it read before for a moment, and so miss a new mount.
  private func eventually(_ read: () -> UInt64?) -> UInt64? {
    for _ in 0..<200 {
      if let id = read() { return id }
      usleep(20_000)
    }
    return nil
  }

  @Test("on a kernel without namespace IDs there is no lookup")
  func withoutIDs() throws {
    #expect(NamespaceMounts(root: try ProcRoot(), identity: .continuity) == nil)
  }
}
