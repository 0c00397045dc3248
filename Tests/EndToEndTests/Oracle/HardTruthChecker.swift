// Compares answers and changes with the log of a hard workload (`HardWorkload`).

import NSHistory
import NamespaceModel
import TestSupport

struct HardTruthChecker {
  let log: TruthLog
  let samples: SampleTable
  var random: SeededRandom
  private(set) var mistakes: [String] = []
  private(set) var asked = 0
  private(set) var proven = 0
  private(set) var changes = 0

  init(log: TruthLog, samples: SampleTable, random: SeededRandom) {
    self.log = log
    self.samples = samples
    self.random = random
  }

  mutating func question() -> SameQuestion {
    let (begin, end) = (samples.all.first?.end ?? 0, samples.all.last?.start ?? 1)
    var time = WallTime.random(in: begin...end, using: &random)
    if Bool.random(using: &random),
      let action = log.histories.randomElement(using: &random)?.actions.randomElement(
        using: &random)
    {
      time = min(end, max(begin, action.done + Int64.random(in: 0...300_000_000, using: &random)))
    }
    let present = log.histories.filter { log.truth($0.pid, at: time) != .away }
    let pids = (0..<2).map { _ in
      let choice = Int.random(in: 0..<6, using: &random) > 0 ? present : log.histories
      return Int64((choice.randomElement(using: &random) ?? log.histories[0]).pid)
    }
    return SameQuestion(pids: pids.map { .init(pid: $0) }, time: .at(time), types: log.types)
  }

  mutating func check(_ answer: SameAnswer, to question: SameQuestion) {
    guard case .at(let time) = question.time else { return }
    let pids = question.pids.map { Int32($0.pid) }
    let truths = pids.map { log.truth($0, at: time) }
    guard !truths.contains(.changing) else { return }
    guard zip(pids, answer.processes).allSatisfy({ $1.allSatisfy(log.knows) }) else { return }
    for line in answer.types {
      asked += 1
      if line.verdict != .unknown { proven += 1 }
      guard let mistake = mistake(line, truths, time) else { continue }
      mistakes.append(
        "\(mistake): \(line.type) of \(pids) at \(time): \(line.verdict),"
          + " \(line.reason?.rawValue ?? "no reason"); in truth \(truths)")
    }
  }

  private func mistake(
    _ line: SameAnswer.TypeAnswer, _ truths: [TruthLog.Truth], _ time: WallTime
  ) -> String? {
    var namespaces: [Int] = []
    for case .at(let all) in truths { namespaces.append(all[line.type] ?? 0) }
    if line.verdict != .unknown {
      guard namespaces.count == truths.count else { return "a verdict on who was not there" }
      return (Set(namespaces).count == 1) == (line.verdict == .same) ? nil : "wrong"
    }
    switch line.reason {
    case .notRunning: return truths.contains(.away) ? nil : "not running, but it was"
    case .zombie:
      // A sample may catch a process that has exited and is not reaped yet.
      return truths.contains(.zombie) || truths.contains(.away) ? nil : "no zombie"
    case .gap: return hasGap(around: time) ? nil : "a gap where none is"
    case .notRecorded, .changedBetweenSamples: return nil
    default: return "a reason that cannot be"
    }
  }

  /// Of a moment within a sample, the samples before and after that one count as around it.
  private func hasGap(around time: WallTime) -> Bool {
    guard let (before, after) = samples.around(time) else { return true }
    return samples.hasGap(after: before, upTo: after)
  }

  /// Checks that a process of the log made a change in the reported time.
  mutating func check(_ change: NamespaceChange) {
    guard let process = change.process, log.knows(process), process.tid == nil else { return }
    let history = log.histories.first { history in
      history.pid == process.pid
        && history.actions.first.map {
          (process.start ?? 0) >= $0.began - 20_000_000
            && (process.start ?? 0) <= $0.done + 20_000_000
        } == true
    }
    guard let history, let by = change.by else { return }
    changes += 1
    let after = change.isExact ? by : change.after ?? .min
    // A sample takes time, and read the change at some moment of it.
    let until =
      change.isExact
      ? by : by + (samples.all.first { $0.start == by }.map { $0.end - $0.start } ?? 0)
    func happened(_ isSelected: (TruthLog.Action) -> Bool) -> Bool {
      history.actions.contains {
        isSelected($0) && $0.began - log.margin <= until && after <= $0.done + log.margin
      }
    }
    let isTrue =
      switch change.kind {
      case .moved: happened { $0.namespaces != nil }
      case .exited: happened { $0.namespaces == nil }
      case .zombie: happened { $0.isZombie || $0.namespaces == nil }
      case .started: happened { $0.began == history.actions.first?.began }
      case .firstSeen, .lastSeen, .lastExit, .pinned, .unpinned, .gone, .returned, .resumed: true
      }
    if !isTrue {
      mistakes.append(
        "\(change.kind) that never happened: PID \(process.pid) from \(after) to \(until):"
          + " \(change.parts.map { "\($0.link) \($0.how)" })")
    }
  }
}
