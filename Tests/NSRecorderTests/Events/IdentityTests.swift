// Which namespace an inode number denotes. The kernel reuses the number of a namespace as soon as it has ended.

import NamespaceEvents
import NamespaceModel
import Procfs
import Testing

@testable import NSRecorder

struct IdentityTests {
  private let script = EventScript()
  private let there = TaskLinks.host.with(.net, 1, id: 101)

  private func net(_ pid: Int32) -> ObservedNamespace? { script.namespace(.net, of: pid) }

  @Test(
    "a process that enters an inode number in which a task is enters that namespace, probed or not")
  func join() {
    script.fork(20, of: 10, there)
    script.fork(30, of: 10)
    script.move(30, there, probed: false)
    script.fork(40, of: 10)
    script.move(40, there)
    script.finishBatch()
    #expect(
      script.follower.tasks.processes[30]?.set[.net].key
        == script.follower.tasks.processes[20]?.set[.net].key)
    #expect(net(30)?.kernelID == 101)
    #expect(net(40) == net(20))
  }

  @Test("an inode number that is reused after its last task left is another namespace")
  func reuse() {
    script.fork(20, of: 10, there)
    script.finishBatch()
    let first = net(20)
    script.move(20, .host)
    script.fork(30, of: 10, .host.with(.net, 1, id: 102))
    script.finishBatch()
    #expect(net(30)?.inode == first?.inode)
    #expect(net(30)?.kernelID == 102)
    #expect(net(30) != first)
  }

  @Test("without IDs, an inode number that no task had in between is another namespace")
  func reuseWithoutIDs() {
    let bare = TaskLinks.host.with(.net, 1, id: nil)
    script.fork(20, of: 10, bare)
    script.finishBatch()
    let first = net(20)
    script.exit(20)
    script.fork(30, of: 10, bare)
    script.finishBatch()
    #expect(first != nil)
    #expect(net(30) != nil)
    #expect(net(30) != first)
    #expect(net(30)?.inode == first?.inode)
  }

  @Test("a reused inode number whose ID is not read is not taken for the earlier namespace")
  func reuseUnseen() {
    script.fork(20, of: 10, there)
    script.finishBatch()
    let first = net(20)
    script.exit(20)
    script.fork(30, of: 10, there, probed: false)
    script.finishBatch()
    #expect(net(30) != first)
    #expect(net(30)?.kernelID == .some(nil))
  }

  @Test("a task that returns finds the same namespace if the same ID is read again")
  func awayAndBack() {
    script.fork(20, of: 10, there)
    script.finishBatch()
    let first = net(20)
    script.move(20, .host)
    script.move(20, there)
    script.finishBatch()
    #expect(net(20) == first)
    script.move(20, .host)
    script.move(20, there, probed: false)
    script.finishBatch()
    #expect(net(20) != first)
  }

  @Test(
    "another ID for an inode number proves another namespace, even while a task is known in the first"
  )
  func reuseBeforeLeave() {
    // Namespaces are switched a moment before the record is written (ksys_unshare of kernel/fork.c): on
    // another processor the inode number can be reused, and reported, in between.
    script.fork(20, of: 10, there)
    script.fork(30, of: 10)
    script.move(30, .host.with(.net, 1, id: 102))
    script.move(20, .host)
    script.fork(40, of: 30)
    script.finishBatch()
    #expect(net(30)?.kernelID == 102)
    #expect(net(40)?.kernelID == 102)
    script.fork(50, of: 10)
    script.move(50, .host.with(.net, 1, id: 102))
    script.finishBatch()
    #expect(net(50) == net(30))
  }

  @Test("one inode number of two types is two namespaces")
  func typesApart() {
    script.fork(20, of: 10, there)
    script.exit(20)
    script.fork(30, of: 10, .host.with(.uts, 1, id: 103))
    script.finishBatch()
    #expect(script.namespace(.uts, of: 30)?.kernelID == 103)
    #expect(net(30) == net(10))
  }

  @Test("a namespace that is only a task's pid_for_children stays known")
  func heldForChildren() {
    let parent = TaskLinks.host.with(.pid, 5, id: 105).with(.pid, TaskLinks.host[.pid])
    script.fork(20, of: 10)
    script.move(20, parent)
    script.fork(30, of: 10)
    script.move(30, parent, probed: false)
    script.fork(40, of: 20, .host.with(.pid, 5, id: 105), probed: false)
    script.finishBatch()
    #expect(script.namespace(.pid, of: 40)?.kernelID == 105)
    #expect(script.namespace(.pid, of: 40) == script.namespace(.pidForChildren, of: 20))
  }

  @Test("namespace sets without a task are forgotten, and so are their inode numbers")
  func trim() {
    for number in 1...5000 as ClosedRange<UInt64> {
      script.fork(20, of: 10, .host.with(.net, number, id: number + 100))
      script.exit(20)
    }
    script.fork(30, of: 10, there)
    script.finishBatch()
    script.fork(40, of: 10)
    script.move(40, there, probed: false)
    script.finishBatch()
    #expect(net(40)?.kernelID == 101)
    #expect(net(10)?.isInitial == true)
    #expect(script.history.faults == [])
  }
}
