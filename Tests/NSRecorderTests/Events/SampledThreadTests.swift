// Threads that samples show: where all begins, behind a loss, and beside what events reported.

import NamespaceModel
import Testing

@testable import NSRecorder

struct SampledThreadTests {
  private let script = EventScript([10: .host, 20: .host])
  private let there = Place.host.with(.net, 1, id: 101)
  private let elsewhere = Place.host.with(.net, 2, id: 102)

  private func thread(_ place: Place, of pid: Int32 = 20, start: UInt64 = 490)
    -> EventScript.Thread
  {
    EventScript.Thread(pid: pid, place: place, start: start)
  }

  @Test("a thread that left before all began is told by the first sample")
  func before() {
    let script = EventScript([:])
    let news = script.begin([10: .host, 20: .host], threads: [21: thread(there)])
    #expect(script.turn().isEmpty)
    let told = news.appeared.first { $0.thread != nil }
    #expect(told?.thread?.tid == 21 && told?.facts.pid == 20)
    #expect(told?.thread?.process == script.history.process(20)?.token)
    #expect(script.history.thread(21)?.task.links == there.states)
    script.move(21, of: 20, elsewhere)
    script.turn()
    #expect(script.history.thread(21)?.task.links == elsewhere.states)
    script.move(21, of: 20, .host)
    script.turn()
    #expect(script.history.thread(21)?.task.links == Place.host.states)
    #expect(script.history.faults == [])
  }

  @Test(
    "a thread that has returned by the sample behind a loss is the same, where its start is known")
  func returnedInLoss() {
    script.thread(21, of: 20)
    let start = UInt64(script.clock / 10_000_000)
    script.move(21, of: 20, there)
    script.clock += 100_000_000
    script.comm(10, "later")
    script.turn()
    let token = script.history.thread(21)?.token
    let news = script.begin(
      [10: .host, 20: .host], companions: [21: 20], companionStart: start)
    #expect(script.history.thread(21)?.token == token)
    #expect(script.history.thread(21)?.task.links == Place.host.states)
    #expect(news.changed.map(\.token) == [token] && news.disappeared.isEmpty)
    #expect(script.history.faults == [])
  }

  @Test(
    "a thread that went and returned as events told is no disagreement where a sample saw nothing")
  func returnedBetweenSamples() {
    script.thread(21, of: 20)
    script.move(21, of: 20, there)
    script.move(21, of: 20, .host)
    for _ in 0..<3 {
      let verified = script.verify([10: .host, 20: .host], threads: [:], companions: [21: 20])
      #expect(verified.disagreements == 0 && !script.follower.suspectsAny)
    }
    #expect(script.history.thread(21) != nil)
  }

  @Test("a thread that was where its process is stays behind when that moves, seen or not")
  func companion() {
    let script = EventScript([:])
    script.begin([10: .host, 20: .host], companions: [21: 20])
    #expect(script.history.thread(21) == nil)
    script.move(20, there, look: false)
    script.turn()
    #expect(script.history.thread(21)?.task.links == Place.host.states)
    script.exit(21, of: 20)
    script.turn()
    #expect(script.history.thread(21) == nil && script.history.faults == [])
  }

  @Test("what happens to a thread during the pass is in what is told")
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
    #expect(script.turn().isEmpty)
    #expect(script.history.thread(21)?.task.links == elsewhere.states)
    #expect(script.history.thread(22) == nil)
    #expect(script.history.thread(23)?.task.links == Place.host.states)
  }

  @Test("after a loss a thread of one number and start is the same, of another start another")
  func afterLoss() {
    script.thread(21, of: 20)
    script.thread(22, of: 20)
    let start = UInt64(script.clock / 10_000_000)
    script.move(21, of: 20, there)
    script.move(22, of: 20, there)
    // Its start is long past when it is known to be there.
    script.clock += 100_000_000
    script.comm(10, "later")
    script.turn()
    let tokens = [21, 22].map { script.history.thread($0)?.token }
    let news = script.begin(
      [10: .host, 20: .host],
      threads: [21: thread(elsewhere, start: start), 22: thread(there, start: start + 5)])
    #expect(script.history.thread(21)?.token == tokens[0])
    #expect(news.changed.map(\.token) == [tokens[0]])
    #expect(script.history.thread(21)?.task.links == elsewhere.states)
    #expect(news.disappeared == [tokens[1]])
    #expect(script.history.thread(22) != nil)
    #expect(script.history.faults == [])
  }

  @Test("a thread that had just started before a loss is not taken for the same")
  func justStarted() {
    script.thread(21, of: 20)
    let start = UInt64(script.clock / 10_000_000)
    script.move(21, of: 20, there)
    script.turn()
    let token = script.history.thread(21)?.token
    script.begin([10: .host, 20: .host], threads: [21: thread(there, start: start)])
    #expect(script.history.thread(21)?.token != token)
    #expect(script.history.faults == [])
  }

  @Test("beside a main thread that had exited, and the exec by which the process goes on")
  func exitedLeader() {
    let script = EventScript([:])
    script.begin([10: .host, 20: .zombie], threads: [21: thread(there)])
    #expect(script.history.process(20)?.task.isZombie == true)
    #expect(script.history.thread(21)?.task.links == there.states)
    script.move(21, of: 20, .host)
    script.turn()
    // Where its main thread was no longer counts.
    #expect(script.history.thread(21)?.task.links == Place.host.states)
    script.comm(20, "run", isExec: true)
    script.turn()
    #expect(script.history.thread(21) == nil)
    #expect(script.history.process(20)?.task.links == Place.host.states)
    #expect(script.verify([10: .host, 20: .host]).disagreements == 0)
    #expect(script.history.faults == [])
  }

  @Test("a process that began, and whose main thread exited, in what was lost")
  func exitedInLoss() {
    let news = script.begin(
      [10: .host, 20: .host, 30: .zombie, 40: .zombie], threads: [31: thread(there, of: 30)])
    #expect(news.appeared.map(\.facts.pid).sorted() == [30, 30])
    #expect(script.history.thread(31)?.task.parent == script.history.process(30)?.token)
    #expect(script.history.process(40) == nil)
  }

  @Test("a process whose main thread's exit was told before a loss, and that goes on behind it")
  func exitedBeforeLoss() {
    script.thread(21, of: 20)
    script.exit(20)
    script.turn()
    #expect(script.history.process(20)?.task.isZombie == true)
    script.begin([10: .host, 20: .zombie], threads: [21: thread(there, start: 7)])
    #expect(script.history.process(20)?.task.isZombie == true)
    #expect(script.history.thread(21)?.task.links == there.states)
    script.comm(20, "run", isExec: true)
    script.turn()
    #expect(script.history.process(20)?.task.links == there.states)
    #expect(script.history.faults == [])
  }

  @Test("a sample that read no threads says nothing of them")
  func notRead() {
    script.thread(21, of: 20)
    script.move(21, of: 20, there)
    for _ in 0..<3 {
      let verified = script.verify([10: .host, 20: .host])
      #expect(verified.disagreements == 0 && verified.sample.disappeared.isEmpty)
    }
    #expect(script.history.thread(21) != nil && !script.follower.suspectsAny)
  }

  @Test("a sample that agrees about threads tells nothing")
  func agreement() {
    script.thread(21, of: 20)
    script.move(21, of: 20, there)
    for _ in 0..<3 {
      let verified = script.verify([10: .host, 20: .host], threads: [21: thread(there)])
      #expect(verified.disagreements == 0)
      #expect(
        verified.sample.appeared.isEmpty && verified.sample.changed.isEmpty
          && verified.sample.disappeared.isEmpty && !script.follower.suspectsAny)
    }
  }

  @Test("the second sample that shows threads elsewhere than events told is right")
  func disagreement() throws {
    for tid in [21, 22] as [Int32] {
      script.thread(tid, of: 20)
      script.move(tid, of: 20, there)
    }
    script.turn()
    let known = try [21, 22].map { try #require(script.history.thread($0)).token }
    // One is elsewhere, one is as its process again, and one no event reported.
    let shown = [21: thread(elsewhere), 23: thread(there)] as [Int32: EventScript.Thread]
    let first = script.verify([10: .host, 20: .host], threads: shown)
    #expect(first.disagreements == 0 && first.sample.appeared.isEmpty)
    #expect(script.follower.suspectsAny)
    let second = script.verify([10: .host, 20: .host], threads: shown)
    #expect(second.disagreements == 3)
    #expect(second.sample.contradicted == Set(known))
    #expect(second.sample.changed.map(\.token) == [known[0]])
    #expect(second.sample.disappeared == [known[1]])
    #expect(second.sample.appeared.map(\.thread?.tid) == [23])
    let third = script.verify([10: .host, 20: .host], threads: shown)
    #expect(third.disagreements == 0 && !script.follower.suspectsAny)
    script.move(21, of: 20, .host)
    for tid in [21, 22, 23] as [Int32] { script.exit(tid, of: 20) }
    script.turn()
    #expect(script.history.tasks.count == 2)
    #expect(script.history.faults == [])
  }

  @Test("threads of a process to which something happened meanwhile are not compared")
  func touched() {
    script.thread(21, of: 20)
    script.move(21, of: 20, there)
    for _ in 0..<3 {
      let verified = script.verify([10: .host, 20: .host], touched: [20], threads: [:])
      #expect(verified.disagreements == 0)
    }
    #expect(script.history.thread(21) != nil)
  }

  @Test("with a sample that read no threads nothing begins")
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

extension EventFollower {
  fileprivate var suspectsAny: Bool { !suspects.isEmpty || !suspectThreads.isEmpty }
}
