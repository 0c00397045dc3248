// A disagreement: a sample shows a state that no event reported. The recorder adopts and counts it at the second
// sample that shows it, since the event may arrive late.

import NamespaceModel
import Testing

@testable import NSRecorder

struct DisagreementTests {
  private let script = EventScript([10: .host, 20: .host])
  private let there = TaskLinks.host.with(.net, 1, id: 101)

  @Test("a process that no event reported is adopted at the second sample that shows it")
  func unreportedStart() {
    #expect(script.verify([10: .host, 20: .host, 30: there]).sample.reportsNothing)
    let second = script.verify([10: .host, 20: .host, 30: there])
    #expect(second.sample.appeared.count == 1)
    #expect(second.disagreements == 1)
    #expect(script.namespace(.net, of: 30)?.kernelID == 101)
    #expect(script.verify([10: .host, 20: .host, 30: there]).sample.reportsNothing)
    script.exit(30)
    script.finishBatch()
    #expect(script.history.process(30) == nil)
    #expect(script.history.faults == [])
  }

  @Test("a process whose exit no event reported ends at the second sample without it")
  func unreportedExit() throws {
    let token = try #require(script.history.process(20)).token
    #expect(script.verify([10: .host]).sample.reportsNothing)
    let second = script.verify([10: .host])
    #expect(second.sample.disappeared == [token])
    #expect(second.sample.contradicted == [token])
    #expect(second.disagreements == 1)
    #expect(script.verify([10: .host]).sample.reportsNothing)
  }

  @Test("a process that events report and no sample shows ends at the second sample")
  func neverSampled() {
    script.fork(30, of: 10)
    #expect(script.verify([10: .host, 20: .host]).sample.reportsNothing)
    let second = script.verify([10: .host, 20: .host])
    #expect(second.sample.disappeared.count == 1)
    #expect(second.disagreements == 1)
    #expect(script.history.process(30) == nil)
  }

  @Test("a move that no event reported is adopted at the second sample that shows it")
  func unreportedMove() throws {
    let token = try #require(script.history.process(20)).token
    #expect(script.verify([10: .host, 20: there]).sample.reportsNothing)
    let second = script.verify([10: .host, 20: there])
    #expect(second.sample.changed.map(\.token) == [token])
    #expect(second.sample.contradicted == [token])
    #expect(second.disagreements == 1)
    #expect(script.namespace(.net, of: 20)?.kernelID == 101)
    #expect(script.verify([10: .host, 20: there]).sample.reportsNothing)
  }

  @Test("a process with the PID of one whose exit was not reported becomes a new process")
  func unreportedReuse() {
    let first = script.history.process(20)?.token
    var counted = script.verify([10: .host, 20: there], others: [20]).disagreements
    for _ in 0..<3 { counted += script.verify([10: .host, 20: there]).disagreements }
    #expect(counted > 0)
    #expect(script.history.process(20)?.token != first)
    #expect(script.namespace(.net, of: 20)?.kernelID == 101)
    #expect(script.history.faults == [])
  }

  @Test("a zombie of which a thread executes a program continues, and the next sample shows where")
  func zombieGoesOn() {
    script.exit(20)
    _ = script.verify([10: .host, 20: .zombie])
    for _ in 0..<3 { script.finishBatch() }
    script.comm(20, "run", isExec: true)
    script.finishBatch()
    // Events tell neither which of its threads executes nor in which namespaces that thread is.
    #expect(
      script.history.process(20)?.task.links == NamespaceLink.allCases.map { _ in .unread(.unseen) }
    )
    #expect(script.verify([10: .host, 20: .host]).disagreements == 0)
    #expect(script.history.process(20)?.task.links == TaskLinks.host.states)
    #expect(script.history.faults == [])
  }

  @Test("a process that is first sampled as a zombie continues when a thread executes a program")
  func observedAfterMainThreadExit() {
    script.fork(30, of: 10)
    script.thread(31, of: 30)
    script.exit(30)
    _ = script.verify([10: .host, 20: .host, 30: .zombie])
    script.comm(30, "run", isExec: true)
    var counted = 0
    for _ in 0..<3 { counted += script.verify([10: .host, 20: .host, 30: .host]).disagreements }
    #expect(counted == 0)
    #expect(script.follower.tasks.processes[30]?.facts.nspid == [30, 1])
    #expect(script.history.process(30) != nil)
    #expect(script.history.faults == [])
  }

  @Test("a process that continues during a sample is not confused with the next one of its PID")
  func goesOnMeanwhile() {
    script.thread(21, of: 20)
    script.exit(20)
    _ = script.verify([10: .host, 20: .zombie])
    var counted = script.verify([10: .host, 20: .host], pidsWithEvents: [20]).disagreements
    script.comm(20, "run", isExec: true)
    script.exit(20)
    script.fork(20, of: 10, there)
    counted += script.verify([10: .host, 20: there], others: [20]).disagreements
    for _ in 0..<2 { counted += script.verify([10: .host, 20: there]).disagreements }
    #expect(counted == 0)
    #expect(script.namespace(.net, of: 20)?.kernelID == 101)
    #expect(script.history.faults == [])
  }

  @Test(
    "an unreported process with an event during each sample is adopted at the first sample without one"
  )
  func busy() {
    let tasks: [Int32: TaskLinks] = [10: .host, 20: .host, 30: there]
    var counted = script.verify(tasks).disagreements
    for _ in 0..<3 { counted += script.verify(tasks, pidsWithEvents: [30]).disagreements }
    #expect(counted == 0)
    counted += script.verify(tasks).disagreements
    #expect(counted == 1)
    #expect(script.namespace(.net, of: 30)?.kernelID == 101)
  }

  @Test("an event that arrives after the first of the two samples resolves the disagreement")
  func lateEvents() {
    let tasks: [Int32: TaskLinks] = [10: TaskLinks.host, 30: there]
    #expect(script.verify(tasks).disagreements == 0)
    script.exit(20)
    script.fork(30, of: 10, there)
    for _ in 0..<3 { #expect(script.verify(tasks).disagreements == 0) }
    #expect(script.history.process(20) == nil)
    #expect(script.namespace(.net, of: 30)?.kernelID == 101)
    #expect(script.history.faults == [])
  }

  @Test("a process that is forked and read during a sample is no disagreement")
  func forkedMeanwhile() {
    let tasks: [Int32: TaskLinks] = [10: TaskLinks.host, 20: .host, 30: there]
    #expect(script.verify(tasks, pidsWithEvents: [30]).sample.reportsNothing)
    script.fork(30, of: 10, there)
    #expect(script.finishBatch().count == 1)
    #expect(script.follower.tasks.processes[30]?.facts.nspid == [30, 1])
    for _ in 0..<3 { #expect(script.verify(tasks).disagreements == 0) }
    #expect(script.history.faults == [])
  }

  @Test("a process that is forked and read during a sample and then exits is no disagreement")
  func forkedBriefly() {
    let tasks: [Int32: TaskLinks] = [10: TaskLinks.host, 20: .host]
    _ = script.verify(tasks.merging([30: there]) { $1 }, pidsWithEvents: [30])
    script.fork(30, of: 10, there)
    script.exit(30)
    for _ in 0..<3 { #expect(script.verify(tasks).disagreements == 0) }
    #expect(script.history.process(30) == nil)
    #expect(script.history.faults == [])
  }

  @Test("a sampled process is not confused with the next one of its PID")
  func numberMeanwhile() {
    let host: [Int32: TaskLinks] = [10: TaskLinks.host, 20: .host]
    _ = script.verify(host.merging([30: there]) { $1 }, pidsWithEvents: [30])
    script.fork(30, of: 10, there)
    script.exit(30)
    script.fork(30, of: 10)
    let after = host.merging([30: .host]) { $1 }
    #expect(script.verify(after, others: [30]).disagreements == 0)
    for _ in 0..<2 { #expect(script.verify(after).disagreements == 0) }
    #expect(script.namespace(.net, of: 30)?.isInitial == true)
    #expect(script.history.faults == [])
  }

  @Test(
    "at the limit of open files, a process whose identity the source cannot prove stays one process"
  )
  func unproven() throws {
    let first = try #require(script.history.process(20)).token
    var sample = script.sample([10: .host, 20: .host], others: [20])
    sample.unproven = Set(sample.appeared.map(\.token))
    for _ in 0..<2 {
      script.finishBatch()
      let verified = script.follower.verify(sample, pidsWithEvents: [])
      script.history.apply(verified.sample)
      #expect(verified.disagreements == 0)
      sample = script.sample([10: .host, 20: .host])
    }
    #expect(script.history.process(20)?.token == first)
  }

  @Test("a disagreement names its task with both states, up to 16 of them for each sample")
  func named() throws {
    let there = TaskLinks.host.with(.net, 1, id: 101)
    _ = script.verify([10: there, 20: .host])
    let verified = script.verify([10: there, 20: .host])
    try #require(verified.disagreements == 1)
    let one = try #require(verified.sample.disagreements.first)
    #expect(one.pid == 10 && one.tid == nil && one.comm == Array("read".utf8))
    let net = Int(NamespaceLink.net.rawValue)
    #expect(one.reported?.links[net] == TaskLinks.host.states[net])
    #expect(one.sampled?.links[net] == there.states[net])

    let many = Dictionary(uniqueKeysWithValues: (100..<140).map { (Int32($0), TaskLinks.host) })
    let all = many.merging([10: there, 20: .host]) { $1 }
    _ = script.verify(all)
    let more = script.verify(all)
    #expect(more.disagreements == 40)
    #expect(more.sample.disagreements.count == 16)
    #expect(more.sample.disagreements.allSatisfy { $0.reported == nil && $0.sampled != nil })
  }
}
