// Links that no kernel record holds: the time namespace, and those for children. A probe reads them right after an
// event.

import NamespaceEvents
import NamespaceModel
import Procfs
import Testing

@testable import NSRecorder

struct ProbeTests {
  private let script = EventScript()
  private static let elsewhere = TaskLinks.host.with(.time, 1, id: 101)

  @Test("the time namespace of a child comes from the probe; without a probe it is unseen")
  func timeOfChild() {
    script.fork(20, of: 10)
    script.fork(30, of: 10, probed: false)
    script.finishBatch()
    #expect(script.namespace(.time, of: 20)?.isInitial == true)
    #expect(script.state(.time, of: 30) == .unread(.unseen))
    #expect(script.state(.timeForChildren, of: 30) == .unread(.unseen))
    #expect(script.state(.net, of: 30) == script.state(.net, of: 10))
  }

  @Test("the time namespace of a task that moved without a probe is unseen")
  func timeOfMove() {
    script.fork(20, of: 10)
    script.move(20, .host.with(.net, 1, id: 101), probed: false)
    script.finishBatch()
    #expect(script.state(.time, of: 20) == .unread(.unseen))
    #expect(script.state(.pidForChildren, of: 20) == .unread(.unseen))
  }

  private func child(after exec: Bool, _ links: TaskLinks) {
    var probed = links.probed([.time, .timeForChildren])
    probed.isAfterExec = exec
    script.apply(20, of: 20, .fork(parentPID: 10, parentTID: 10))
    script.apply(20, of: 20, .namespaces(links.inodes), probed: probed)
    script.finishBatch()
  }

  @Test("a time namespace that is probed after an exec may be a later one, and so is unseen")
  func exec() {
    child(after: true, Self.elsewhere)
    #expect(script.state(.time, of: 20) == .unread(.unseen))
    #expect(script.state(.mnt, of: 20) == script.state(.mnt, of: 10))
  }

  @Test("a time namespace that is probed after an exec and is the parent's is that of the start")
  func execInSame() {
    child(after: true, .host)
    #expect(script.namespace(.time, of: 20)?.isInitial == true)
  }

  @Test("a time namespace that is probed before any exec is that of the start")
  func noExec() {
    child(after: false, Self.elsewhere)
    #expect(script.namespace(.time, of: 20)?.kernelID == 101)
  }

  @Test("an exec moves a process into its time namespace for children, which is read again")
  func execMoves() {
    script.fork(20, of: 10)
    let host = TaskLinks.host[.time]
    script.move(20, Self.elsewhere.with(.time, host))
    script.finishBatch()
    #expect(script.namespace(.time, of: 20)?.isInitial == true)
    #expect(script.namespace(.timeForChildren, of: 20)?.kernelID == 101)
    script.comm(20, "run", isExec: true)
    script.finishBatch()
    #expect(script.namespace(.time, of: 20)?.isInitial != true)
  }

  @Test("a probe during an exec may have read the time namespace from before the exec")
  func execDuringProbe() {
    script.fork(20, of: 10)
    let links = Self.elsewhere.with(.time, TaskLinks.host[.time])
    var probed = links.probed()
    probed.isAfterExec = true
    script.apply(20, of: 20, .namespaces(links.inodes), probed: probed)
    script.comm(20, "run", isExec: true)
    script.finishBatch()
    #expect(script.namespace(.time, of: 20)?.kernelID == 101)
  }

  @Test("a pid namespace for children is pending until the first child is in it")
  func pending() {
    let parent = TaskLinks.host.without(.pidForChildren, .pending)
    script.fork(20, of: 10)
    script.move(20, parent)
    script.finishBatch()
    #expect(script.state(.pidForChildren, of: 20) == .unread(.pending))
    #expect(script.state(.pid, of: 20) == script.state(.pid, of: 10))
    script.fork(30, of: 20, .host.with(.pid, 5, id: 105))
    script.finishBatch()
    #expect(script.namespace(.pid, of: 30)?.kernelID == 105)
    #expect(script.namespace(.pidForChildren, of: 20) == script.namespace(.pid, of: 30))
    script.fork(40, of: 20, .host.with(.pid, 5, id: 105), probed: false)
    script.finishBatch()
    #expect(script.namespace(.pid, of: 40) == script.namespace(.pid, of: 30))
    #expect(script.namespace(.pid, of: 20)?.isInitial == true)
  }

  @Test("a thread's children may go to another pid namespace than its process's")
  func pendingThread() {
    script.fork(20, of: 10)
    script.thread(21, of: 20)
    script.thread(22, of: 20)
    script.move(22, of: 20, .host.without(.pidForChildren, .pending))
    script.move(20, .host.without(.pidForChildren, .pending))
    script.fork(30, of: 20, by: 21, .host)
    script.fork(40, of: 20, by: 22, .host.with(.pid, 6, id: 106))
    script.finishBatch()
    #expect(script.state(.pidForChildren, of: 20) == .unread(.pending))
    script.fork(50, of: 20, .host.with(.pid, 5, id: 105))
    script.fork(60, of: 20, by: 22, .host.with(.pid, 6, id: 106), probed: false)
    script.finishBatch()
    #expect(script.namespace(.pidForChildren, of: 20)?.kernelID == 105)
    #expect(script.namespace(.pid, of: 60)?.kernelID == 106)
    #expect(script.history.faults == [])
  }

  @Test("a denied link is reported as denied, and the other links come from the records")
  func denied() {
    let links = TaskLinks.host.with(.net, 1, id: 101)
    var denied = links.probed()
    for link in NamespaceLink.allCases { denied.links[link] = .unread(.denied) }
    script.fork(20, of: 10)
    script.apply(20, of: 20, .namespaces(links.inodes), probed: denied)
    script.finishBatch()
    #expect(script.namespace(.net, of: 20)?.inode == TaskLinks.inode(1))
    #expect(script.namespace(.net, of: 20)?.kernelID == .some(nil))
    #expect(script.state(.time, of: 20) == .unread(.denied))
  }

  @Test("a probe that reads another inode number than the record gives no ID")
  func otherInode() {
    script.fork(20, of: 10)
    script.apply(
      20, of: 20, .namespaces(TaskLinks.host.with(.net, 1, id: 101).inodes),
      probed: TaskLinks.host.with(.net, 2, id: 102).probed())
    script.finishBatch()
    #expect(script.namespace(.net, of: 20)?.inode == TaskLinks.inode(1))
    #expect(script.namespace(.net, of: 20)?.kernelID == .some(nil))
  }
}
