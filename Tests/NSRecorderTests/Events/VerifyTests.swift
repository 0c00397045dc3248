// A sample beside what events reported: what agrees, what is only told later, and what proves an event missing.

import NamespaceModel
import Procfs
import Testing

@testable import NSRecorder

struct VerifyTests {
  private let script = EventScript()
  private let there = Place.host.with(.net, 1, id: 101)

  @Test("a sample that agrees tells nothing")
  func agreement() {
    for _ in 0..<3 {
      let verified = script.verify([10: .host])
      #expect(verified.sample.tellsNothing)
      #expect(verified.disagreements == 0)
    }
    script.fork(20, of: 10)
    script.move(20, there)
    _ = script.verify([10: .host, 20: there])
    #expect(script.verify([10: .host, 20: there]).sample.tellsNothing)
  }

  @Test("a process that is met for the first time is identified, and keeps its maker")
  func identified() throws {
    script.fork(20, of: 10)
    let token = try #require(script.turn().first).token
    let sample = script.verify([10: .host, 20: .host]).sample
    try #require(sample.identified.count == 1)
    #expect(sample.identified[0].token == token)
    #expect(sample.identified[0].facts.nspid == [20, 1])
    #expect(sample.identified[0].facts.parentPID == 10)
    #expect(sample.described.first?.description.uid == 7)
    #expect(sample.described.first?.description.cgroup == Array("0::/x".utf8))
    #expect(sample.appeared.isEmpty && sample.changed.isEmpty && sample.disappeared.isEmpty)
  }

  @Test("what a sample is denied leaves what events told")
  func denied() {
    let denied = Place(links: Place.host.links.mapValues { _ in .unread(.denied) })
    script.fork(20, of: 10, there)
    for _ in 0..<3 {
      let verified = script.verify([10: denied, 20: denied])
      #expect(verified.sample.changed.isEmpty)
      #expect(verified.disagreements == 0)
    }
    #expect(script.namespace(.net, of: 20)?.kernelID == 101)
  }

  @Test("what was unseen is told once a sample has read it, and is no disagreement")
  func unseen() {
    script.fork(20, of: 10, look: false)
    let verified = script.verify([10: .host, 20: .host])
    #expect(verified.disagreements == 0)
    #expect(verified.sample.contradicted.isEmpty)
    #expect(script.history.process(20)?.task.links == Place.host.states)
  }

  @Test("a zombie whose exit was told is not told again, whether it was met or not")
  func zombie() {
    script.fork(20, of: 10)
    _ = script.verify([10: .host, 20: .host])
    script.exit(20)
    script.fork(30, of: 10)
    script.exit(30)
    for _ in 0..<3 {
      let verified = script.verify([10: .host, 20: .zombie, 30: .zombie])
      #expect(verified.sample.tellsNothing)
      #expect(verified.disagreements == 0)
    }
    #expect(script.verify([10: .host]).sample.tellsNothing)
  }

  @Test("a zombie from before all began is told until it is reaped, which no event tells")
  func oldZombie() {
    let script = EventScript([10: .host, 20: .zombie])
    #expect(script.history.process(20)?.task.links == Place.zombie.states)
    #expect(script.verify([10: .host, 20: .zombie]).sample.tellsNothing)
    let verified = script.verify([10: .host])
    #expect(verified.disagreements == 0)
    #expect(verified.sample.contradicted.isEmpty)
    #expect(script.history.process(20) == nil)
  }

  @Test("an exit that a sample shows before it is told is told by its event")
  func exitUnderWay() {
    script.fork(20, of: 10)
    _ = script.verify([10: .host, 20: .host])
    #expect(script.verify([10: .host], touched: [20]).sample.tellsNothing)
    script.exit(20)
    let told = script.turn()
    #expect(told.count == 1)
    #expect(script.verify([10: .host]).sample.tellsNothing)
    #expect(script.history.faults == [])
  }

  @Test("a process to which something happened meanwhile is left for the next sample")
  func touched() {
    script.fork(20, of: 10)
    _ = script.verify([10: .host, 20: .host])
    for _ in 0..<3 {
      let verified = script.verify([10: .host, 20: there], touched: [20])
      #expect(verified.sample.tellsNothing)
      #expect(verified.disagreements == 0)
    }
    script.move(20, there)
    #expect(script.verify([10: .host, 20: there]).sample.tellsNothing)
    #expect(script.namespace(.net, of: 20)?.kernelID == 101)
  }

  @Test("a sample that was taken while a process moved twice is not believed")
  func movedMeanwhile() {
    script.fork(20, of: 10)
    _ = script.verify([10: .host, 20: .host])
    _ = script.verify([10: .host, 20: there], touched: [20])
    script.move(20, there)
    script.move(20, .host)
    for _ in 0..<3 {
      #expect(script.verify([10: .host, 20: .host]).disagreements == 0)
    }
    #expect(script.namespace(.net, of: 20)?.isInitial == true)
  }
}

extension ProcessEvent {
  /// The task of which it tells.
  fileprivate var token: ProcessToken {
    switch change {
    case .started(let start): start.token
    case .moved(let token, _), .exited(let token, _), .resumed(let token, _),
      .described(let token, _):
      token
    }
  }
}
