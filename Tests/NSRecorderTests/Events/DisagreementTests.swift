// What a sample shows and no event reported: believed at the second sample, as an event may be on its way, and
// counted then.

import NamespaceModel
import Testing

@testable import NSRecorder

struct DisagreementTests {
  private let script = EventScript([10: .host, 20: .host])
  private let there = TaskLinks.host.with(.net, 1, id: 101)

  @Test("a process that no event reported")
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

  @Test("a process that is gone without an exit")
  func unreportedExit() throws {
    let token = try #require(script.history.process(20)).token
    #expect(script.verify([10: .host]).sample.reportsNothing)
    let second = script.verify([10: .host])
    #expect(second.sample.disappeared == [token])
    #expect(second.sample.contradicted == [token])
    #expect(second.disagreements == 1)
    #expect(script.verify([10: .host]).sample.reportsNothing)
  }

  @Test("a process that no sample observed")
  func neverSampled() {
    script.fork(30, of: 10)
    #expect(script.verify([10: .host, 20: .host]).sample.reportsNothing)
    let second = script.verify([10: .host, 20: .host])
    #expect(second.sample.disappeared.count == 1)
    #expect(second.disagreements == 1)
    #expect(script.history.process(30) == nil)
  }

  @Test("a process in another namespace than reported")
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

  @Test("a process with the PID of one whose exit was not reported")
  func unreportedReuse() {
    let first = script.history.process(20)?.token
    var counted = script.verify([10: .host, 20: there], others: [20]).disagreements
    for _ in 0..<3 { counted += script.verify([10: .host, 20: there]).disagreements }
    #expect(counted > 0)
    #expect(script.history.process(20)?.token != first)
    #expect(script.namespace(.net, of: 20)?.kernelID == 101)
    #expect(script.history.faults == [])
  }

  @Test("a process that was reported as exited, is a zombie for a while, and continues")
  func zombieGoesOn() {
    script.exit(20)
    _ = script.verify([10: .host, 20: .zombie])
    for _ in 0..<3 { script.finishBatch() }
    script.comm(20, "run", isExec: true)
    script.finishBatch()
    // Which of its threads executes is not known, nor where that was.
    #expect(
      script.history.process(20)?.task.links == NamespaceLink.allCases.map { _ in .unread(.unseen) }
    )
    #expect(script.verify([10: .host, 20: .host]).disagreements == 0)
    #expect(script.history.process(20)?.task.links == TaskLinks.host.states)
    #expect(script.history.faults == [])
  }

  @Test("a process that is sampled after its main thread exited, and continues")
  func observedAfterMainThreadExit() {
    script.fork(30, of: 10)
    script.thread(31, of: 30)
    script.exit(30)
    _ = script.verify([10: .host, 20: .host, 30: .zombie])
    script.comm(30, "run", isExec: true)
    var counted = 0
    for _ in 0..<3 { counted += script.verify([10: .host, 20: .host, 30: .host]).disagreements }
    #expect(counted == 0)
    #expect(script.follower.processes[30]?.facts.nspid == [30, 1])
    #expect(script.history.process(30) != nil)
    #expect(script.history.faults == [])
  }

  @Test("a process that continues during the pass is not confused with the next with its PID")
  func goesOnMeanwhile() {
    script.thread(21, of: 20)
    script.exit(20)
    _ = script.verify([10: .host, 20: .zombie])
    var counted = script.verify([10: .host, 20: .host], touched: [20]).disagreements
    script.comm(20, "run", isExec: true)
    script.exit(20)
    script.fork(20, of: 10, there)
    counted += script.verify([10: .host, 20: there], others: [20]).disagreements
    for _ in 0..<2 { counted += script.verify([10: .host, 20: there]).disagreements }
    #expect(counted == 0)
    #expect(script.namespace(.net, of: 20)?.kernelID == 101)
    #expect(script.history.faults == [])
  }

  @Test("a process that no event reported, with an event during each sample")
  func busy() {
    let tasks: [Int32: TaskLinks] = [10: .host, 20: .host, 30: there]
    var counted = script.verify(tasks).disagreements
    for _ in 0..<3 { counted += script.verify(tasks, touched: [30]).disagreements }
    #expect(counted == 0)
    counted += script.verify(tasks).disagreements
    #expect(counted == 1)
    #expect(script.namespace(.net, of: 30)?.kernelID == 101)
  }

  @Test("an event that comes after the first of the two samples sets all right")
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

  @Test("a process that is forked during the pass, and sampled before its event")
  func forkedMeanwhile() {
    let tasks: [Int32: TaskLinks] = [10: TaskLinks.host, 20: .host, 30: there]
    #expect(script.verify(tasks, touched: [30]).sample.reportsNothing)
    script.fork(30, of: 10, there)
    #expect(script.finishBatch().count == 1)
    #expect(script.follower.processes[30]?.facts.nspid == [30, 1])
    for _ in 0..<3 { #expect(script.verify(tasks).disagreements == 0) }
    #expect(script.history.faults == [])
  }

  @Test("a process that is forked during the pass, sampled, and exits before the next pass")
  func forkedBriefly() {
    let tasks: [Int32: TaskLinks] = [10: TaskLinks.host, 20: .host]
    _ = script.verify(tasks.merging([30: there]) { $1 }, touched: [30])
    script.fork(30, of: 10, there)
    script.exit(30)
    for _ in 0..<3 { #expect(script.verify(tasks).disagreements == 0) }
    #expect(script.history.process(30) == nil)
    #expect(script.history.faults == [])
  }

  @Test("of two processes with one number, the first is not taken for the second")
  func numberMeanwhile() {
    let host: [Int32: TaskLinks] = [10: TaskLinks.host, 20: .host]
    _ = script.verify(host.merging([30: there]) { $1 }, touched: [30])
    script.fork(30, of: 10, there)
    script.exit(30)
    script.fork(30, of: 10)
    let after = host.merging([30: .host]) { $1 }
    #expect(script.verify(after, others: [30]).disagreements == 0)
    for _ in 0..<2 { #expect(script.verify(after).disagreements == 0) }
    #expect(script.namespace(.net, of: 30)?.isInitial == true)
    #expect(script.history.faults == [])
  }

  @Test("at the limit of open files a process with a new token in the samples stays one process")
  func unproven() throws {
    let first = try #require(script.history.process(20)).token
    var sample = script.sample([10: .host, 20: .host], others: [20])
    sample.unproven = Set(sample.appeared.map(\.token))
    for _ in 0..<2 {
      script.finishBatch()
      let verified = script.follower.verify(sample, touched: [])
      script.history.apply(verified.sample)
      #expect(verified.disagreements == 0)
      sample = script.sample([10: .host, 20: .host])
    }
    #expect(script.history.process(20)?.token == first)
  }

  @Test("a disagreement says of whom it is, and what events and the sample had, up to a bound")
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
