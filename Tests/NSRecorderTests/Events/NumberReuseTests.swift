// PIDs and TIDs that the kernel reuses.

import NamespaceModel
import Testing

@testable import NSRecorder

struct NumberReuseTests {
  private let script = EventScript()

  @Test("a PID that is reused after an exit is another process")
  func reuse() {
    script.fork(20, of: 10)
    script.finishBatch()
    let first = script.history.process(20)?.token
    script.exit(20)
    script.fork(20, of: 10, .host.with(.net, 1, id: 101))
    #expect(script.finishBatch().count == 2)
    #expect(script.history.process(20)?.token != first)
    #expect(script.namespace(.net, of: 20)?.kernelID == 101)
    #expect(script.follower.sync.contradiction == nil)
    #expect(script.history.faults == [])
  }

  @Test("a process that a sample shows as it ends is not the next one with its PID")
  func sampledAtItsEnd() {
    let start = UInt64(script.clock / 10_000_000)
    script.fork(20, of: 10)
    script.clock += 100_000_000
    script.exit(20)
    // The sample begins after the exit, and reads the process before the kernel has released it.
    _ = script.verify([10: .host, 20: .host])
    script.clock += 50_000_000
    script.fork(20, of: 10)
    let second = UInt64(script.clock / 10_000_000)
    _ = script.verify([10: .host, 20: .host], others: [20], startTicks: [20: second])
    script.clock += 50_000_000
    _ = script.verify([10: .host, 20: .host])
    #expect(script.follower.tasks.processes[20]?.facts.startTicks == second)
    #expect(second > start + 2)
    #expect(script.history.faults == [])
  }

  @Test("a process that starts while a sample is taken is not the one that exits then")
  func startedInSample() {
    script.fork(20, of: 10)
    let first = UInt64(script.clock / 10_000_000)
    script.finishBatch()
    script.clock += 100_000_000
    // The events that report the exit and the start are still queued.
    let second = UInt64(script.clock / 10_000_000)
    let verified = script.verify(
      [10: .host, 20: .host], pidsWithEvents: [20], others: [20], startTicks: [20: second])
    #expect(verified.disagreements == 0)
    #expect(script.follower.tasks.processes[20]?.facts.startTicks == first)
    script.exit(20)
    script.fork(20, of: 10)
    script.finishBatch()
    _ = script.verify([10: .host, 20: .host])
    #expect(script.follower.tasks.processes[20]?.facts.startTicks == second)
    #expect(script.history.faults == [])
  }

  @Test("a start with the PID of a running process is a contradiction: an exit event is missing")
  func contradiction() {
    script.fork(20, of: 10)
    script.exit(20)
    script.fork(20, of: 10)
    #expect(script.follower.sync.contradiction == nil)
    script.fork(20, of: 10)
    #expect(script.follower.sync.contradiction == script.time)
  }

  @Test("the start event of a process that the first sample has just shown is no contradiction")
  func pendingResync() {
    script.fork(10, of: 1, .host)
    #expect(script.follower.sync.contradiction == nil)
    #expect(script.finishBatch().isEmpty)
    script.clock += 2_000_000_000
    script.fork(10, of: 1, .host)
    #expect(script.follower.sync.contradiction != nil)
  }

  @Test("the PID of an earlier zombie is reused: the zombie was reaped, without an event")
  func zombie() {
    let script = EventScript([10: .host, 20: .zombie])
    let zombie = script.history.process(20)?.token
    script.fork(20, of: 10)
    script.finishBatch()
    #expect(script.history.process(20)?.task.links == TaskLinks.host.states)
    #expect(script.history.process(20)?.token != zombie)
    #expect(script.follower.sync.contradiction == nil)
    #expect(script.history.faults == [])
  }

  @Test("the TID of a thread is reused as the PID of a process, and again as a TID")
  func threadNumber() {
    script.fork(20, of: 10)
    script.thread(21, of: 20)
    script.move(21, of: 20, .host.with(.net, 1, id: 101))
    script.exit(21, of: 20)
    script.fork(21, of: 10)
    script.finishBatch()
    #expect(script.namespace(.net, of: 21)?.isInitial == true)
    script.exit(21)
    script.thread(21, of: 10)
    script.finishBatch()
    #expect(script.history.thread(21) == nil)
    #expect(script.history.process(21) == nil)
    #expect(script.history.faults == [])
  }
}
