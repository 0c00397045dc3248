// Small histories that a test describes sample by sample and that `HistoryWriter` writes.

import NSHistory
import NamespaceModel
import TestSupport

/// A history, given by the state of each PID in each sample.
struct HistoryScript {
  /// The state of a PID in a sample: absent, in either of two namespace sets, or denied.
  enum Observation: Equatable, CaseIterable {
    case absent
    case inFirst
    case inSecond
    case denied
  }

  /// A sample, and what happened before it.
  struct Step {
    var gap: GapCause?
    var startsSession = false
    /// By how much the wall clock was set before the sample, in nanoseconds.
    var clockStep: Int64 = 0
    /// The PID space, that is, the pid namespace whose PIDs the sample shows. It changes only where a session starts.
    var space = 0
  }

  /// A PID: its state in each sample, and the samples at which another process has it than before.
  struct Actor {
    let pid: Int32
    var observations: [Observation]
    var replacedAt: Set<Int> = []
  }

  /// Returns how many processes had a PID up to a sample that shows one.
  func generation(_ actor: Actor, at sample: Int) -> Int {
    (0...sample).count { index in
      actor.observations[index] != .absent
        && (index == 0 || actor.observations[index - 1] == .absent
          || actor.replacedAt.contains(index)
          || steps[index].space != steps[index - 1].space)
    }
  }

  var steps: [Step]
  var actors: [Actor]

  static let second: Int64 = 1_000_000_000
  /// The wall-clock time at which the boot clock was zero.
  static let epoch = WallTime(nanoseconds: 1_700_000_000 * second)
  static let bootAtFirst: Int64 = 1000 * second

  /// A sample is taken every ten seconds of the boot clock, and takes one second.
  static func boot(_ sample: Int) -> Int64 { bootAtFirst + Int64(sample) * 10 * second }
  static func bootEnd(_ sample: Int) -> Int64 { boot(sample) + second }
  /// The start of a process that this sample is the first to show: after the sample before it.
  static func processStart(_ sample: Int) -> Int64 { boot(sample) - 4 * second }

  /// Returns the wall-clock time at the start of a sample.
  func start(_ sample: Int) -> WallTime {
    Self.epoch + Self.boot(sample) + steps[...sample].reduce(0) { $0 + $1.clockStep }
  }
  func end(_ sample: Int) -> WallTime { start(sample) + Self.second }

  /// Writes the history into a new file, with its last session ended or as SIGKILL leaves it.
  func write(_ path: String, ends: Bool = true) throws {
    let writer = try HistoryWriter(path: path)
    for (index, step) in steps.enumerated() {
      let startsSession = index == 0 || step.startsSession
      if startsSession {
        if index > 0 { try writer.endSession(.stopped) }
        try writer.beginSession(Self.session(reading(index, 0), space: step.space))
      }
      _ = try writer.write(
        sample(index, startsSession: startsSession),
        SampleTiming(gap: startsSession ? nil : step.gap))
    }
    if ends { try writer.endSession(.completed) }
  }

  private func sample(_ index: Int, startsSession: Bool) -> ProcessSample {
    var sample = ProcessSample(start: reading(index, 0))
    sample.end = reading(index, Self.second)
    for actor in actors {
      let now = actor.observations[index]
      let before = index == 0 || startsSession ? .absent : actor.observations[index - 1]
      let isOther = actor.replacedAt.contains(index)
      if before != .absent, now == .absent || isOther {
        sample.disappeared.append(token(actor, index - 1))
      }
      if now != .absent, before == .absent || isOther {
        sample.appeared.append(
          .init(
            token: token(actor, index), facts: facts(actor, index),
            description: .init(comm: Array("actor".utf8), uid: 0, cgroup: nil),
            links: Self.links(now)))
      } else if now != .absent, now != before {
        sample.changed.append(.init(token: token(actor, index), links: Self.links(now)))
      }
    }
    return sample
  }

  private func facts(_ actor: Actor, _ index: Int) -> ProcessFacts {
    let processStart = Self.processStart(firstObservation(actor, index))
    return ProcessFacts(
      pid: actor.pid, startTicks: UInt64(processStart / (Self.second / 100)), parentPID: 1,
      isKernelThread: false, nspid: [])
  }

  /// Returns the first sample that shows the process which the given sample shows.
  func firstObservation(_ actor: Actor, _ index: Int) -> Int {
    let generation = generation(actor, at: index)
    return (0...index).first {
      actor.observations[$0] != .absent && self.generation(actor, at: $0) == generation
    } ?? index
  }

  private func token(_ actor: Actor, _ index: Int) -> ProcessToken {
    ProcessToken(number: UInt64(actor.pid) * 100 + UInt64(generation(actor, at: index)))
  }

  private func reading(_ sample: Int, _ later: Int64) -> ClockReading {
    let boot = Self.boot(sample) + later
    return ClockReading(wall: start(sample) + later, boot: boot, monotonic: boot)
  }

  private static func links(_ observation: Observation) -> [LinkState] {
    NamespaceLink.allCases.map { link in
      guard observation != .denied else { return .unread(.denied) }
      let number: UInt64 = observation == .inFirst ? 1 : 2
      return .namespace(
        ObservedNamespace(
          type: link.type, inode: 4_026_532_000 + UInt64(link.type.rawValue) * 10 + number,
          kernelID: 100 + number, inodeGeneration: 0, isInitial: false))
    }
  }

  private static func session(_ started: ClockReading, space: Int) -> SessionInfo {
    SessionInfo(
      bootID: "11111111-1111-4111-8111-111111111111", ticksPerSecond: 100, recorderPID: 1,
      program: "test", interval: 10 * second, identity: "name_to_handle_at", procRoot: "/proc",
      shownPIDNamespace: ObservedNamespace(
        type: .pid, inode: 4_026_532_900, kernelID: 900 + UInt64(space), inodeGeneration: 0,
        isInitial: false),
      started: started)
  }
}
