// Random processes on a simulated machine, with events, probes and samples at random times. After each event the
// reported state has to equal the actual one.

import NSHistory
import NamespaceModel
import Testing

@testable import NSRecorder

struct RandomWalkTests {
  /// Records a simulated machine as `Recorder` would record a real one.
  private final class Walk {
    let machine: SimulatedMachine
    let recording: EventRecording
    var oracle = Oracle()
    var pending: ProcessSample?
    var samples = 0
    var disagreements = 0
    var losses = 0
    let loses: Bool
    /// Whether every sample reads threads, or only those from which recording starts or resyncs.
    let readsThreads: Bool

    init(seed: UInt64, loses: Bool, reportsStates: Bool = false) {
      let machine = SimulatedMachine(seed: seed, reportsStates: reportsStates)
      self.machine = machine
      self.loses = loses
      readsThreads = seed % 2 == 0
      recording = EventRecording(machine, machine, readsTime: true, now: { machine.reading() })
      for task in machine.tasks.values { machine.noted(task) }
    }

    func step() throws {
      if let sample = pending, BootTime(nanoseconds: machine.clock) >= recording.readyAt(sample) {
        pending = nil
        return try complete(sample)
      }
      switch Int.random(in: 0..<100, using: &machine.random) {
      case 0..<60: machine.act()
      case 60..<85: recording.collect()
      case 85..<90: machine.pass(1000...30_000_000)
      case 90..<94 where pending == nil: try flush()
      case 99 where loses: machine.loseRing()
      default:
        guard pending == nil, recording.needsSample || machine.chance(20) else { return }
        pending = machine.takeSample(threads: readsThreads || recording.needsSample) {
          self.recording.collect()
        }
      }
    }

    private func flush() throws {
      for batch in try recording.flush() { oracle.check(batch, machine) }
    }

    private func complete(_ sample: ProcessSample) throws {
      let merged = try recording.complete(sample)
      for batch in merged.batches { oracle.check(batch, machine) }
      disagreements += merged.disagreements
      losses += merged.losses.count
      if samples > 0, let lost = merged.losses.map(\.after).min() {
        oracle.check(upTo: lost.nanoseconds, machine)
      }
      guard let translated = merged.sample else { return }
      samples += 1
      let end = merged.isExact ? sample.start.boot : sample.end.boot
      oracle.check(translated, at: end.nanoseconds, machine)
    }

    func finish() throws {
      for _ in 0..<10 {
        machine.pass(50_000_000...60_000_000)
        recording.collect()
      }
      if let sample = pending { try complete(sample) }
      pending = nil
      try flush()
    }
  }

  @Test("the reported state is the actual state", arguments: 1...50 as ClosedRange<UInt64>)
  func walk(seed: UInt64) throws {
    let walk = Walk(seed: seed, loses: false)
    for _ in 0..<1500 { try walk.step() }
    try walk.finish()
    let oracle = walk.oracle
    #expect(oracle.faults.prefix(3) == [])
    #expect(walk.disagreements == 0)
    #expect(walk.losses == 0)
    #expect(walk.samples > 5)
    #expect(oracle.compared > 10_000)
    #expect(oracle.vague * 4 < oracle.compared)
  }

  @Test(
    "with states the reported state is the actual state",
    arguments: 101...150 as ClosedRange<UInt64>)
  func states(seed: UInt64) throws {
    let walk = Walk(seed: seed, loses: false, reportsStates: true)
    for _ in 0..<1500 { try walk.step() }
    try walk.finish()
    let oracle = walk.oracle
    #expect(oracle.faults.prefix(3) == [])
    #expect(walk.disagreements == 0)
    #expect(walk.losses == 0)
    #expect(walk.samples > 5)
    #expect(oracle.compared > 10_000)
    #expect(oracle.vague * 40 < oracle.compared)
  }

  @Test("after a loss the reported state is the actual state, once a sample has resynced")
  func losses() throws {
    var counted = 0
    for seed in 1001...1040 as ClosedRange<UInt64> {
      let walk = Walk(seed: seed, loses: true, reportsStates: seed > 1030)
      for _ in 0..<1500 { try walk.step() }
      try walk.finish()
      #expect(walk.oracle.faults.prefix(3) == [], "\(seed)")
      #expect(walk.disagreements == 0, "\(seed)")
      counted += walk.losses
    }
    #expect(counted > 30)
  }
}
