// The start of a process: its namespaces, and which of them are certain.

import NamespaceEvents
import NamespaceModel
import Procfs
import Testing

@testable import NSRecorder

struct StartTests {
  private let script = EventScript()

  @Test("a forked process is in the namespaces of its parent, reported by one event")
  func fork() throws {
    script.fork(20, of: 10)
    let reported = script.finishBatch()
    try #require(reported.count == 1)
    guard case .started(let start) = reported[0].change else {
      Issue.record("\(reported[0])")
      return
    }
    #expect(start.facts.pid == 20)
    #expect(start.facts.parentPID == 10)
    #expect(start.tid == nil)
    #expect(start.parent == script.history.process(10)?.token)
    #expect(start.set.links == TaskLinks.host.states)
    #expect(start.set === script.follower.tasks.processes[10]?.set.observed)
    #expect(reported[0].boot == script.time)
  }

  @Test("the time of an event gives the start in clock ticks")
  func ticks() {
    script.clock = 1_239_999_997_000
    script.fork(20, of: 10)
    #expect(script.follower.tasks.processes[20]?.facts.startTicks == 123_999)
  }

  @Test(
    "a process that is cloned into new namespaces starts there, with the IDs that the probe read")
  func clone() {
    script.fork(20, of: 10, .host.with(.net, 1, id: 101).with(.uts, 2, id: 102))
    #expect(script.finishBatch().count == 1)
    #expect(script.namespace(.net, of: 20)?.kernelID == 101)
    #expect(script.namespace(.net, of: 20)?.inode == TaskLinks.inode(1))
    #expect(script.namespace(.uts, of: 20)?.kernelID == 102)
    #expect(script.namespace(.mnt, of: 20) == script.namespace(.mnt, of: 10))
    #expect(script.namespace(.net, of: 20)?.isInitial == false)
  }

  @Test("without a probe a new namespace has no id, and known namespaces have theirs")
  func cloneUnseen() {
    script.fork(20, of: 10, .host.with(.net, 1, id: 101), probed: false)
    script.finishBatch()
    #expect(script.namespace(.net, of: 20)?.inode == TaskLinks.inode(1))
    #expect(script.namespace(.net, of: 20)?.kernelID == .some(nil))
    #expect(script.namespace(.mnt, of: 20) == script.namespace(.mnt, of: 10))
  }

  @Test(
    "a child starts in the namespaces of its parent, also if that one moved or is a child itself")
  func descent() {
    script.fork(20, of: 10)
    script.move(20, .host.with(.net, 1, id: 101))
    script.fork(30, of: 20)
    script.fork(40, of: 30)
    script.finishBatch()
    for pid in [20, 30, 40] as [Int32] {
      #expect(script.namespace(.net, of: pid)?.kernelID == 101, "\(pid)")
    }
    #expect(script.history.process(40)?.task.parent == script.history.process(30)?.token)
    #expect(script.history.faults == [])
  }

  @Test("a child of an unknown parent is in the namespaces of its own record")
  func unknownMaker() {
    let links = TaskLinks.host.with(.net, 1, id: 101)
    script.apply(20, of: 20, .fork(parentPID: 99, parentTID: 99))
    script.apply(20, of: 20, .namespaces(links.inodes), probed: links.probed())
    script.finishBatch()
    #expect(script.history.process(20)?.task.links == links.states)
    #expect(script.history.process(20)?.task.parent == nil)
  }

  @Test("a namespace type that the kernel lacks is reported as unsupported")
  func unsupported() {
    let old = TaskLinks.host.without(.cgroup, .unsupported).without(.time, .unsupported)
      .without(.timeForChildren, .unsupported)
    let script = EventScript([10: old])
    script.fork(20, of: 10, old, probed: false)
    script.move(20, old.with(.net, 1, id: nil), probed: false)
    script.finishBatch()
    for link in [NamespaceLink.cgroup, .time, .timeForChildren] {
      #expect(script.state(link, of: 20) == .unread(.unsupported), "\(link)")
    }
  }

  @Test("an exit before the namespaces event starts no process")
  func exitAtOnce() {
    script.apply(20, of: 20, .fork(parentPID: 10, parentTID: 10))
    script.exit(20)
    #expect(script.finishBatch().isEmpty)
  }
}
