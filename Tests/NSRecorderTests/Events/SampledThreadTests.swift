// Threads that samples show: in the first sample, after a loss of events, and compared with events.

import NamespaceModel
import Testing

@testable import NSRecorder

struct SampledThreadTests {
  private let script = EventScript([10: .host, 20: .host])
  private let there = TaskLinks.host.with(.net, 1, id: 101)
  private let elsewhere = TaskLinks.host.with(.net, 2, id: 102)

  private func thread(_ links: TaskLinks, of pid: Int32 = 20, start: UInt64 = 490)
    -> EventScript.Thread
  {
    EventScript.Thread(pid: pid, links: links, start: start)
  }

  @Test("the first sample reports a thread that left its process's namespaces before it")
  func before() {
    let script = EventScript([:])
    let translated = script.begin([10: .host, 20: .host], threads: [21: thread(there)])
    #expect(script.finishBatch().isEmpty)
    let reported = translated.appeared.first { $0.thread != nil }
    #expect(reported?.thread?.tid == 21 && reported?.facts.pid == 20)
    #expect(reported?.thread?.process == script.history.process(20)?.token)
    #expect(script.history.thread(21)?.task.links == there.states)
    script.move(21, of: 20, elsewhere)
    script.finishBatch()
    #expect(script.history.thread(21)?.task.links == elsewhere.states)
    script.move(21, of: 20, .host)
    script.finishBatch()
    #expect(script.history.thread(21)?.task.links == TaskLinks.host.states)
    #expect(script.history.faults == [])
  }

  @Test(
    "a thread that returned during a loss is the same task if its start time agrees")
  func returnedInLoss() {
    script.thread(21, of: 20)
    let start = UInt64(script.clock / 10_000_000)
    script.move(21, of: 20, there)
    script.clock += 100_000_000
    script.comm(10, "later")
    script.finishBatch()
    let token = script.history.thread(21)?.token
    let translated = script.begin(
      [10: .host, 20: .host], plainThreads: [21: 20], plainThreadStart: start)
    #expect(script.history.thread(21)?.token == token)
    #expect(script.history.thread(21)?.task.links == TaskLinks.host.states)
    #expect(translated.changed.map(\.token) == [token] && translated.disappeared.isEmpty)
    #expect(script.history.faults == [])
  }

  @Test(
    "a thread that leaves and returns between samples is no disagreement")
  func returnedBetweenSamples() {
    script.thread(21, of: 20)
    script.move(21, of: 20, there)
    script.move(21, of: 20, .host)
    for _ in 0..<3 {
      let verified = script.verify([10: .host, 20: .host], threads: [:], plainThreads: [21: 20])
      #expect(verified.disagreements == 0 && !script.follower.reconciler.hasUnverified)
    }
    #expect(script.history.thread(21) != nil)
  }

  @Test("a thread remains in the namespaces that its process leaves, probed or not")
  func observation() {
    let script = EventScript([:])
    script.begin([10: .host, 20: .host], plainThreads: [21: 20])
    #expect(script.history.thread(21) == nil)
    script.move(20, there, probed: false)
    script.finishBatch()
    #expect(script.history.thread(21)?.task.links == TaskLinks.host.states)
    script.exit(21, of: 20)
    script.finishBatch()
    #expect(script.history.thread(21) == nil && script.history.faults == [])
  }

  @Test("the first sample is reported with the changes of threads during it")
  func meanwhile() {
    let script = EventScript([:])
    script.begin(
      [10: .host, 20: .host], threads: [21: thread(there), 22: thread(there), 23: thread(there)]
    ) {
      script.move(21, of: 20, there)
      script.move(21, of: 20, elsewhere)
      script.exit(22, of: 20)
      script.move(23, of: 20, .host)
    }
    #expect(script.finishBatch().isEmpty)
    #expect(script.history.thread(21)?.task.links == elsewhere.states)
    #expect(script.history.thread(22) == nil)
    #expect(script.history.thread(23)?.task.links == TaskLinks.host.states)
  }

  @Test("after a loss, a thread with the same TID and start time is the same task")
  func afterLoss() {
    script.thread(21, of: 20)
    script.thread(22, of: 20)
    let start = UInt64(script.clock / 10_000_000)
    script.move(21, of: 20, there)
    script.move(22, of: 20, there)
    // The thread started long enough before the last event that no other thread can have the same start tick.
    script.clock += 100_000_000
    script.comm(10, "later")
    script.finishBatch()
    let tokens = [21, 22].map { script.history.thread($0)?.token }
    let translated = script.begin(
      [10: .host, 20: .host],
      threads: [21: thread(elsewhere, start: start), 22: thread(there, start: start + 5)])
    #expect(script.history.thread(21)?.token == tokens[0])
    #expect(translated.changed.map(\.token) == [tokens[0]])
    #expect(script.history.thread(21)?.task.links == elsewhere.states)
    #expect(translated.disappeared == [tokens[1]])
    #expect(script.history.thread(22) != nil)
    #expect(script.history.faults == [])
  }

  @Test(
    "a thread that started just before a loss is another task after it: a TID may be reused in one tick"
  )
  func justStarted() {
    script.thread(21, of: 20)
    let start = UInt64(script.clock / 10_000_000)
    script.move(21, of: 20, there)
    script.finishBatch()
    let token = script.history.thread(21)?.token
    script.begin([10: .host, 20: .host], threads: [21: thread(there, start: start)])
    #expect(script.history.thread(21)?.token != token)
    #expect(script.history.faults == [])
  }

  @Test("a thread of a zombie is a task until its exec, by which the process continues")
  func exitedLeader() {
    let script = EventScript([:])
    script.begin([10: .host, 20: .zombie], threads: [21: thread(there)])
    #expect(script.history.process(20)?.task.isZombie == true)
    #expect(script.history.thread(21)?.task.links == there.states)
    script.move(21, of: 20, .host)
    script.finishBatch()
    // The namespaces of the exited main thread no longer matter.
    #expect(script.history.thread(21)?.task.links == TaskLinks.host.states)
    script.comm(20, "run", isExec: true)
    script.finishBatch()
    #expect(script.history.thread(21) == nil)
    #expect(script.history.process(20)?.task.links == TaskLinks.host.states)
    #expect(script.verify([10: .host, 20: .host]).disagreements == 0)
    #expect(script.history.faults == [])
  }

  @Test("a zombie that started during a loss is reported if a thread of it runs")
  func exitedInLoss() {
    let translated = script.begin(
      [10: .host, 20: .host, 30: .zombie, 40: .zombie], threads: [31: thread(there, of: 30)])
    #expect(translated.appeared.map(\.facts.pid).sorted() == [30, 30])
    #expect(script.history.thread(31)?.task.parent == script.history.process(30)?.token)
    #expect(script.history.process(40) == nil)
  }

  @Test("a zombie from before a loss continues after it when a thread executes a program")
  func exitedBeforeLoss() {
    script.thread(21, of: 20)
    script.exit(20)
    script.finishBatch()
    #expect(script.history.process(20)?.task.isZombie == true)
    script.begin([10: .host, 20: .zombie], threads: [21: thread(there, start: 7)])
    #expect(script.history.process(20)?.task.isZombie == true)
    #expect(script.history.thread(21)?.task.links == there.states)
    script.comm(20, "run", isExec: true)
    script.finishBatch()
    #expect(script.history.process(20)?.task.links == there.states)
    #expect(script.history.faults == [])
  }

  @Test("a sample that read no threads ends no thread")
  func notRead() {
    script.thread(21, of: 20)
    script.move(21, of: 20, there)
    for _ in 0..<3 {
      let verified = script.verify([10: .host, 20: .host])
      #expect(verified.disagreements == 0 && verified.sample.disappeared.isEmpty)
    }
    #expect(script.history.thread(21) != nil && !script.follower.reconciler.hasUnverified)
  }

  @Test("a sample whose threads agree with the events reports nothing")
  func agreement() {
    script.thread(21, of: 20)
    script.move(21, of: 20, there)
    for _ in 0..<3 {
      let verified = script.verify([10: .host, 20: .host], threads: [21: thread(there)])
      #expect(verified.disagreements == 0)
      #expect(
        verified.sample.appeared.isEmpty && verified.sample.changed.isEmpty
          && verified.sample.disappeared.isEmpty && !script.follower.reconciler.hasUnverified)
    }
  }

  @Test("the second sample that contradicts the events about threads is adopted")
  func disagreement() throws {
    for tid in [21, 22] as [Int32] {
      script.thread(tid, of: 20)
      script.move(tid, of: 20, there)
    }
    script.finishBatch()
    let known = try [21, 22].map { try #require(script.history.thread($0)).token }
    // The sample shows 21 elsewhere, 22 back in its process's namespaces, and 23, which no event reported.
    let shown = [21: thread(elsewhere), 23: thread(there)] as [Int32: EventScript.Thread]
    let first = script.verify([10: .host, 20: .host], threads: shown)
    #expect(first.disagreements == 0 && first.sample.appeared.isEmpty)
    #expect(script.follower.reconciler.hasUnverified)
    let second = script.verify([10: .host, 20: .host], threads: shown)
    #expect(second.disagreements == 3)
    #expect(second.sample.contradicted == Set(known))
    #expect(second.sample.changed.map(\.token) == [known[0]])
    #expect(second.sample.disappeared == [known[1]])
    #expect(second.sample.appeared.map(\.thread?.tid) == [23])
    let third = script.verify([10: .host, 20: .host], threads: shown)
    #expect(third.disagreements == 0 && !script.follower.reconciler.hasUnverified)
    script.move(21, of: 20, .host)
    for tid in [21, 22, 23] as [Int32] { script.exit(tid, of: 20) }
    script.finishBatch()
    #expect(script.history.tasks.count == 2)
    #expect(script.history.faults == [])
  }

  @Test("threads of a process with an event during the sample are not compared")
  func eventDuringSample() {
    script.thread(21, of: 20)
    script.move(21, of: 20, there)
    for _ in 0..<3 {
      let verified = script.verify([10: .host, 20: .host], pidsWithEvents: [20], threads: [:])
      #expect(verified.disagreements == 0)
    }
    #expect(script.history.thread(21) != nil)
  }

  @Test("recording does not start from a sample that read no threads")
  func beginsWithThreads() throws {
    let machine = SimulatedMachine(seed: 1)
    let recording = EventRecording(
      machine, machine, readsTime: true, now: { machine.reading() })
    let blind = try recording.complete(machine.takeSample(threads: false) {})
    #expect(blind.sample == nil && recording.needsSample)
    let seeing = try recording.complete(machine.takeSample(threads: true) {})
    #expect(seeing.sample != nil && !recording.needsSample)
  }
}
