// Asks questions at random times and compares each answer with the log.

import NSHistory
import NamespaceModel
import TestSupport

struct AnswerChecker {
  let log: TruthLog
  let samples: SampleTable
  var random: SeededRandom
  private(set) var mistakes: [String] = []
  /// What is unknown although events reported all: who hurried on was not seen in time.
  private(set) var unseen: [String] = []
  private(set) var asked = 0
  private(set) var same = 0
  private(set) var different = 0
  private(set) var unknown = 0
  /// Of those that are unknown, the ones of two processes that were both there.
  private(set) var unknownOfThere: [NamespaceType: Int] = [:]
  private(set) var mayBeReused = 0
  /// Where they have none, an inode number may leave a doubt.
  private let namespacesHaveIDs: Bool
  /// Whether events reported all: then nothing is unknown but where a process that was not there was.
  let isExact: Bool
  var proven: Int { same + different }

  init(
    log: TruthLog, samples: SampleTable, random: SeededRandom, namespacesHaveIDs: Bool = true,
    isExact: Bool = false
  ) {
    self.namespacesHaveIDs = namespacesHaveIDs
    self.isExact = isExact
    self.log = log
    self.samples = samples
    self.random = random
  }

  /// Two processes and a time: any time of the recording, or one close to a step; mostly of
  /// processes that were there then.
  mutating func question() -> SameQuestion {
    // Within the first sample nothing is known of who was not there.
    let begin = (isExact ? samples.all.first?.end : samples.all.first?.start) ?? 0
    // What was after the beginning of the last sample no event reported either, if there was none.
    let end = (isExact ? samples.all.last?.start : samples.all.last?.end) ?? 1
    var time = WallTime.random(in: begin...end, using: &random)
    if Bool.random(using: &random),
      let act = log.lives.randomElement(using: &random)?.acts.randomElement(using: &random)
    {
      let near = act.done + Int64.random(in: -100_000_000...400_000_000, using: &random)
      time = min(end, isExact ? max(begin, near) : near)
    }
    let present = log.lives.filter { log.truth($0.pid, at: time) != .away }
    let pids = (0..<2).map { _ in
      let choice = Int.random(in: 0..<5, using: &random) > 0 ? present : log.lives
      return Int64((choice.randomElement(using: &random) ?? log.lives[0]).pid)
    }
    return SameQuestion(
      pids: pids.map { .init(pid: $0) }, time: .at(time), types: log.types)
  }

  mutating func check(_ answer: SameAnswer, to question: SameQuestion) {
    guard case .at(let time) = question.time else { return }
    let pids = question.pids.map { Int32($0.pid) }
    let truths = pids.map { log.truth($0, at: time) }
    guard !truths.contains(.changing) else { return }
    // A PID that one of ours has left may be given to a process of which the log knows nothing.
    guard zip(pids, answer.processes).allSatisfy({ $1.allSatisfy(log.knows) }) else { return }
    for line in answer.types {
      asked += 1
      switch line.verdict {
      case .same: same += 1
      case .different: different += 1
      case .unknown:
        unknown += 1
        if truths.allSatisfy({ $0 != .away }) { unknownOfThere[line.type, default: 0] += 1 }
      }
      if line.reason == .inodeMayBeReused { mayBeReused += 1 }
      if let mistake = mistake(line, pids, truths, time) {
        let what =
          "\(mistake): \(line.type) of \(pids) at \(time): \(line.verdict), "
          + "\(line.reason?.rawValue ?? "no reason"); in truth \(truths)"
        if isExact, line.reason == .changedBetweenSamples {
          unseen.append(what)
        } else {
          mistakes.append(what)
        }
      }
    }
  }

  /// Whether the process that had a PID at a time was there for the whole of a sample.
  private func mustBeSeen(_ pid: Int32, _ time: WallTime) -> Bool {
    log.life(pid, at: time).map(spansASample) ?? false
  }

  private func spansASample(_ life: TruthLog.TaskHistory) -> Bool {
    guard let birth = life.acts.first else { return false }
    let death = life.acts.first { $0.places == nil }?.began ?? .max
    return samples.all.contains { $0.start > birth.done && $0.end < death }
  }

  private func mistake(
    _ line: SameAnswer.TypeAnswer, _ pids: [Int32], _ truths: [TruthLog.Truth], _ time: WallTime
  ) -> String? {
    var places: [Int] = []
    for case .at(let all) in truths { places.append(all[line.type] ?? 0) }
    guard line.verdict == .unknown else {
      guard places.count == 2 else { return "a verdict on a process that was not there" }
      let isSame = places[0] == places[1]
      if isExact && !line.isExact { return "not exact" }
      if isSame == (line.verdict == .same) { return nil }
      // Samples alone do not show that a process went away and came back between two of them.
      if !isExact, let (before, after) = samples.around(time),
        pids.contains(where: { log.hasReturned($0, from: before.start, to: after.end) })
      {
        return nil
      }
      return "wrong"
    }
    if isExact { return ExactTruth.mistake(line, pids, truths, samples) }
    guard let (before, after) = samples.around(time) else {
      return line.reason == .gap || line.reason == .notRunning || places.count < 2
        ? nil : "no samples around, and not a gap"
    }
    let changed = pids.contains { log.changed($0, from: before.start, to: after.end) }
    switch line.reason {
    case .gap: return samples.hasGap(after: before, upTo: after) ? nil : "a gap where none is"
    case .changedBetweenSamples: return changed ? nil : "unknown although nothing changed"
    case .notRunning:
      // The reason is about recorded processes: one may have come and gone between two samples.
      let isExcused = pids.contains { log.truth($0, at: time) == .away || !mustBeSeen($0, time) }
      return isExcused ? nil : "not running, but it was"
    case .notRecorded:
      let isExcused = pids.contains { pid in
        !log.lives.contains { $0.pid == pid && spansASample($0) }
      }
      return isExcused ? nil : "not recorded, but it was there for a whole sample"
    case .inodeMayBeReused where !namespacesHaveIDs: return nil
    default: return "a reason that cannot be"
    }
  }
}
