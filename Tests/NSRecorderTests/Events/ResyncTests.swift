// Samples from which the event follower starts, or resyncs after events were lost.

import NamespaceModel
import Testing

@testable import NSRecorder

struct ResyncTests {
  private let script = EventScript([10: .host, 20: .host])
  private let there = TaskLinks.host.with(.net, 1, id: 101)

  @Test("the first sample reports every process")
  func first() {
    #expect(script.history.tasks.count == 2)
    #expect(script.history.process(10)?.task.links == TaskLinks.host.states)
    #expect(script.finishBatch().isEmpty)
  }

  @Test("the first sample is reported with the changes that events report during it")
  func duringFirst() {
    let script = EventScript([:])
    let translated = script.begin([10: .host, 20: .host, 30: .host]) {
      script.move(20, there)
      script.exit(30)
      script.fork(40, of: 20)
      script.comm(40, "run", isExec: true)
    }
    #expect(translated.appeared.count == 3)
    #expect(script.history.process(30) == nil)
    #expect(script.namespace(.net, of: 20)?.kernelID == 101)
    #expect(script.namespace(.net, of: 40)?.kernelID == 101)
    #expect(script.history.process(40)?.task.comm == Array("run".utf8))
    #expect(script.finishBatch().isEmpty)
    script.exit(20)
    script.exit(40)
    script.finishBatch()
    #expect(script.history.tasks.count == 1)
    #expect(script.history.faults == [])
  }

  @Test("a change that the sample has read already is not applied twice")
  func alreadySeen() {
    let script = EventScript([:])
    script.begin([10: .host, 20: there, 30: there]) {
      script.move(20, there)
      script.fork(30, of: 20)
    }
    #expect(script.namespace(.net, of: 20)?.kernelID == 101)
    #expect(script.history.tasks.count == 3)
    for _ in 0..<3 {
      #expect(script.verify([10: .host, 20: there, 30: there]).disagreements == 0)
    }
    #expect(script.history.faults == [])
  }

  @Test("after a loss the same processes have the same tokens, and others end and appear")
  func afterLoss() {
    script.fork(30, of: 10)
    script.fork(40, of: 10)
    _ = script.verify([10: .host, 20: .host, 30: .host, 40: .host])
    let tokens = script.history.tasks
    let named = [10, 20, 30, 40].map { script.history.process($0)?.token }
    let translated = script.begin([10: .host, 20: there, 40: .host, 50: there], others: [40])
    #expect(script.history.process(10)?.token == named[0])
    #expect(script.history.process(20)?.token == named[1])
    #expect(script.namespace(.net, of: 20)?.kernelID == 101)
    #expect(script.history.process(30) == nil)
    #expect(script.history.process(40)?.token != named[3])
    #expect(script.namespace(.net, of: 50)?.kernelID == 101)
    #expect(Set(translated.disappeared) == Set([named[2], named[3]].compactMap(\.self)))
    #expect(translated.changed.map(\.token) == [named[1]])
    #expect(tokens.count == 4 && script.history.tasks.count == 4)
    #expect(script.history.faults == [])
  }

  @Test("at a resync, a process that only events reported is the same if its start time agrees")
  func sameByStart() {
    script.fork(30, of: 10)
    script.finishBatch()
    let token = script.history.process(30)?.token
    script.begin([10: .host, 20: .host, 30: .host])
    #expect(script.history.process(30)?.token == token)
    script.fork(40, of: 10)
    script.finishBatch()
    script.clock += 50_000_000
    let other = script.history.process(40)?.token
    script.begin([10: .host, 20: .host, 30: .host, 40: .host], others: [40])
    #expect(script.history.process(40)?.token != other)
    #expect(script.history.faults == [])
  }

  @Test("after a loss, a thread that the sample does not show ends")
  func threads() {
    script.thread(21, of: 20)
    script.move(21, of: 20, there)
    script.finishBatch()
    #expect(script.history.thread(21) != nil)
    script.begin([10: .host, 20: .host])
    #expect(script.history.thread(21) == nil)
    script.exit(21, of: 20)
    #expect(script.finishBatch().isEmpty)
    #expect(script.history.faults == [])
  }

  @Test("a thread that moves during the first sample is reported")
  func threadMoves() {
    let script = EventScript([:])
    script.begin([10: .host, 20: .host]) {
      script.thread(21, of: 20)
      script.move(21, of: 20, there)
    }
    script.finishBatch()
    #expect(script.history.thread(21)?.task.links == there.states)
    script.exit(21, of: 20)
    script.finishBatch()
    #expect(script.history.thread(21) == nil)
    #expect(script.history.faults == [])
  }

  @Test("a process of which another thread executes a program during the first sample still runs")
  func threadExec() {
    let script = EventScript([:])
    script.begin([10: .host, 20: .host]) {
      script.exit(20)
      script.comm(20, "run", isExec: true)
    }
    #expect(script.history.process(20)?.task.comm == Array("run".utf8))
    script.exit(20)
    script.finishBatch()
    #expect(script.history.process(20) == nil)
    #expect(script.history.faults == [])
  }

  @Test(
    "a process whose main thread exits during the first sample continues when a thread executes")
  func threadExecLater() {
    let script = EventScript([:])
    script.begin([10: .host, 20: .host]) {
      script.thread(21, of: 20)
      script.exit(20)
    }
    script.finishBatch()
    #expect(script.history.process(20)?.task.isZombie == true)
    #expect(script.history.thread(21)?.task.links == TaskLinks.host.states)
    #expect(script.history.thread(21)?.task.parent == script.history.process(20)?.token)
    script.comm(20, "run", isExec: true)
    script.finishBatch()
    #expect(script.history.thread(21) == nil)
    #expect(script.history.process(20)?.task.links == TaskLinks.host.states)
    script.move(20, there)
    script.finishBatch()
    #expect(script.namespace(.net, of: 20)?.kernelID == 101)
    #expect(script.history.faults == [])
  }

  @Test("a zombie whose exit was reported does not reappear after a loss")
  func zombie() {
    script.exit(20)
    script.finishBatch()
    script.begin([10: .host, 20: .zombie])
    #expect(script.history.process(20) == nil)
    #expect(script.verify([10: .host]).sample.reportsNothing)
    #expect(script.history.faults == [])
  }

  @Test("a second loss right after the first resyncs again")
  func twice() {
    script.begin([10: .host, 20: there])
    let token = script.history.process(20)?.token
    script.begin([10: .host, 20: .host, 30: .host])
    #expect(script.history.process(20)?.token == token)
    #expect(script.namespace(.net, of: 20)?.isInitial == true)
    #expect(script.follower.namespaces.live(.net, TaskLinks.inode(1)) == nil)
    #expect(script.history.faults == [])
  }

  @Test("a difference in the last sample before a loss and in the one after it is a contradiction")
  func unverified() throws {
    let script = EventScript([10: .host, 20: .host, 30: .host, 40: .host])
    let there = TaskLinks.host.with(.net, 1, id: 101)
    let missed = try [20, 30].map { try #require(script.history.process($0)).token }
    #expect(script.verify([10: .host, 20: there, 40: .host]).sample.reportsNothing)
    let translated = script.begin([10: .host, 20: there, 40: there])
    #expect(translated.contradicted == Set(missed))
    #expect(translated.changed.count == 2)
  }

  @Test("after a loss, an inode number without an ID is another namespace")
  func namelessBehindLoss() {
    let script = EventScript([10: .host, 20: .host])
    script.move(20, .host.with(.net, 1, id: 101), probed: false)
    script.finishBatch()
    let before = script.namespace(.net, of: 20)
    #expect(before?.kernelID == nil)
    script.begin([10: .host.with(.net, 1, id: 102), 20: .host])
    #expect(script.namespace(.net, of: 10)?.kernelID == 102)
  }
}
