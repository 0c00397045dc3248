// Threads: a task of its own is one whose namespaces are not its process's, from then on until it exits.

import NamespaceEvents
import NamespaceModel
import Testing

@testable import NSRecorder

struct ThreadFollowingTests {
  private let script = EventScript()
  private let there = Place.host.with(.net, 1, id: 101)

  init() {
    script.fork(20, of: 10)
    script.thread(21, of: 20)
    script.turn()
  }

  private func net(ofThread tid: Int32) -> LinkState? {
    script.history.thread(tid)?.task.links[Int(NamespaceLink.net.rawValue)]
  }

  @Test("a thread that is where its process is, is not told of")
  func unremarkable() {
    #expect(script.history.thread(21) == nil)
    script.exit(21, of: 20)
    #expect(script.turn().isEmpty)
  }

  @Test("a thread moves, moves on, comes back and exits")
  func thread() {
    script.move(21, of: 20, there)
    script.turn()
    #expect(net(ofThread: 21) == there.states[Int(NamespaceLink.net.rawValue)])
    #expect(script.history.thread(21)?.task.parent == script.history.process(20)?.token)
    #expect(script.namespace(.net, of: 20)?.isInitial == true)
    let first = script.history.thread(21)?.token
    let further = Place.host.with(.net, 2, id: 102)
    script.move(21, of: 20, further)
    script.turn()
    #expect(script.history.thread(21)?.token == first)
    #expect(net(ofThread: 21) == further.states[Int(NamespaceLink.net.rawValue)])
    script.move(21, of: 20, .host)
    script.turn()
    // It has returned: it has moved, and has not exited.
    #expect(script.history.thread(21)?.token == first)
    #expect(script.history.thread(21)?.task.links == Place.host.states)
    script.move(21, of: 20, there)
    script.turn()
    #expect(script.history.thread(21)?.token == first)
    script.exit(21, of: 20)
    let told = script.turn()
    #expect(told.count == 1)
    #expect(script.history.thread(21) == nil)
    #expect(script.history.process(20) != nil)
    #expect(script.history.faults == [])
  }

  @Test("a thread that moves is told where it was, one that stays behind is not told to have moved")
  func origins() {
    script.thread(22, of: 20)
    script.move(21, of: 20, there)
    script.thread(23, of: 20, by: 21)
    script.move(20, Place.host.with(.uts, 3, id: 103))
    var origins: [Int32: ThreadOrigin] = [:]
    for case .started(let start) in script.turn().map(\.change) {
      if let tid = start.tid { origins[tid] = start.origin }
    }
    #expect(origins == [21: .moved(from: Place.host.states), 22: .unknown, 23: .started])
    #expect(script.history.faults == [])
  }

  @Test("threads that stay when the main one ends hold its namespaces until they end")
  func withoutMain() {
    script.move(20, there)
    script.move(21, of: 20, there)
    script.turn()
    let token = script.history.process(20)?.token
    script.exit(20)
    script.turn()
    // The process exits with its last thread.
    #expect(script.history.process(20)?.token == token)
    #expect(script.history.process(20)?.task.isZombie == true)
    #expect(net(ofThread: 21) == there.states[Int(NamespaceLink.net.rawValue)])
    script.exit(21, of: 20)
    script.turn()
    #expect(script.history.thread(21) == nil)
    #expect(script.history.process(20) == nil)
    #expect(script.history.faults == [])
  }

  @Test("a process all of whose threads exit with the main one exits with the last of them")
  func allAtOnce() {
    script.exit(20, nextOf: 21, .exit)
    #expect(script.turn().isEmpty)
    #expect(script.history.process(20)?.task.isZombie == false)
    script.exit(21, of: 20)
    let told = script.turn()
    #expect(told.count == 1 && told.first?.boot == script.clock)
    #expect(script.history.process(20) == nil && script.history.faults == [])
  }

  @Test("a thread that is made by one about to exit goes on, and its process is a zombie then")
  func bornMeanwhile() {
    script.exit(20, nextOf: 21, .exit)
    script.thread(22, of: 20, by: 21)
    #expect(script.turn().isEmpty)
    script.exit(21, of: 20)
    script.turn()
    #expect(script.history.process(20)?.task.isZombie == true)
    #expect(script.history.thread(22)?.task.links == Place.host.states)
    script.exit(22, of: 20)
    script.turn()
    #expect(script.history.process(20) == nil && script.history.faults == [])
  }

  @Test("a thread that is made beside a main one that has ended is a task as the others are")
  func bornWithoutMain() {
    script.move(20, there)
    script.move(21, of: 20, there)
    script.turn()
    script.exit(20)
    script.turn()
    script.thread(22, of: 20, by: 21)
    script.turn()
    #expect(net(ofThread: 22) == there.states[Int(NamespaceLink.net.rawValue)])
    script.exit(21, of: 20)
    script.turn()
    #expect(net(ofThread: 22) == there.states[Int(NamespaceLink.net.rawValue)])
    script.exit(22, of: 20)
    script.turn()
    #expect(script.history.thread(22) == nil)
    #expect(script.history.faults == [])
  }

  @Test("a thread from before events is met when its main one ends")
  func olderWithoutMain() {
    script.begin([10: .host, 20: there])
    var look = there.look()
    look.threads = [23: there.links]
    script.take(20, of: 20, .exit, look: look)
    script.turn()
    #expect(net(ofThread: 23) == there.states[Int(NamespaceLink.net.rawValue)])
    script.exit(23, of: 20)
    script.turn()
    #expect(script.history.thread(23) == nil)
    #expect(script.history.faults == [])
  }

  @Test("the main thread moves and the others stay: they are tasks then, until they follow")
  func leader() {
    script.thread(22, of: 20)
    script.move(20, there)
    script.turn()
    #expect(script.namespace(.net, of: 20)?.kernelID == 101)
    for tid in [21, 22] as [Int32] {
      #expect(net(ofThread: tid) == Place.host.states[Int(NamespaceLink.net.rawValue)])
    }
    script.move(21, of: 20, there)
    script.turn()
    #expect(net(ofThread: 21) == there.states[Int(NamespaceLink.net.rawValue)])
    script.move(20, .host)
    script.turn()
    #expect(script.history.thread(22)?.task.links == Place.host.states)
    #expect(net(ofThread: 21) == there.states[Int(NamespaceLink.net.rawValue)])
    #expect(script.history.faults == [])
  }

  @Test("threads that were there before are met when their process moves")
  func before() {
    let script = EventScript([10: .host, 30: .host])
    script.move(30, there, threads: [31: .host, 32: .host])
    script.turn()
    #expect(script.history.thread(31)?.task.links == Place.host.states)
    #expect(script.history.thread(32)?.task.links == Place.host.states)
    script.exit(31, of: 30)
    script.turn()
    #expect(script.history.thread(31) == nil)
    #expect(script.history.faults == [])
  }

  @Test("a thread that was there before is met when it moves, also if it was not read")
  func beforeMoves() {
    let script = EventScript([10: .host, 30: .host])
    script.move(31, of: 30, there, look: false)
    script.turn()
    #expect(script.namespace(.net, of: 30)?.isInitial == true)
    guard case .namespace(let net)? = script.history.thread(31)?.task.links[3] else {
      Issue.record("no thread")
      return
    }
    #expect(net.inode == Place.inode(1))
    #expect(net.kernelID == nil)
  }

  @Test("a thread is made where its maker is, and so is a process")
  func madeElsewhere() {
    script.move(21, of: 20, there)
    script.thread(23, of: 20, by: 21)
    script.fork(30, of: 20, by: 21, there)
    script.turn()
    #expect(net(ofThread: 23) == there.states[Int(NamespaceLink.net.rawValue)])
    #expect(script.namespace(.net, of: 30)?.kernelID == 101)
    #expect(script.history.process(30)?.task.parent == script.history.thread(21)?.token)
    #expect(script.history.faults == [])
  }

  @Test("once the main thread has exited, the others still move")
  func afterLeader() {
    script.move(21, of: 20, there)
    script.exit(20)
    script.turn()
    #expect(script.history.process(20)?.task.isZombie == true)
    #expect(net(ofThread: 21) == there.states[Int(NamespaceLink.net.rawValue)])
    let further = Place.host.with(.net, 2, id: 102)
    script.move(21, of: 20, further)
    script.turn()
    #expect(net(ofThread: 21) == further.states[Int(NamespaceLink.net.rawValue)])
    script.exit(21, of: 20)
    script.turn()
    #expect(script.history.thread(21) == nil)
    #expect(script.history.faults == [])
  }

  @Test("once the main thread has exited, one that was with it and moves is told of")
  func movesAfterLeader() {
    script.exit(20)
    script.turn()
    script.move(21, of: 20, there)
    script.turn()
    #expect(net(ofThread: 21) == there.states[Int(NamespaceLink.net.rawValue)])
    script.exit(21, of: 20)
    script.turn()
    #expect(script.history.tasks.count == 1)
    #expect(script.history.faults == [])
  }

  @Test("the threads of a process that is gone hold nothing")
  func nothingHeld() {
    script.move(21, of: 20, there)
    script.exit(21, of: 20)
    script.exit(20)
    script.turn()
    #expect(script.follower.threads.isEmpty)
    #expect(script.follower.threadsOf.isEmpty)
    #expect(script.follower.sets.live(.net, Place.inode(1)) == nil)
  }
}
