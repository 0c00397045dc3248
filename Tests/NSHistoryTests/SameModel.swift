// What `same` has to answer, worked out from the raw samples one by one: no memberships, no
// runs, no index. Slow, and simple enough to be read against the README.

import NSHistory

struct SameModel {
  let script: HistoryScript
  let pair: [HistoryScript.Actor]

  struct Answer: Equatable {
    var verdict: Verdict
    var reason: UnknownReason?
  }

  private enum State: Equatable {
    case known(HistoryScript.Sight)
    case unknown(UnknownReason)
    case absent
  }

  private var count: Int { script.steps.count }

  func at(_ time: Int64) -> Answer {
    let answers = (-1..<count).filter { covers($0, time) }.map { bracket in
      judge(pair.map { state($0, bracket, bracket + 1, until: time) })
    }
    let verdicts = Set(answers.map(\.verdict))
    let verdict = verdicts.count == 1 ? verdicts.first ?? .unknown : .unknown
    let reason = Self.worst(answers.compactMap(\.reason))
    return Answer(
      verdict: verdict, reason: verdict == .unknown ? reason ?? .changedBetweenSamples : nil)
  }

  /// Of several reasons the one to name.
  private static func worst(_ reasons: [UnknownReason]) -> UnknownReason? {
    let order: [UnknownReason] = [
      .denied, .notRecorded, .gap, .changedBetweenSamples, .notRunning,
    ]
    return order.first(where: reasons.contains)
  }

  /// Whether a time is from the first read of a sample to the last read of the next.
  private func covers(_ before: Int, _ time: Int64) -> Bool {
    (before < 0 || time >= HistoryScript.start(before))
      && (before + 1 >= count || time <= HistoryScript.end(before + 1))
  }

  func overAll() -> Answer {
    var judgements: [(states: [State], answer: Answer)] = []
    for index in 0..<count {
      let seen = pair.map { state($0, index, index, until: HistoryScript.end(index)) }
      var answer = judge(seen)
      if answer.verdict == .same, !wereTogether(index) {
        answer = Answer(verdict: .unknown, reason: .changedBetweenSamples)
      }
      judgements.append((seen, answer))
      guard index + 1 < count else { continue }
      let between = pair.map { state($0, index, index + 1, until: HistoryScript.end(index + 1)) }
      judgements.append((between, judge(between)))
    }
    if judgements.contains(where: { $0.answer.verdict == .same }) { return Answer(verdict: .same) }
    let together = judgements.filter { !$0.states.contains(.absent) }
    let reasons = together.filter { $0.answer.verdict == .unknown }.compactMap(\.answer.reason)
    if let reason = Self.worst(reasons) { return Answer(verdict: .unknown, reason: reason) }
    if !together.isEmpty { return Answer(verdict: .different) }
    let places = pair.indices.map { actor in
      judgements.compactMap { judgement -> HistoryScript.Sight? in
        if case .known(let sight) = judgement.states[actor] { sight } else { nil }
      }
    }
    if places.contains(where: \.isEmpty) {
      let isUnheardOf = pair.contains { $0.sights.allSatisfy { $0 == .absent } }
      return Answer(verdict: .unknown, reason: isUnheardOf ? .notRecorded : .notRunning)
    }
    return places[0].contains(where: places[1].contains)
      ? Answer(verdict: .unknown, reason: .notRunning) : Answer(verdict: .different)
  }

  /// Whether both were there at one moment of a sample, whichever of them was read first.
  private func wereTogether(_ index: Int) -> Bool {
    let startsSession = index == 0 || script.steps[index].startsSession
    let endsSession = index + 1 == count || script.steps[index + 1].startsSession
    let wasThere = pair.map { startsSession || stays($0, index - 1, index) }
    let staysThere = pair.map { endsSession || stays($0, index, index + 1) }
    // From the beginning on until it was read; or from then to the end; or all the time.
    if wasThere == [true, true] || staysThere == [true, true] { return true }
    return pair.indices.contains { wasThere[$0] && staysThere[$0] }
  }

  private func stays(_ actor: HistoryScript.Actor, _ before: Int, _ after: Int) -> Bool {
    actor.sights[before] == actor.sights[after]
      && actor.generation(at: before) == actor.generation(at: after)
  }

  private func judge(_ states: [State]) -> Answer {
    if case .known(let first) = states[0], case .known(let second) = states[1] {
      return Answer(verdict: first == second ? .same : .different)
    }
    if states.contains(.absent) { return Answer(verdict: .unknown, reason: .notRunning) }
    for case .unknown(let reason) in states { return Answer(verdict: .unknown, reason: reason) }
    return Answer(verdict: .unknown)
  }

  private func state(
    _ actor: HistoryScript.Actor, _ before: Int, _ after: Int, until time: Int64
  ) -> State {
    let sighted = actor.sights.indices.filter { actor.sights[$0] != .absent }
    if sighted.isEmpty { return .unknown(.notRecorded) }
    let mayRun = Set(sighted.map { actor.generation(at: $0) }).contains { generation in
      let its = sighted.filter { actor.generation(at: $0) == generation }
      guard let first = its.first, let last = its.last else { return false }
      if before > last { return false }
      return its.contains(before) || time >= HistoryScript.birth(first) - 20_000_000
    }
    if !mayRun { return .absent }
    if before < 0 || after >= count { return .unknown(.gap) }
    if before != after, script.steps[after].gap != nil || script.steps[after].startsSession {
      return .unknown(.gap)
    }
    let left = actor.sights[before]
    let right = actor.sights[after]
    if left == .absent, right == .absent { return .absent }
    if left == .absent || right == .absent { return .unknown(.changedBetweenSamples) }
    let isOne = actor.generation(at: before) == actor.generation(at: after)
    if isOne, left == right { return left == .denied ? .unknown(.denied) : .known(left) }
    if left == .denied || right == .denied { return .unknown(.denied) }
    return .unknown(.changedBetweenSamples)
  }
}
