internal import NamespaceModel

/// "At this moment": what the samples on both sides say, if they say the same.
struct SameAtMoment {
  let query: SameQuery
  let time: Int64

  func answer() -> SameAnswer {
    let brackets = query.brackets
    return SameAnswer(
      verdict: .unknown,
      processes: query.tracks.map { track in
        track.processes.indices.filter { place in
          brackets.contains { track.mayRun(place, in: $0, until: time) }
        }.map { track.processes[$0].described(in: brackets, at: time) }
      },
      types: query.question.types.map { answer($0, brackets) },
      samples: brackets.map(SameAnswer.SampleGap.init))
  }

  private func answer(
    _ type: NamespaceType, _ brackets: [SampleWindow]
  ) -> SameAnswer.TypeAnswer {
    let judgements = brackets.map { bracket in
      Judgement(query.tracks.map { $0.state(type.link, bracket, until: time) })
    }
    // One wall time can be several moments: within a sample, or after the clock was set back.
    let verdicts = Set(judgements.map(\.verdict))
    let verdict = verdicts.count == 1 ? verdicts.first ?? .unknown : .unknown
    let reason: UnknownReason? =
      verdict != .unknown
      ? nil
      : UnknownReason.common(judgements.map(\.reason))
        ?? (brackets.isEmpty ? .notRecorded : .changedBetweenSamples)
    let reasons = query.tracks.indices.map { place in
      UnknownReason.common(judgements.map { $0.states[place].reason })
        ?? (brackets.isEmpty ? .notRecorded : nil)
    }
    return SameAnswer.TypeAnswer(
      type: type, verdict: verdict, reason: reason, namespaces: query.places(judgements),
      intervals: [], isExact: !brackets.isEmpty && brackets.allSatisfy(\.isExact),
      differedAtTimes: verdict == .different, unknownAtTimes: nil, reasons: reasons)
  }
}

extension SameAnswer.SampleGap {
  /// The two sides of a bracket.
  init(_ bracket: SampleWindow) {
    self.init(
      before: bracket.before?.wall, after: bracket.after?.wall, missing: bracket.missing,
      isExact: bracket.isExact, leavesOutProcesses: bracket.leavesOutProcesses)
  }
}
