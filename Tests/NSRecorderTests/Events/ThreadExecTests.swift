// A thread other than the main one executes a program. The kernel reports the exit of the main thread, gives its PID
// to the executing thread, and reports the exec under that PID.

import NamespaceEvents
import NamespaceModel
import Testing

@testable import NSRecorder

struct ThreadExecTests {
  private let script = EventScript()
  private let there = TaskLinks.host.with(.net, 1, id: 101)

  init() {
    script.fork(20, of: 10)
    script.thread(21, of: 20)
    script.thread(22, of: 20)
    script.finishBatch()
  }

  private func exec() {
    script.exit(20, next: .comm(CommName("run".utf8), isExec: true))
    script.exit(22, of: 20)
    script.comm(20, "run", isExec: true)
  }

  @Test("the process continues under its token")
  func goesOn() {
    let token = script.history.process(20)?.token
    exec()
    // The process is not reported as exited or started.
    let events = script.finishBatch()
    #expect(
      events.allSatisfy { if case .described = $0.change { true } else { false } }, "\(events)")
    #expect(script.history.process(20)?.token == token)
    #expect(script.namespace(.net, of: 20)?.isInitial == true)
    #expect(script.follower.tasks.threads.isEmpty)
    script.exit(20)
    script.finishBatch()
    #expect(script.history.process(20) == nil)
    #expect(script.history.faults == [])
  }

  @Test("the process continues also if batches end between its events")
  func batches() {
    let token = script.history.process(20)?.token
    script.exit(20)
    script.finishBatch()
    #expect(script.history.process(20)?.task.isZombie == true)
    script.exit(22, of: 20)
    script.finishBatch()
    script.comm(20, "run", isExec: true)
    script.finishBatch()
    #expect(script.history.process(20)?.token == token)
    #expect(script.history.process(20)?.task.links == TaskLinks.host.states)
    #expect(script.history.faults == [])
  }

  @Test("the process continues in the namespaces of the executing thread, not in the main thread's")
  func elsewhere() {
    script.move(21, of: 20, there)
    script.finishBatch()
    exec()
    script.finishBatch()
    #expect(script.namespace(.net, of: 20)?.kernelID == 101)
    #expect(script.history.thread(21) == nil)
    script.fork(30, of: 20, there, probed: false)
    script.finishBatch()
    #expect(script.namespace(.net, of: 30)?.kernelID == 101)
    #expect(script.history.faults == [])
  }

  @Test("if the main thread executes, the process keeps the main thread's namespaces")
  func mainThread() {
    script.move(21, of: 20, there)
    script.exit(21, of: 20)
    script.exit(22, of: 20)
    script.comm(20, "run", isExec: true)
    script.finishBatch()
    #expect(script.history.thread(21) == nil)
    #expect(script.namespace(.net, of: 20)?.isInitial == true)
    #expect(script.history.faults == [])
  }

  @Test("a process with unknown threads continues too, or the recorder resyncs")
  func unknownThreads() {
    let script = EventScript([10: .host, 30: .host])
    script.exit(30)
    script.finishBatch()
    script.comm(30, "run", isExec: true)
    script.finishBatch()
    #expect(script.history.process(30) != nil || script.follower.sync.contradiction != nil)
  }

  @Test(
    "a process that has exited with all its threads is not continued by the next one of its PID")
  func anotherProcess() {
    exec()
    script.exit(20)
    script.finishBatch()
    script.fork(20, of: 10)
    script.comm(20, "other", isExec: true)
    let reported = script.finishBatch()
    #expect(reported.count == 1)
    #expect(script.follower.sync.contradiction == nil)
    #expect(script.history.faults == [])
  }
}
