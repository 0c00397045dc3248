// Comparing a sample with the events: equal states, state that only the sample can read, and events that are still to
// come.

import NamespaceModel
import Procfs
import Testing

@testable import NSRecorder

struct VerifyTests {
  private let script = EventScript()
  private let there = TaskLinks.host.with(.net, 1, id: 101)

  @Test("a sample that agrees with the events reports nothing")
  func agreement() {
    for _ in 0..<3 {
      let verified = script.verify([10: .host])
      #expect(verified.sample.reportsNothing)
      #expect(verified.disagreements == 0)
    }
    script.fork(20, of: 10)
    script.move(20, there)
    _ = script.verify([10: .host, 20: there])
    #expect(script.verify([10: .host, 20: there]).sample.reportsNothing)
  }

  @Test(
    "the first sample of a process adds its identity and keeps the parent that an event reported")
  func identified() throws {
    script.fork(20, of: 10)
    let token = try #require(script.finishBatch().first).token
    let sample = script.verify([10: .host, 20: .host]).sample
    try #require(sample.identified.count == 1)
    #expect(sample.identified[0].token == token)
    #expect(sample.identified[0].facts.nspid == [20, 1])
    #expect(sample.identified[0].facts.parentPID == 10)
    #expect(sample.described.first?.description.uid == 7)
    #expect(sample.described.first?.description.cgroup == Array("0::/x".utf8))
    #expect(sample.appeared.isEmpty && sample.changed.isEmpty && sample.disappeared.isEmpty)
  }

  @Test("a denied link in a sample does not change the reported state")
  func denied() {
    let denied = TaskLinks(links: TaskLinks.host.links.mapValues { _ in .unread(.denied) })
    script.fork(20, of: 10, there)
    for _ in 0..<3 {
      let verified = script.verify([10: denied, 20: denied])
      #expect(verified.sample.changed.isEmpty)
      #expect(verified.disagreements == 0)
    }
    #expect(script.namespace(.net, of: 20)?.kernelID == 101)
  }

  @Test("an unseen link is reported once a sample has read it, without a disagreement")
  func unseen() {
    script.fork(20, of: 10, probed: false)
    let verified = script.verify([10: .host, 20: .host])
    #expect(verified.disagreements == 0)
    #expect(verified.sample.contradicted.isEmpty)
    #expect(script.history.process(20)?.task.links == TaskLinks.host.states)
  }

  @Test("a zombie whose exit was reported is not reported again by samples")
  func zombie() {
    script.fork(20, of: 10)
    _ = script.verify([10: .host, 20: .host])
    script.exit(20)
    script.fork(30, of: 10)
    script.exit(30)
    for _ in 0..<3 {
      let verified = script.verify([10: .host, 20: .zombie, 30: .zombie])
      #expect(verified.sample.reportsNothing)
      #expect(verified.disagreements == 0)
    }
    #expect(script.verify([10: .host]).sample.reportsNothing)
  }

  @Test("a zombie from before the recording is reported until it is reaped, without an event")
  func oldZombie() {
    let script = EventScript([10: .host, 20: .zombie])
    #expect(script.history.process(20)?.task.links == TaskLinks.zombie.states)
    #expect(script.verify([10: .host, 20: .zombie]).sample.reportsNothing)
    let verified = script.verify([10: .host])
    #expect(verified.disagreements == 0)
    #expect(verified.sample.contradicted.isEmpty)
    #expect(script.history.process(20) == nil)
  }

  @Test("a zombie whose PID another process gets was reaped at a time that no event reports")
  func reusedZombie() throws {
    let script = EventScript([10: .host, 20: .zombie])
    let zombie = try #require(script.history.process(20)?.token)
    script.fork(20, of: 10)
    let first = try #require(script.finishBatch().first)
    if case .reaped(let token) = first.change {
      #expect(token == zombie)
    } else {
      Issue.record("\(first)")
    }
    #expect(script.history.process(20)?.task.isZombie == false)
    #expect(script.history.faults == [])
  }

  @Test("an exit that a sample shows before its event arrives is reported by the event")
  func exitUnderWay() {
    script.fork(20, of: 10)
    _ = script.verify([10: .host, 20: .host])
    #expect(script.verify([10: .host], pidsWithEvents: [20]).sample.reportsNothing)
    script.exit(20)
    let reported = script.finishBatch()
    #expect(reported.count == 1)
    #expect(script.verify([10: .host]).sample.reportsNothing)
    #expect(script.history.faults == [])
  }

  @Test("a process with an event during the sample is left for the next sample")
  func eventDuringSample() {
    script.fork(20, of: 10)
    _ = script.verify([10: .host, 20: .host])
    for _ in 0..<3 {
      let verified = script.verify([10: .host, 20: there], pidsWithEvents: [20])
      #expect(verified.sample.reportsNothing)
      #expect(verified.disagreements == 0)
    }
    script.move(20, there)
    #expect(script.verify([10: .host, 20: there]).sample.reportsNothing)
    #expect(script.namespace(.net, of: 20)?.kernelID == 101)
  }

  @Test("a state that was sampled between two moves of a process is not adopted")
  func movedMeanwhile() {
    script.fork(20, of: 10)
    _ = script.verify([10: .host, 20: .host])
    _ = script.verify([10: .host, 20: there], pidsWithEvents: [20])
    script.move(20, there)
    script.move(20, .host)
    for _ in 0..<3 {
      #expect(script.verify([10: .host, 20: .host]).disagreements == 0)
    }
    #expect(script.namespace(.net, of: 20)?.isInitial == true)
  }
}

extension ProcessEvent {
  /// The task of the event.
  fileprivate var token: ProcessToken {
    switch change {
    case .started(let start): start.token
    case .moved(let token, _), .exited(let token, _), .resumed(let token, _),
      .reaped(let token), .described(let token, _):
      token
    }
  }
}
