// Threads. A thread becomes a task of its own when its namespaces first differ from its process's, and stays one
// until it exits.

import NamespaceEvents
import NamespaceModel
import Testing

@testable import NSRecorder

struct ThreadFollowingTests {
  private let script = EventScript()
  private let there = TaskLinks.host.with(.net, 1, id: 101)

  init() {
    script.fork(20, of: 10)
    script.thread(21, of: 20)
    script.finishBatch()
  }

  private func net(ofThread tid: Int32) -> LinkState? {
    script.history.thread(tid)?.task.links[Int(NamespaceLink.net.rawValue)]
  }

  @Test("a thread in the namespaces of its process is not reported")
  func unremarkable() {
    #expect(script.history.thread(21) == nil)
    script.exit(21, of: 20)
    #expect(script.finishBatch().isEmpty)
  }

  @Test("a thread that moves, returns and moves again is one task until it exits")
  func thread() {
    script.move(21, of: 20, there)
    script.finishBatch()
    #expect(net(ofThread: 21) == there.states[Int(NamespaceLink.net.rawValue)])
    #expect(script.history.thread(21)?.task.parent == script.history.process(20)?.token)
    #expect(script.namespace(.net, of: 20)?.isInitial == true)
    let first = script.history.thread(21)?.token
    let further = TaskLinks.host.with(.net, 2, id: 102)
    script.move(21, of: 20, further)
    script.finishBatch()
    #expect(script.history.thread(21)?.token == first)
    #expect(net(ofThread: 21) == further.states[Int(NamespaceLink.net.rawValue)])
    script.move(21, of: 20, .host)
    script.finishBatch()
    // The thread returns to its process's namespaces, which is a move, not an exit.
    #expect(script.history.thread(21)?.token == first)
    #expect(script.history.thread(21)?.task.links == TaskLinks.host.states)
    script.move(21, of: 20, there)
    script.finishBatch()
    #expect(script.history.thread(21)?.token == first)
    script.exit(21, of: 20)
    let reported = script.finishBatch()
    #expect(reported.count == 1)
    #expect(script.history.thread(21) == nil)
    #expect(script.history.process(20) != nil)
    #expect(script.history.faults == [])
  }

  @Test(
    "a thread that moves is reported with its earlier links; one that remains is not reported as moved"
  )
  func origins() {
    script.thread(22, of: 20)
    script.move(21, of: 20, there)
    script.thread(23, of: 20, by: 21)
    script.move(20, TaskLinks.host.with(.uts, 3, id: 103))
    var origins: [Int32: ThreadOrigin] = [:]
    for case .started(let start) in script.finishBatch().map(\.change) {
      if let tid = start.tid { origins[tid] = start.origin }
    }
    #expect(origins == [21: .moved(from: TaskLinks.host.states), 22: .unknown, 23: .started])
    #expect(script.history.faults == [])
  }

  @Test("a process whose main thread exits is a zombie until its last thread exits")
  func withoutMain() {
    script.move(20, there)
    script.move(21, of: 20, there)
    script.finishBatch()
    let token = script.history.process(20)?.token
    script.exit(20)
    script.finishBatch()
    // The process exits with its last thread.
    #expect(script.history.process(20)?.token == token)
    #expect(script.history.process(20)?.task.isZombie == true)
    #expect(net(ofThread: 21) == there.states[Int(NamespaceLink.net.rawValue)])
    script.exit(21, of: 20)
    script.finishBatch()
    #expect(script.history.thread(21) == nil)
    #expect(script.history.process(20) == nil)
    #expect(script.history.faults == [])
  }

  @Test(
    "a process whose threads all exit together exits with the last of them, and is never a zombie")
  func allAtOnce() {
    script.exit(20, nextOf: 21, .exit)
    #expect(script.finishBatch().isEmpty)
    #expect(script.history.process(20)?.task.isZombie == false)
    script.exit(21, of: 20)
    let reported = script.finishBatch()
    #expect(reported.count == 1 && reported.first?.boot == script.time)
    #expect(script.history.process(20) == nil && script.history.faults == [])
  }

  @Test("a thread created by an exiting one remains, and its process is then a zombie")
  func bornMeanwhile() {
    script.exit(20, nextOf: 21, .exit)
    script.thread(22, of: 20, by: 21)
    #expect(script.finishBatch().isEmpty)
    script.exit(21, of: 20)
    script.finishBatch()
    #expect(script.history.process(20)?.task.isZombie == true)
    #expect(script.history.thread(22)?.task.links == TaskLinks.host.states)
    script.exit(22, of: 20)
    script.finishBatch()
    #expect(script.history.process(20) == nil && script.history.faults == [])
  }

  @Test("a thread that is created after the main thread exited is a task")
  func bornWithoutMain() {
    script.move(20, there)
    script.move(21, of: 20, there)
    script.finishBatch()
    script.exit(20)
    script.finishBatch()
    script.thread(22, of: 20, by: 21)
    script.finishBatch()
    #expect(net(ofThread: 22) == there.states[Int(NamespaceLink.net.rawValue)])
    script.exit(21, of: 20)
    script.finishBatch()
    #expect(net(ofThread: 22) == there.states[Int(NamespaceLink.net.rawValue)])
    script.exit(22, of: 20)
    script.finishBatch()
    #expect(script.history.thread(22) == nil)
    #expect(script.history.faults == [])
  }

  @Test("a thread from before the events is discovered when its main thread exits")
  func olderWithoutMain() {
    script.begin([10: .host, 20: there])
    var probed = there.probed()
    probed.threads = [23: there.links]
    script.apply(20, of: 20, .exit, probed: probed)
    script.finishBatch()
    #expect(net(ofThread: 23) == there.states[Int(NamespaceLink.net.rawValue)])
    script.exit(23, of: 20)
    script.finishBatch()
    #expect(script.history.thread(23) == nil)
    #expect(script.history.faults == [])
  }

  @Test("when the main thread moves, the other threads are tasks from then on")
  func leader() {
    script.thread(22, of: 20)
    script.move(20, there)
    script.finishBatch()
    #expect(script.namespace(.net, of: 20)?.kernelID == 101)
    for tid in [21, 22] as [Int32] {
      #expect(net(ofThread: tid) == TaskLinks.host.states[Int(NamespaceLink.net.rawValue)])
    }
    script.move(21, of: 20, there)
    script.finishBatch()
    #expect(net(ofThread: 21) == there.states[Int(NamespaceLink.net.rawValue)])
    script.move(20, .host)
    script.finishBatch()
    #expect(script.history.thread(22)?.task.links == TaskLinks.host.states)
    #expect(net(ofThread: 21) == there.states[Int(NamespaceLink.net.rawValue)])
    #expect(script.history.faults == [])
  }

  @Test("threads from before the events are discovered when their process moves")
  func before() {
    let script = EventScript([10: .host, 30: .host])
    script.move(30, there, threads: [31: .host, 32: .host])
    script.finishBatch()
    #expect(script.history.thread(31)?.task.links == TaskLinks.host.states)
    #expect(script.history.thread(32)?.task.links == TaskLinks.host.states)
    script.exit(31, of: 30)
    script.finishBatch()
    #expect(script.history.thread(31) == nil)
    #expect(script.history.faults == [])
  }

  @Test("a thread from before the events is discovered when it moves, also without a probe")
  func beforeMoves() {
    let script = EventScript([10: .host, 30: .host])
    script.move(31, of: 30, there, probed: false)
    script.finishBatch()
    #expect(script.namespace(.net, of: 30)?.isInitial == true)
    guard case .namespace(let net)? = script.history.thread(31)?.task.links[3] else {
      Issue.record("no thread")
      return
    }
    #expect(net.inode == TaskLinks.inode(1))
    #expect(net.kernelID == nil)
  }

  @Test("threads and processes start in the namespaces of the thread that creates them")
  func madeElsewhere() {
    script.move(21, of: 20, there)
    script.thread(23, of: 20, by: 21)
    script.fork(30, of: 20, by: 21, there)
    script.finishBatch()
    #expect(net(ofThread: 23) == there.states[Int(NamespaceLink.net.rawValue)])
    #expect(script.namespace(.net, of: 30)?.kernelID == 101)
    #expect(script.history.process(30)?.task.parent == script.history.thread(21)?.token)
    #expect(script.history.faults == [])
  }

  @Test("once the main thread has exited, the others still move")
  func afterLeader() {
    script.move(21, of: 20, there)
    script.exit(20)
    script.finishBatch()
    #expect(script.history.process(20)?.task.isZombie == true)
    #expect(net(ofThread: 21) == there.states[Int(NamespaceLink.net.rawValue)])
    let further = TaskLinks.host.with(.net, 2, id: 102)
    script.move(21, of: 20, further)
    script.finishBatch()
    #expect(net(ofThread: 21) == further.states[Int(NamespaceLink.net.rawValue)])
    script.exit(21, of: 20)
    script.finishBatch()
    #expect(script.history.thread(21) == nil)
    #expect(script.history.faults == [])
  }

  @Test("once the main thread has exited, a thread that moves is reported")
  func movesAfterLeader() {
    script.exit(20)
    script.finishBatch()
    script.move(21, of: 20, there)
    script.finishBatch()
    #expect(net(ofThread: 21) == there.states[Int(NamespaceLink.net.rawValue)])
    script.exit(21, of: 20)
    script.finishBatch()
    #expect(script.history.tasks.count == 1)
    #expect(script.history.faults == [])
  }

  @Test("nothing is retained of the threads of a process that has exited")
  func nothingHeld() {
    script.move(21, of: 20, there)
    script.exit(21, of: 20)
    script.exit(20)
    script.finishBatch()
    #expect(script.follower.tasks.threads.isEmpty)
    #expect(script.follower.tasks.threadsOf.isEmpty)
    #expect(script.follower.namespaces.live(.net, TaskLinks.inode(1)) == nil)
  }
}
