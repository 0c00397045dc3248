// Asks `same` at random times, and compares each answer with the log of what the processes did.

import NSHistory
import NamespaceModel
import TestSupport

struct AnswerChecker {
  let log: TruthLog
  let samples: SampleTable
  var random: SeededRandom
  private(set) var mistakes: [String] = []
  /// Answers that are unknown although events covered the time: a process moved on before it was read.
  private(set) var unseen: [String] = []
  private(set) var asked = 0
  private(set) var same = 0
  private(set) var different = 0
  private(set) var unknown = 0
  /// The unknown answers about two processes that both ran, by type.
  private(set) var unknownOfThere: [NamespaceType: Int] = [:]
  private(set) var mayBeReused = 0
  /// Whether the kernel gives namespaces IDs. Without them an answer may be `inode-may-be-reused`.
  private let namespacesHaveIDs: Bool
  /// Whether events covered the recording. Then an answer is unknown only if a process did not run.
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

  /// Returns a question about two processes at a random time of the recording, often close to a step. Mostly both
  /// processes run at that time.
  mutating func question() -> SameQuestion {
    // Up to the end of the first sample, nothing is known of processes that did not run.
    let begin =
      (isExact ? (samples.all.first?.end).map { $0 + 1 } : samples.all.first?.start) ?? 0
    // Events after the start of the last sample may not have been reported.
    let end = (isExact ? samples.all.last?.start : samples.all.last?.end) ?? 1
    var time = WallTime.random(in: begin...end, using: &random)
    if Bool.random(using: &random),
      let action = log.histories.randomElement(using: &random)?.actions.randomElement(
        using: &random)
    {
      let near = action.done + Int64.random(in: -100_000_000...400_000_000, using: &random)
      time = min(end, isExact ? max(begin, near) : near)
    }
    let present = log.histories.filter { log.truth($0.pid, at: time) != .away }
    let pids = (0..<2).map { _ in
      let choice = Int.random(in: 0..<5, using: &random) > 0 ? present : log.histories
      return Int64((choice.randomElement(using: &random) ?? log.histories[0]).pid)
    }
    return SameQuestion(
      pids: pids.map { .init(pid: $0) }, time: .at(time), types: log.types)
  }

  mutating func check(_ answer: SameAnswer, to question: SameQuestion) {
    guard case .at(let time) = question.time else { return }
    let pids = question.pids.map { Int32($0.pid) }
    let truths = pids.map { log.truth($0, at: time) }
    guard !truths.contains(.changing) else { return }
    // The PID of an exited process of the test may belong to a process that the log does not know.
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

  /// Whether the process that had a PID at a time ran for the whole of some sample.
  private func mustBeSeen(_ pid: Int32, _ time: WallTime) -> Bool {
    log.history(pid, at: time).map(spansASample) ?? false
  }

  private func spansASample(_ history: TruthLog.TaskHistory) -> Bool {
    guard let start = history.actions.first else { return false }
    let exit = history.actions.first { $0.namespaces == nil }?.began ?? .max
    return samples.all.contains { $0.start > start.done && $0.end < exit }
  }

  private func mistake(
    _ line: SameAnswer.TypeAnswer, _ pids: [Int32], _ truths: [TruthLog.Truth], _ time: WallTime
  ) -> String? {
    var namespaces: [Int] = []
    for case .at(let all) in truths { namespaces.append(all[line.type] ?? 0) }
    guard line.verdict == .unknown else {
      guard namespaces.count == 2 else { return "a verdict on a process that was not there" }
      let isSame = namespaces[0] == namespaces[1]
      if isExact && !line.isExact { return "not exact" }
      if isSame == (line.verdict == .same) { return nil }
      // Samples do not show that a process left and returned between two of them.
      if !isExact, let (before, after) = samples.around(time),
        pids.contains(where: { log.hasReturned($0, from: before.start, to: after.end) })
      {
        return nil
      }
      return "wrong"
    }
    if isExact { return ExactTruth.mistake(line, pids, truths, samples) }
    guard let (before, after) = samples.around(time) else {
      return line.reason == .gap || line.reason == .notRunning || namespaces.count < 2
        ? nil : "no samples around, and not a gap"
    }
    let changed = pids.contains { log.changed($0, from: before.start, to: after.end) }
    switch line.reason {
    case .gap: return samples.hasGap(after: before, upTo: after) ? nil : "a gap where none is"
    case .changedBetweenSamples: return changed ? nil : "unknown although nothing changed"
    case .notRunning:
      // The reason is about recorded processes: an unrecorded one may have run between two samples.
      let isExcused = pids.contains { log.truth($0, at: time) == .away || !mustBeSeen($0, time) }
      return isExcused ? nil : "not running, but it was"
    case .notRecorded:
      let isExcused = pids.contains { pid in
        !log.histories.contains { $0.pid == pid && spansASample($0) }
      }
      return isExcused ? nil : "not recorded, but it was there for a whole sample"
    case .inodeMayBeReused where !namespacesHaveIDs: return nil
    default: return "a reason that cannot be"
    }
  }
}
