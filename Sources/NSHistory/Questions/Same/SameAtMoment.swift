internal import NamespaceModel
internal import SQLite

/// Answers a question about one moment: by the samples on both sides of it, if they agree.
struct SameAtMoment {
  let query: SameQuery
  let time: WallTime

  func answer() -> SameAnswer {
    let sampleWindows = query.sampleWindows
    return SameAnswer(
      verdict: .unknown,
      processes: query.pidHistories.map { pidHistory in
        pidHistory.processes.indices.filter { index in
          sampleWindows.contains { pidHistory.mayRun(index, in: $0, until: time) }
        }.map { pidHistory.processes[$0].described(in: sampleWindows, at: time) }
      },
      types: query.question.types.map { answer($0, sampleWindows) },
      samples: sampleWindows.map(SameAnswer.SampleGap.init))
  }

  private func answer(
    _ type: NamespaceType, _ sampleWindows: [SampleWindow]
  ) -> SameAnswer.TypeAnswer {
    let judgements = sampleWindows.map { sampleWindow in
      Judgement(query.pidHistories.map { $0.state(type.link, sampleWindow, until: time) })
    }
    // One wall time can be several moments: within a sample, or after the clock was set back.
    let verdicts = Set(judgements.map(\.verdict))
    let verdict = verdicts.count == 1 ? verdicts.first ?? .unknown : .unknown
    let reason: UnknownReason? =
      verdict != .unknown
      ? nil
      : UnknownReason.common(judgements.map(\.reason))
        ?? (sampleWindows.isEmpty ? .notRecorded : .changedBetweenSamples)
    let reasons = query.pidHistories.indices.map { index in
      UnknownReason.common(judgements.map { $0.states[index].reason })
        ?? (sampleWindows.isEmpty ? .notRecorded : nil)
    }
    return SameAnswer.TypeAnswer(
      type: type, verdict: verdict, reason: reason, namespaces: query.namespaces(judgements),
      intervals: [], isExact: !sampleWindows.isEmpty && sampleWindows.allSatisfy(\.isExact),
      differedAtTimes: verdict == .different, unknownAtTimes: nil, reasons: reasons)
  }
}

extension SameAnswer.SampleGap {
  /// The two sides of a sample window.
  init(_ sampleWindow: SampleWindow) {
    self.init(
      // If events cover the window, they report every change of a process after the first sample read it,
      // so the state that this sample shows holds from the end of the sample on.
      before: sampleWindow.isExact ? sampleWindow.before?.wallEnd : sampleWindow.before?.wall,
      after: sampleWindow.after?.wall,
      missing: sampleWindow.missing,
      isExact: sampleWindow.isExact, leavesOutProcesses: sampleWindow.leavesOutProcesses)
  }
}

/// Decides whether the states of several processes, which one sample read at different moments, held at one
/// moment.
struct Simultaneity {
  private let query: SameQuery
  private let link: NamespaceLink
  private let sample: SamplePoint
  private let sides: SampleSides

  init(_ query: SameQuery, _ link: NamespaceLink, _ sample: SamplePoint) throws(SQLiteError) {
    self.query = query
    self.link = link
    self.sample = sample
    sides = try SampleSides(sample, query.reading.index)
  }

  /// Returns the reason for which a judgement on the sample is not proven; nil if it is.
  func reason(against judgement: Judgement) -> UnknownReason? {
    let pidHistories = judgement.states.indices
    let isProven =
      switch judgement.verdict {
      case .unknown: true
      case .same: areProven(Array(pidHistories))
      case .different:
        pidHistories.contains { first in
          pidHistories.contains { second in
            guard second > first, let one = judgement.states[first].namespace,
              let other = judgement.states[second].namespace
            else { return false }
            return one.differs(from: other) && areProven([first, second])
          }
        }
      }
    if isProven { return nil }
    // If there is no sample before and none after, no two samples differ, so that the reason is the gap.
    return sides.areBothMissing ? .gap : .changedBetweenSamples
  }

  private func areProven(_ indices: [Int]) -> Bool {
    let runs = indices.compactMap { query.pidHistories[$0].run(link, at: sample.id) }
    // A PID that was asked for twice is one process, which always shares with itself.
    let processes = Set(
      zip(indices, runs).map { query.pidHistories[$0].processes[$1.process].task })
    return processes.count == 1 || sides.prove(runs)
  }
}

/// The verdict on the states of several PIDs in one piece of time.
struct Judgement: Hashable {
  let verdict: Verdict
  let reason: UnknownReason?
  /// The known state of each PID.
  let states: [PIDHistory.State]

  init(_ states: [PIDHistory.State]) {
    self.states = states
    let known = states.compactMap(\.namespace)
    if Self.anyDiffer(known) {
      verdict = .different
      reason = nil
    } else if known.count == states.count {
      // No two of the namespaces certainly differ. If they are not all one row, it is only known that they have one
      // inode number.
      let isOne = Set(known.map(\.id)).count == 1
      verdict = isOne ? .same : .unknown
      reason = isOne ? nil : .inodeMayBeReused
    } else {
      verdict = .unknown
      // The absence of a PID explains more than any other reason.
      let absent = states.filter(\.isAbsent)
      reason = UnknownReason.mostTelling((absent.isEmpty ? states : absent).compactMap(\.reason))
    }
  }

  /// The judgement on states that each held at some moment but are not proven to have held at once.
  init(unproven states: [PIDHistory.State], because reason: UnknownReason) {
    self.states = states
    verdict = .unknown
    self.reason = reason
  }

  /// Whether one of the PIDs was certainly not running: then not all of them shared a namespace.
  var hasAbsent: Bool { states.contains(where: \.isAbsent) }

  private static func anyDiffer(_ all: [NamespaceRecord]) -> Bool {
    guard let first = all.first, all.contains(where: { $0.id != first.id }) else { return false }
    // Removes duplicates first: many processes are in few namespaces.
    let namespaces = Array(Set(all))
    return namespaces.indices.contains { first in
      namespaces[(first + 1)...].contains { $0.differs(from: namespaces[first]) }
    }
  }
}
