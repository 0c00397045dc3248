// The owners and parents of pinned namespaces in which no process is.

import Foundation
import NamespaceModel
import Procfs
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized, .enabled(if: geteuid() == 0, "needs root: unshare"))
struct PinRelationTests {
  private let live: LivePinScanner

  init() throws { live = try LivePinScanner() }

  @Test("every scan reports the owners of a pinned user namespace, three levels up")
  func deep() throws {
    guard live.identity != .continuity else {
      try Test.cancel("the kernel gives no ids, so that owners cannot be distinguished")
    }
    let nested = try Command(
      "/usr/bin/unshare",
      ["-Ur", "unshare", "-Ur", "unshare", "-Ur", "sh", "-c", "exec sleep 60"])
    let file = namespaceFile(nested.pid, .user)
    // Waits until the shell in the innermost of the three namespaces has executed `sleep`.
    for _ in 0..<200 {
      if try String(contentsOfFile: "/proc/\(nested.pid)/comm", encoding: .utf8) == "sleep\n" {
        break
      }
      usleep(20000)
    }
    let mounts = TestMounts()
    let ready = try mounts.privateFolder()
    try mounts.bind(file, onNew: ready.file("user"))
    nested.signal(SIGKILL)
    _ = try nested.wait()

    for _ in 0..<2 {
      let scan = try live.scanner.scan()
      var chain: [ObservedNamespace] = []
      var next = scan.pins.first { $0.path == ready.file("user") }?.namespace
      while let namespace = next {
        chain.append(namespace)
        let relations = scan.related.filter { $0.namespace == namespace }
        #expect(relations.count == 1)
        #expect(relations.first?.ownerUID != nil)
        next = relations.first?.parent
      }
      #expect(chain.count == 4)
      #expect(chain.last?.isInitial == true)
      #expect(chain.dropLast().allSatisfy { $0.isInitial == false && $0.kernelID != nil })
    }
  }

  @Test("the relations of a namespace that is no longer pinned are not reported")
  func forgotten() throws {
    let process = try TestProcess(in: CloneFlag.user)
    let file = open(namespaceFile(process.pid, .user), O_RDONLY | O_CLOEXEC)
    try #require(file >= 0)
    let inode = try #require(KernelNamespace.inode(namespaceFile(process.pid, .user)))
    #expect(try live.scanner.scan().related.contains { $0.namespace.inode == inode })
    close(file)
    #expect(try !live.scanner.scan().related.contains { $0.namespace.inode == inode })
  }
}
