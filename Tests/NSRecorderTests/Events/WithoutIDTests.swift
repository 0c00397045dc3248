// Kernels that give namespaces no IDs. An inode number at one moment stands for one namespace. A process that enters
// a namespace whose last process exits a moment later is recorded in a namespace with that inode number, not as
// unseen.

import NamespaceEvents
import NamespaceModel
import Procfs
import TestSupport
import Testing

@testable import NSRecorder

struct WithoutIDTests {
  private let script = EventScript()

  private func key(_ link: NamespaceLink, _ pid: Int32) -> UInt? {
    script.follower.tasks.processes[pid]?.set[link].key
  }

  @Test("two links of a task with one inode number lead to one namespace")
  func twoLinks() {
    let inner = TaskLinks.host.with(.pid, 5, id: nil).with(.time, 6, id: nil)
    script.fork(20, of: 10, inner)
    script.finishBatch()
    #expect(key(.pid, 20) == key(.pidForChildren, 20))
    #expect(key(.time, 20) == key(.timeForChildren, 20))
  }

  @Test("the pid namespace of a child is the one that its parent's children go to")
  func parentAndChild() {
    let inner = TaskLinks.host.with(.pid, 5, id: nil)
    let parent = inner.with(.pid, TaskLinks.host[.pid])
    // The child starts before the parent is probed.
    script.fork(20, of: 10)
    script.move(20, parent)
    script.fork(30, of: 20, inner)
    script.fork(40, of: 30, inner)
    script.finishBatch()
    #expect(key(.pid, 30) == key(.pidForChildren, 20))
    #expect(key(.pid, 40) == key(.pid, 30))
    #expect(key(.pidForChildren, 40) == key(.pid, 30))
    // The parent is probed before the child starts.
    script.fork(50, of: 10)
    script.move(50, parent.without(.pidForChildren, .pending))
    script.fork(60, of: 50, .host.with(.pid, 7, id: nil))
    script.finishBatch()
    #expect(key(.pid, 60) == key(.pidForChildren, 50))
  }

  @Test(
    "a process that enters just before the last one exits may be in another namespace of that number"
  )
  func intruder() throws {
    let bare = TaskLinks.host.with(.uts, 1, id: nil)
    script.fork(20, of: 10, bare)
    script.fork(30, of: 10)
    script.finishBatch()
    let exit = KernelEvent(time: script.clock + 5_000_000, pid: 20, tid: 20, kind: .exit)
    script.clock += 1000
    script.follower.apply(
      KernelEvent(time: script.clock, pid: 30, tid: 30, kind: .namespaces(bare.inodes)),
      bare.probed(), lookahead: [EventReorderer.Item(event: exit, probed: nil, order: 0, epoch: 0)])
    script.finishBatch()
    let first = try #require(script.namespace(.uts, of: 20))
    let second = try #require(script.namespace(.uts, of: 30))
    #expect(second.inode == first.inode)
    #expect(second != first)
  }

  @Test("while a child of the last process is in the namespace, it is the same namespace")
  func heldByChild() {
    let bare = TaskLinks.host.with(.uts, 1, id: nil)
    script.fork(20, of: 10, bare)
    script.fork(30, of: 10)
    script.finishBatch()
    let later = script.clock + 1_000_000
    let kinds: [(Int32, KernelEvent.Kind)] = [
      (40, .fork(parentPID: 20, parentTID: 20)), (40, .namespaces(bare.inodes)), (20, .exit),
    ]
    let lookahead = kinds.enumerated().map { index, one in
      EventReorderer.Item(
        event: KernelEvent(
          time: later + Int64(index), pid: one.0, tid: one.0, kind: one.1),
        probed: nil, order: index, epoch: 0)
    }
    script.clock += 1000
    script.follower.apply(
      KernelEvent(time: script.clock, pid: 30, tid: 30, kind: .namespaces(bare.inodes)),
      bare.probed(), lookahead: lookahead[...])
    script.finishBatch()
    #expect(key(.uts, 30) == key(.uts, 20))
  }
}
