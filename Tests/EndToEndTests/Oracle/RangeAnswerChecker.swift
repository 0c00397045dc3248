// Asks `same` about random ranges, and compares each answer and each of its intervals with the log, at every moment
// of which the log is certain.

import NSHistory
import NamespaceModel
import TestSupport

struct RangeAnswerChecker {
  private let log: TruthLog
  private var checker: AnswerChecker
  private(set) var mistakes: [String] = []
  /// Answers that are unknown although events covered the time, as in `AnswerChecker`.
  private(set) var unseen: [String] = []
  private(set) var asked = 0
  private(set) var same = 0
  private(set) var different = 0

  init(_ checker: AnswerChecker) {
    self.checker = checker
    log = checker.log
  }

  /// Returns a question about two processes and a range of up to a few seconds, or all times.
  mutating func question() -> SameQuestion {
    var question = checker.question()
    if case .at(let time) = question.time {
      let longest: Int64 = Bool.random(using: &checker.random) ? 4_000_000_000 : 300_000_000
      let length = Int64.random(in: 0...longest, using: &checker.random)
      question.time = .range(since: time, until: time + length)
    }
    if Int.random(in: 0..<4, using: &checker.random) == 0 {
      question.time = .range(since: nil, until: nil)
    }
    return question
  }

  mutating func check(_ answer: SameAnswer, to question: SameQuestion) {
    guard case .range(let since, let until) = question.time,
      let recorded = answer.recorded
    else { return }
    let pids = question.pids.map { Int32($0.pid) }
    // Skips PIDs with processes that the log does not know, as in `AnswerChecker`.
    let known = question.pids.allSatisfy { answer.known[$0.pid, default: []].allSatisfy(log.knows) }
    guard known else { return }
    let span = (since ?? recorded.lowerBound)...(until ?? recorded.upperBound)
    // After the last sample nothing is known.
    let recordedSpan = span.clamped(to: recorded)
    for line in answer.types {
      asked += 1
      let truths = sharing(line.type, pids, in: span)
      switch line.verdict {
      case .same:
        same += 1
        if !truths.contains(true) && !truths.contains(nil) {
          report("never same", line, pids, span)
        }
      case .different:
        different += 1
        if truths.contains(true) { report("once same", line, pids, span) }
      case .unknown:
        // No event reports time namespaces (see `ExactTruth`).
        if checker.isExact, line.type != .time,
          sharing(line.type, pids, in: recordedSpan).contains(true)
        {
          unseen.append(words("once same", line, pids, span))
        }
      }
      if checker.isExact { checkWhole(line, pids, recordedSpan) }
      for interval in line.intervals where !isTrue(interval, line.type, pids) {
        report("not all of \(interval.from)...\(interval.until)", line, pids, span)
      }
    }
  }

  /// Checks that an answer from events contains every time in which the processes were together.
  private mutating func checkWhole(
    _ line: SameAnswer.TypeAnswer, _ pids: [Int32], _ span: ClosedRange<WallTime>
  ) {
    guard line.type != .time, line.verdict != .different else { return }
    for (time, isShared) in intervals(line.type, pids, in: span) where isShared == true {
      let isReported = line.intervals.contains { $0.from <= time && time <= $0.until }
      if !isReported {
        unseen.append(words("together at \(time), and not reported", line, pids, span))
      }
    }
  }

  /// Checks an interval with the log. One without length stands for a sample: the processes were together at some
  /// moment of it.
  private func isTrue(
    _ interval: SameAnswer.Interval, _ type: NamespaceType, _ pids: [Int32]
  ) -> Bool {
    guard interval.from == interval.until else {
      return !sharing(type, pids, in: interval.from...interval.until).contains(false)
    }
    guard let sample = checker.samples.all.first(where: { $0.start == interval.from }) else {
      return true
    }
    return sharing(type, pids, in: sample.start...sample.end).contains { $0 != false }
  }

  private mutating func report(
    _ what: String, _ line: SameAnswer.TypeAnswer, _ pids: [Int32], _ span: ClosedRange<WallTime>
  ) {
    mistakes.append(words(what, line, pids, span))
  }

  private func words(
    _ what: String, _ line: SameAnswer.TypeAnswer, _ pids: [Int32], _ span: ClosedRange<WallTime>
  ) -> String {
    "\(what): \(line.type) of \(pids) in \(span): \(line.verdict)"
  }

  /// Returns, for the time between each two steps of the log, whether all processes shared a namespace; nil while one
  /// of them was changing.
  private func sharing(
    _ type: NamespaceType, _ pids: [Int32], in span: ClosedRange<WallTime>
  ) -> [Bool?] {
    intervals(type, pids, in: span).map(\.isShared)
  }

  /// Returns the same with the middle of each such time.
  private func intervals(
    _ type: NamespaceType, _ pids: [Int32], in span: ClosedRange<WallTime>
  ) -> [(middle: WallTime, isShared: Bool?)] {
    var steps = [span.lowerBound, span.upperBound]
    for history in log.histories where pids.contains(history.pid) {
      for action in history.actions {
        for time in [action.began - log.margin, action.done + log.margin + 1]
        where span.contains(time) {
          steps.append(time)
        }
      }
    }
    steps.sort()
    return zip(steps, steps.dropFirst()).map { start, end in
      let middle = start + (end - start) / 2
      let truths = pids.map { log.truth($0, at: middle) }
      if truths.contains(.changing) { return (middle, nil) }
      var namespaces: [Int?] = []
      for truth in truths {
        if case .at(let all) = truth {
          namespaces.append(all[type])
        } else {
          namespaces.append(nil)
        }
      }
      return (middle, !namespaces.contains(nil) && Set(namespaces).count == 1)
    }
  }
}
