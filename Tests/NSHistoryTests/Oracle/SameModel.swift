// A model of `same`: computes its answer from the raw samples one by one, without memberships, intervals and indexes.
// It is slow, and simple enough to be compared with the README by reading.

import NSHistory
import TestSupport

struct SameModel {
  let script: HistoryScript
  let pair: [HistoryScript.Actor]

  struct Answer: Equatable {
    var verdict: Verdict
    var reason: UnknownReason?
  }

  private enum State: Equatable {
    case known(HistoryScript.Observation)
    case unknown(UnknownReason)
    case startingOrExiting
    /// The reason is `gap` where nobody observed whether the process ran.
    case absent(UnknownReason)

    var isAbsent: Bool { if case .absent = self { true } else { false } }

    var reason: UnknownReason? {
      switch self {
      case .known: nil
      case .unknown(let reason): reason
      case .startingOrExiting: .changedBetweenSamples
      case .absent(let reason): reason
      }
    }
  }

  private var count: Int { script.steps.count }

  // MARK: One moment

  func at(_ time: WallTime) -> Answer {
    var answers = (-1..<count).filter { shows($0, time...time) }.map { before in
      judge(states(before, before + 1, until: time))
    }
    if answers.isEmpty {
      // The clock was set past the time.
      answers = (0..<(count - 1)).filter { before in
        let ends = [script.start(before), script.start(before + 1)].sorted()
        return time > ends[0] && time < ends[1]
      }.map { judge(states($0, $0 + 1, until: time, isSkipped: true)) }
    }
    let verdicts = Set(answers.map(\.verdict))
    let verdict = verdicts.count == 1 ? verdicts.first ?? .unknown : .unknown
    let reason = Self.worst(answers.compactMap(\.reason))
    return Answer(
      verdict: verdict, reason: verdict == .unknown ? reason ?? .changedBetweenSamples : nil)
  }

  /// Returns the reason that an answer names when there are several.
  private static func worst(_ reasons: [UnknownReason]) -> UnknownReason? {
    let order: [UnknownReason] = [
      .denied, .notRecorded, .gap, .changedBetweenSamples, .notRunning,
    ]
    return order.first(where: reasons.contains)
  }

  /// Returns the times that the wall clock can have shown from one sample to the next. If it was set in between, it
  /// first ran on from the one, and later up to the other.
  private func times(_ before: Int) -> [ClosedRange<WallTime>] {
    if before < 0 { return [WallTime.min...script.end(0)] }
    if before + 1 == count { return [script.start(before)...WallTime.max] }
    let (low, high) = (script.start(before), script.end(before + 1))
    if isSteady(before) { return [low...high] }
    let idle = HistoryScript.boot(before + 1) - HistoryScript.bootEnd(before)
    return [low...(script.end(before) + idle), (script.start(before + 1) - idle)...high]
  }

  private func shows(_ before: Int, _ range: ClosedRange<WallTime>) -> Bool {
    times(before).contains { $0.overlaps(range) }
  }

  private func isSteady(_ before: Int) -> Bool {
    before < 0 || before + 1 >= count || script.steps[before + 1].clockStep == 0
  }

  // MARK: A range

  /// Returns the answer over all times, or over a range whose ends are not within a sample.
  func over(since: WallTime? = nil, until: WallTime? = nil) -> Answer {
    let named = [since, until].compactMap(\.self)
    let range = (since ?? WallTime.min)...(until ?? WallTime.max)
    var judgements: [(states: [State], answer: Answer)] = []
    for index in -1..<count {
      if index >= 0, range.overlaps(script.start(index)...script.end(index)) {
        let seen = states(index, index, until: nil)
        judgements.append((seen, prove(judge(seen), seen, index)))
      }
      let isAsked =
        index < 0
        ? named.contains { $0 < script.start(0) }
        : index + 1 == count
          ? named.contains { $0 > script.end(index) } : shows(index, range)
      guard isAsked else { continue }
      let latest = times(index).map(\.upperBound).max() ?? 0
      let end = min(latest, range.upperBound)
      let between = states(index, index + 1, until: end == .max ? nil : end)
      var answer = judge(between)
      if answer.verdict == .same, !isSteady(index) {
        // No clock determines at which time the processes were together.
        answer = Answer(verdict: .unknown, reason: .changedBetweenSamples)
      }
      judgements.append((between, answer))
    }
    if judgements.isEmpty { return Answer(verdict: .unknown, reason: .gap) }
    if judgements.contains(where: { $0.answer.verdict == .same }) { return Answer(verdict: .same) }
    let together = judgements.filter { !$0.states.contains(where: \.isAbsent) }
    let reasons = together.filter { $0.answer.verdict == .unknown }.compactMap(\.answer.reason)
    if let reason = Self.worst(reasons) { return Answer(verdict: .unknown, reason: reason) }
    if !together.isEmpty { return Answer(verdict: .different) }
    return neverTogether(judgements.map(\.states))
  }

  private func neverTogether(_ all: [[State]]) -> Answer {
    let absent = pair.indices.filter { actor in all.allSatisfy { $0[actor].isAbsent } }
    if !absent.isEmpty {
      let reasons = absent.flatMap { actor in all.compactMap { $0[actor].reason } }
      return Answer(verdict: .unknown, reason: Self.worst(reasons))
    }
    let unsure = all.flatMap(\.self).compactMap { state -> UnknownReason? in
      if case .unknown(let reason) = state { reason } else { nil }
    }
    if let reason = Self.worst(unsure) { return Answer(verdict: .unknown, reason: reason) }
    let namespaces = pair.indices.map { actor in
      all.compactMap { states -> HistoryScript.Observation? in
        if case .known(let observation) = states[actor] { observation } else { nil }
      }
    }
    if namespaces.contains(where: \.isEmpty) {
      return Answer(verdict: .unknown, reason: .notRunning)
    }
    return namespaces[0].contains(where: namespaces[1].contains)
      ? Answer(verdict: .unknown, reason: .notRunning) : Answer(verdict: .different)
  }

  /// Returns the answer of one sample if it proves that both processes were there at one moment, whichever was read
  /// first.
  private func prove(_ answer: Answer, _ states: [State], _ index: Int) -> Answer {
    guard answer.verdict != .unknown else { return answer }
    let follows = !isCutOff(index)
    let isFollowed = index + 1 < count && !isCutOff(index + 1)
    let wasThere = pair.map { follows && remains($0, index - 1, index) }
    let remainsThere = pair.map { isFollowed && remains($0, index, index + 1) }
    // Both were there from the start of the sample until they were read, or from then until its end, or one was there
    // throughout.
    if wasThere == [true, true] || remainsThere == [true, true] { return answer }
    if pair.indices.contains(where: { wasThere[$0] && remainsThere[$0] }) { return answer }
    return Answer(verdict: .unknown, reason: follows || isFollowed ? .changedBetweenSamples : .gap)
  }

  /// Whether there is a gap before a sample.
  private func isCutOff(_ index: Int) -> Bool {
    index == 0 || script.steps[index].startsSession || script.steps[index].gap != nil
  }

  private func remains(_ actor: HistoryScript.Actor, _ before: Int, _ after: Int) -> Bool {
    actor.observations[before] == actor.observations[after]
      && script.generation(actor, at: before) == script.generation(actor, at: after)
  }

  // MARK: One PID

  private func judge(_ states: [State]) -> Answer {
    if case .known(let first) = states[0], case .known(let second) = states[1] {
      return Answer(verdict: first == second ? .same : .different)
    }
    let absent = states.filter(\.isAbsent)
    let reasons = (absent.isEmpty ? states : absent).compactMap(\.reason)
    return Answer(verdict: .unknown, reason: Self.worst(reasons))
  }

  private func states(
    _ before: Int, _ after: Int, until time: WallTime?, isSkipped: Bool = false
  ) -> [State] {
    pair.map { state($0, before, after, until: time, isSkipped) }
  }

  private func state(
    _ actor: HistoryScript.Actor, _ before: Int, _ after: Int, until time: WallTime?,
    _ isSkipped: Bool
  ) -> State {
    let sides = [before, after].filter { script.steps.indices.contains($0) }
    let spaces = Set(sides.map { script.steps[$0].space })
    let observedSamples = actor.observations.indices.filter { actor.observations[$0] != .absent }
    // A PID means the processes of the PID space that the recorder showed at that time.
    let meant = Dictionary(grouping: observedSamples) { script.generation(actor, at: $0) }.values
      .filter { spaces.contains(script.steps[$0[0]].space) }
    let isSampled = sides.count == 2 && !isSkipped && (before == after || !isCutOff(after))
    // In a gap, a PID that no sample ever showed may have been that of a process.
    if observedSamples.isEmpty, !isSampled { return .unknown(.gap) }
    if meant.isEmpty { return .unknown(.notRecorded) }
    if !meant.contains(where: { mayRun($0, before, after, isSampled, until: time) }) {
      if spaces.count > 1 { return .unknown(.gap) }
      return .absent(isSampled ? .notRunning : .gap)
    }
    if !isSampled { return .unknown(.gap) }
    let left = actor.observations[before]
    let right = actor.observations[after]
    let isOne =
      left != .absent && right != .absent
      && script.generation(actor, at: before) == script.generation(actor, at: after)
    if !isOne { return .startingOrExiting }
    if left == right { return left == .denied ? .unknown(.denied) : .known(left) }
    return .unknown(left == .denied || right == .denied ? .denied : .changedBetweenSamples)
  }

  /// Whether a process that these samples show may have run by a time between two samples.
  private func mayRun(
    _ observedSamples: [Int], _ before: Int, _ after: Int, _ isSampled: Bool, until time: WallTime?
  ) -> Bool {
    if observedSamples.contains(before) { return true }
    if isSampled { guard observedSamples.contains(after) else { return false } }
    let space = script.steps[observedSamples[0]].space
    if before >= 0, script.steps[before].space == space,
      before > observedSamples[observedSamples.count - 1]
    {
      return false
    }
    guard let moment = latestBoot(before, after, space, until: time) else { return true }
    return moment >= HistoryScript.processStart(observedSamples[0]) - 20_000_000
  }

  /// Returns the latest time of the boot clock at which the wall clock can have shown a time.
  private func latestBoot(
    _ before: Int, _ after: Int, _ space: Int, until time: WallTime?
  ) -> Int64? {
    if after < count, script.steps[after].space == space {
      guard let time, before == after || isSteady(before), time < script.end(after) else {
        return HistoryScript.bootEnd(after)
      }
      return HistoryScript.boot(after) - (script.start(after) - time)
    }
    guard after >= count, let time, script.steps[before].space == space else { return nil }
    return HistoryScript.boot(before) + (time - script.start(before))
  }
}
