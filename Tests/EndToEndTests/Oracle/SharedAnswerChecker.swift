// Asks `shared` about random groups and ranges, and compares each answer and each visit in it with the log, at every
// moment of which the log is certain. A visit is one time in which two groups shared.

import Foundation
import NSHistory
import NamespaceModel
import TestSupport

struct SharedAnswerChecker {
  private let log: TruthLog
  private var random: SeededRandom
  private let samples: SampleTable
  private let isExact: Bool
  /// The PIDs whose processes are all in the log.
  private let pids: [Int32]
  private(set) var mistakes: [String] = []
  /// Answers that are unknown although events covered the time.
  private(set) var unknownOfReported: [String] = []
  private(set) var asked = 0
  private(set) var shared = 0
  private(set) var never = 0
  private(set) var unknown = 0

  /// A group of the question, and what the log knows of it.
  private struct Group {
    let group: SharedQuestion.Group
    var pids: [Int32] = []
    /// The names of its namespaces in the log, by type.
    var namespaces: [NamespaceType: Set<Int>] = [:]
  }

  init(
    _ reader: HistoryReader, log: TruthLog, samples: SampleTable, seed: UInt64, isExact: Bool
  ) throws {
    self.log = log
    self.samples = samples
    self.isExact = isExact
    random = SeededRandom(seed: seed &* 31)
    pids = try Set(log.histories.map(\.pid)).sorted().filter {
      try reader.processes(.pid(Int64($0))).allSatisfy(log.knows)
    }
  }

  /// The number of questions; `NSHIST_SHARED_QUESTIONS` sets another one.
  private static let questions =
    ProcessInfo.processInfo.environment["NSHIST_SHARED_QUESTIONS"].flatMap { Int($0) } ?? 1300

  mutating func examine(_ reader: HistoryReader) throws {
    for _ in 0..<Self.questions {
      guard let one = group(), let other = group(), one.group != other.group else { continue }
      let types = log.types.shuffled(using: &random).prefix(2)
      let window = window()
      let answer = try reader.shared(
        .init([one, other].map(\.group), in: window, types: Array(types)))
      for line in answer.types { check(line, one, other, window, answer) }
    }
  }

  /// Returns a random group: mostly a PID; sometimes the namespaces of a PID, or the host.
  private mutating func group() -> Group? {
    guard let pid = pids.randomElement(using: &random) else { return nil }
    switch Int.random(in: 0..<8, using: &random) {
    case 0: return Group(group: .host, namespaces: log.types.reduce(into: [:]) { $0[$1] = [0] })
    case 1:
      guard let type = log.types.randomElement(using: &random) else { return nil }
      let names = log.histories.filter { $0.pid == pid }.flatMap(\.actions).compactMap {
        $0.namespaces?[type]
      }
      // Without events, the file may not know namespaces that the process was in for a short time.
      guard isExact, type != .time else { return nil }
      return Group(
        group: .namespace(.of(type, .pid(Int64(pid)))), namespaces: [type: Set(names)])
    default: return Group(group: .processes(.pid(Int64(pid))), pids: [pid])
    }
  }

  /// Returns a random part of the recording, or all of it.
  private mutating func window() -> TimeWindow {
    guard Int.random(in: 0..<5, using: &random) > 0 else { return TimeWindow() }
    let begin = samples.all.first?.end ?? 0
    let end = (isExact ? samples.all.last?.start : samples.all.last?.end) ?? 1
    let since = WallTime.random(in: begin...end, using: &random)
    let longest: Int64 =
      [0, 300_000_000, 2_000_000_000, 10_000_000_000].randomElement(using: &random) ?? 0
    return TimeWindow(
      since: since, until: min(end, since + Int64.random(in: 0...longest, using: &random)))
  }

  private mutating func check(
    _ line: SharedAnswer.TypeAnswer, _ one: Group, _ other: Group, _ window: TimeWindow,
    _ answer: SharedAnswer
  ) {
    // For a type that the log does not name, a namespace group includes processes that the log does not know.
    guard [one, other].allSatisfy({ !$0.pids.isEmpty || $0.namespaces[line.type] != nil }) else {
      return
    }
    asked += 1
    let span =
      (window.since ?? samples.all.first?.end ?? 0)...(window.until ?? samples.all.last?.start ?? 1)
    let what = "\(line.type) of \(one.group) and \(other.group) in \(span): \(line.verdict)"
    let truths = sharing(line.type, one, other, in: span)
    switch line.verdict {
    case .shared:
      shared += 1
      // A visit that a single sample shows is reported as the sample's start, which may be at the end of the range.
      let isMoment = line.visits.allSatisfy { $0.from == $0.until }
      if !truths.contains(true), !truths.contains(nil), !isMoment {
        mistakes.append("false \(what)")
      }
      for visit in line.visits where !isTrue(visit, line.type, one, other) {
        mistakes.append("not all of \(visit.from)...\(visit.until): \(what)")
      }
    case .never:
      never += 1
      if truths.contains(true) { mistakes.append("false \(what)") }
      // With samples only, `never` is proven only for processes that ran at different times.
      if line.isExact && !isExact { mistakes.append("exact, of samples: \(what)") }
    case .unknown:
      unknown += 1
      if line.reason == nil { mistakes.append("no reason: \(what)") }
      if isExact, line.type != .time, window.since != nil,
        line.reason != .notRunning, line.reason != .notRecorded
      {
        unknownOfReported.append("\(what) (\(line.reason?.rawValue ?? "")) \(line.unobserved)")
      }
    }
  }

  private func isTrue(
    _ visit: SharedAnswer.Visit, _ type: NamespaceType, _ one: Group, _ other: Group
  ) -> Bool {
    guard visit.from == visit.until else {
      return !sharing(type, one, other, in: visit.from...visit.until).contains(false)
    }
    guard let sample = samples.all.first(where: { $0.start == visit.from }) else { return true }
    return sharing(type, one, other, in: sample.start...sample.end).contains { $0 != false }
  }

  /// Returns, for the time between each two steps of the log, whether any two processes shared a namespace; nil while
  /// one of them was changing.
  private func sharing(
    _ type: NamespaceType, _ one: Group, _ other: Group, in span: ClosedRange<WallTime>
  ) -> [Bool?] {
    let involved = Set(one.pids + other.pids)
    var steps = [span.lowerBound, span.upperBound]
    for history in log.histories where involved.contains(history.pid) {
      for action in history.actions {
        for time in [action.began - log.margin, action.done + log.margin + 1]
        where span.contains(time) {
          steps.append(time)
        }
      }
    }
    steps.sort()
    return zip(steps, steps.dropFirst()).map { start, end in
      isShared(type, one, other, at: start + (end - start) / 2)
    }
  }

  private func isShared(
    _ type: NamespaceType, _ one: Group, _ other: Group, at time: WallTime
  ) -> Bool? {
    var sides: [Set<Int>] = []
    for group in [one, other] {
      if let namespaces = group.namespaces[type] {
        sides.append(namespaces)
        continue
      }
      let truths = group.pids.map { log.truth($0, at: time) }
      if truths.contains(.changing) { return nil }
      sides.append(
        Set(
          truths.compactMap { truth in
            if case .at(let namespaces) = truth { namespaces[type] } else { nil }
          }))
    }
    return !sides[0].isDisjoint(with: sides[1])
  }
}
