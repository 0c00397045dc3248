// What a sample shows and no event reported: believed at the second sample, as an event may be on its way, and
// counted then.

import NamespaceModel
import Testing

@testable import NSRecorder

struct DisagreementTests {
  private let script = EventScript([10: .host, 20: .host])
  private let there = Place.host.with(.net, 1, id: 101)

  @Test("a process of which no event told")
  func untoldStart() {
    #expect(script.verify([10: .host, 20: .host, 30: there]).sample.tellsNothing)
    let second = script.verify([10: .host, 20: .host, 30: there])
    #expect(second.sample.appeared.count == 1)
    #expect(second.disagreements == 1)
    #expect(script.namespace(.net, of: 30)?.kernelID == 101)
    #expect(script.verify([10: .host, 20: .host, 30: there]).sample.tellsNothing)
    script.exit(30)
    script.turn()
    #expect(script.history.process(30) == nil)
    #expect(script.history.faults == [])
  }

  @Test("a process that is gone without an exit")
  func untoldExit() throws {
    let token = try #require(script.history.process(20)).token
    #expect(script.verify([10: .host]).sample.tellsNothing)
    let second = script.verify([10: .host])
    #expect(second.sample.disappeared == [token])
    #expect(second.sample.contradicted == [token])
    #expect(second.disagreements == 1)
    #expect(script.verify([10: .host]).sample.tellsNothing)
  }

  @Test("a process that no sample ever met")
  func neverMet() {
    script.fork(30, of: 10)
    #expect(script.verify([10: .host, 20: .host]).sample.tellsNothing)
    let second = script.verify([10: .host, 20: .host])
    #expect(second.sample.disappeared.count == 1)
    #expect(second.disagreements == 1)
    #expect(script.history.process(30) == nil)
  }

  @Test("a process that is elsewhere than told")
  func untoldMove() throws {
    let token = try #require(script.history.process(20)).token
    #expect(script.verify([10: .host, 20: there]).sample.tellsNothing)
    let second = script.verify([10: .host, 20: there])
    #expect(second.sample.changed.map(\.token) == [token])
    #expect(second.sample.contradicted == [token])
    #expect(second.disagreements == 1)
    #expect(script.namespace(.net, of: 20)?.kernelID == 101)
    #expect(script.verify([10: .host, 20: there]).sample.tellsNothing)
  }

  @Test("another process with the number of one whose exit was not told")
  func untoldReuse() {
    let first = script.history.process(20)?.token
    var counted = script.verify([10: .host, 20: there], others: [20]).disagreements
    for _ in 0..<3 { counted += script.verify([10: .host, 20: there]).disagreements }
    #expect(counted > 0)
    #expect(script.history.process(20)?.token != first)
    #expect(script.namespace(.net, of: 20)?.kernelID == 101)
    #expect(script.history.faults == [])
  }

  @Test("a process that was told to have exited, is a zombie for a while, and goes on")
  func zombieGoesOn() {
    script.exit(20)
    _ = script.verify([10: .host, 20: .zombie])
    for _ in 0..<3 { script.turn() }
    script.comm(20, "run", isExec: true)
    script.turn()
    // Which of its threads executes is not known, nor where that was.
    #expect(
      script.history.process(20)?.task.links == NamespaceLink.allCases.map { _ in .unread(.unseen) }
    )
    #expect(script.verify([10: .host, 20: .host]).disagreements == 0)
    #expect(script.history.process(20)?.task.links == Place.host.states)
    #expect(script.history.faults == [])
  }

  @Test("a process that is met while its main thread has exited, and goes on")
  func metPaused() {
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

  @Test("a process that goes on during the pass is not mixed up with the next of its number")
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

  @Test("a process of which no event told, that does something whenever a sample is taken")
  func busy() {
    let places: [Int32: Place] = [10: .host, 20: .host, 30: there]
    var counted = script.verify(places).disagreements
    for _ in 0..<3 { counted += script.verify(places, touched: [30]).disagreements }
    #expect(counted == 0)
    counted += script.verify(places).disagreements
    #expect(counted == 1)
    #expect(script.namespace(.net, of: 30)?.kernelID == 101)
  }

  @Test("an event that comes after the first of the two samples sets all right")
  func lateEvents() {
    let places: [Int32: Place] = [10: Place.host, 30: there]
    #expect(script.verify(places).disagreements == 0)
    script.exit(20)
    script.fork(30, of: 10, there)
    for _ in 0..<3 { #expect(script.verify(places).disagreements == 0) }
    #expect(script.history.process(20) == nil)
    #expect(script.namespace(.net, of: 30)?.kernelID == 101)
    #expect(script.history.faults == [])
  }

  @Test("a process that is forked during the pass, and met before its event")
  func forkedMeanwhile() {
    let places: [Int32: Place] = [10: Place.host, 20: .host, 30: there]
    #expect(script.verify(places, touched: [30]).sample.tellsNothing)
    script.fork(30, of: 10, there)
    #expect(script.turn().count == 1)
    #expect(script.follower.processes[30]?.facts.nspid == [30, 1])
    for _ in 0..<3 { #expect(script.verify(places).disagreements == 0) }
    #expect(script.history.faults == [])
  }

  @Test("a process that is forked during the pass, is met, and exits before the next")
  func forkedBriefly() {
    let places: [Int32: Place] = [10: Place.host, 20: .host]
    _ = script.verify(places.merging([30: there]) { $1 }, touched: [30])
    script.fork(30, of: 10, there)
    script.exit(30)
    for _ in 0..<3 { #expect(script.verify(places).disagreements == 0) }
    #expect(script.history.process(30) == nil)
    #expect(script.history.faults == [])
  }

  @Test("of two processes with one number, the first is not taken for the second")
  func numberMeanwhile() {
    let host: [Int32: Place] = [10: Place.host, 20: .host]
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

  @Test("at the limit of open files a process that samples could not tell from another stays one")
  func unproven() throws {
    let first = try #require(script.history.process(20)).token
    var sample = script.sample([10: .host, 20: .host], others: [20])
    sample.unproven = Set(sample.appeared.map(\.token))
    for _ in 0..<2 {
      script.turn()
      let verified = script.follower.verify(sample, touched: [])
      script.history.apply(verified.sample)
      #expect(verified.disagreements == 0)
      sample = script.sample([10: .host, 20: .host])
    }
    #expect(script.history.process(20)?.token == first)
  }

  @Test("a disagreement says of whom it is, and what events and the sample had, up to a bound")
  func named() throws {
    let there = Place.host.with(.net, 1, id: 101)
    _ = script.verify([10: there, 20: .host])
    let verified = script.verify([10: there, 20: .host])
    try #require(verified.disagreements == 1)
    let one = try #require(verified.sample.disagreements.first)
    #expect(one.pid == 10 && one.tid == nil && one.comm == Array("read".utf8))
    let net = Int(NamespaceLink.net.rawValue)
    #expect(one.reported?.links[net] == Place.host.states[net])
    #expect(one.sampled?.links[net] == there.states[net])

    let many = Dictionary(uniqueKeysWithValues: (100..<140).map { (Int32($0), Place.host) })
    let all = many.merging([10: there, 20: .host]) { $1 }
    _ = script.verify(all)
    let more = script.verify(all)
    #expect(more.disagreements == 40)
    #expect(more.sample.disagreements.count == 16)
    #expect(more.sample.disagreements.allSatisfy { $0.reported == nil && $0.sampled != nil })
  }
}
