// Small histories, written sample by sample through the recorder's own door.

import NSHistory
import NamespaceModel
import TestSupport

/// What each PID was in each sample.
struct HistoryScript {
  /// What a sample saw of a PID.
  enum Sight: Equatable, CaseIterable {
    case absent
    case inFirst
    case inSecond
    case denied
  }

  /// A sample, and what came before it.
  struct Step {
    var gap: GapCause?
    var startsSession = false
  }

  /// One PID: what each sample saw, and in which samples another process has it than before.
  struct Actor {
    let pid: Int32
    var sights: [Sight]
    var replacedAt: Set<Int> = []

    /// Counts the processes that had the PID, up to a sample that saw one.
    func generation(at sample: Int) -> Int {
      var generation = 0
      for index in 0...sample where sights[index] != .absent {
        if index == 0 || sights[index - 1] == .absent || replacedAt.contains(index) {
          generation += 1
        }
      }
      return generation
    }
  }

  var steps: [Step]
  var actors: [Actor]

  static let second: Int64 = 1_000_000_000
  /// When the boot clock showed zero.
  static let epoch: Int64 = 1_700_000_000 * second
  static let bootAtFirst: Int64 = 1000 * second

  /// A sample is taken every ten seconds, and takes one.
  static func start(_ sample: Int) -> Int64 { epoch + bootAtFirst + Int64(sample) * 10 * second }
  static func end(_ sample: Int) -> Int64 { start(sample) + second }
  /// A process starts in the middle between the last sample that missed it and the first that did
  /// not.
  static func birth(_ sample: Int) -> Int64 { start(sample) - 4 * second }

  /// Writes the history into a new file, with its last session ended or as SIGKILL leaves it.
  func write(_ path: String, ends: Bool = true) throws {
    let writer = try HistoryWriter(path: path)
    for (index, step) in steps.enumerated() {
      let startsSession = index == 0 || step.startsSession
      if startsSession {
        if index > 0 { try writer.endSession(.stopped) }
        try writer.beginSession(Self.session(Self.reading(index, 0)))
      }
      _ = try writer.write(
        sample(index, startsSession: startsSession),
        SampleTiming(gap: startsSession ? nil : step.gap))
    }
    if ends { try writer.endSession(.completed) }
  }

  private func sample(_ index: Int, startsSession: Bool) -> ProcessSample {
    var sample = ProcessSample(start: Self.reading(index, 0))
    sample.end = Self.reading(index, Self.second)
    for actor in actors {
      let now = actor.sights[index]
      let before = index == 0 || startsSession ? .absent : actor.sights[index - 1]
      let isOther = actor.replacedAt.contains(index)
      if before != .absent, now == .absent || isOther {
        sample.disappeared.append(Self.token(actor, index - 1))
      }
      if now != .absent, before == .absent || isOther {
        sample.appeared.append(
          .init(
            token: Self.token(actor, index), facts: facts(actor, index),
            description: .init(comm: Array("actor".utf8), uid: 0, cgroup: nil),
            links: Self.links(now)))
      } else if now != .absent, now != before {
        sample.changed.append(.init(token: Self.token(actor, index), links: Self.links(now)))
      }
    }
    return sample
  }

  private func facts(_ actor: Actor, _ index: Int) -> ProcessFacts {
    let birth = Self.birth(firstSight(actor, index)) - Self.epoch
    return ProcessFacts(
      pid: actor.pid, startTicks: UInt64(birth / (Self.second / 100)), parentPID: 1,
      isKernelThread: false, nspid: [])
  }

  /// The sample that saw first the process which a sample sees.
  func firstSight(_ actor: Actor, _ index: Int) -> Int {
    let generation = actor.generation(at: index)
    return (0...index).first {
      actor.sights[$0] != .absent && actor.generation(at: $0) == generation
    } ?? index
  }

  private static func token(_ actor: Actor, _ index: Int) -> ProcessToken {
    ProcessToken(number: UInt64(actor.pid) * 100 + UInt64(actor.generation(at: index)))
  }

  private static func reading(_ sample: Int, _ later: Int64) -> ClockReading {
    let boot = start(sample) - epoch + later
    return ClockReading(wall: start(sample) + later, boot: boot, monotonic: boot)
  }

  private static func links(_ sight: Sight) -> [LinkState] {
    NamespaceLink.allCases.map { link in
      guard sight != .denied else { return .unread(.denied) }
      let number: UInt64 = sight == .inFirst ? 1 : 2
      return .namespace(
        ObservedNamespace(
          type: link.type, inode: 4_026_532_000 + UInt64(link.type.rawValue) * 10 + number,
          kernelID: 100 + number, sighting: 0, isInitial: false))
    }
  }

  private static func session(_ started: ClockReading) -> SessionInfo {
    SessionInfo(
      bootID: "11111111-1111-4111-8111-111111111111", ticksPerSecond: 100, recorderPID: 1,
      program: "test", interval: 10 * second, identity: "name_to_handle_at", procRoot: "/proc",
      pidNamespaceInode: nil, hidePID: 0, started: started)
  }
}
