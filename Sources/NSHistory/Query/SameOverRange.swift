internal import NamespaceModel
internal import SQLite

/// "At any moment of this range": goes through the pieces of time in which nothing changed, and
/// the ones between two samples in which something did.
struct SameOverRange {
  let query: SameQuery
  let since: Int64?
  let until: Int64?

  func answer() throws(SQLiteError) -> SameAnswer {
    let types = try query.question.types.map { (type) throws(SQLiteError) in
      summary(type, try pieces(type.link))
    }
    return SameAnswer(
      verdict: .unknown,
      processes: query.tracks.map { track in
        track.processes.filter { process in
          process.lastSeen >= since ?? Int64.min
            && min(process.start ?? process.firstSeen, process.firstSeen) <= until ?? Int64.max
        }
      },
      types: types, samples: [])
  }

  /// A piece of time and what was known in it.
  private struct Piece {
    let from: Int64
    let until: Int64
    let judgement: Judgement
    /// Which process each PID was; only meant where all are known.
    let processes: [ProcessRecord]
    let reachesLastSample: Bool
  }

  // The pieces of a link, in order and without a break: samples among which nothing changed,
  // and between them the brackets in which something may have.
  private func pieces(_ link: NamespaceLink) throws(SQLiteError) -> [Piece] {
    guard let first = query.index.first, let last = query.index.last else { return [] }
    var pieces: [Piece] = []
    var left: SamplePoint?
    for run in try unchanged(link, in: first...last) {
      let opening = try query.index.point(run.lowerBound)
      let closing = run.count == 1 ? opening : try query.index.point(run.upperBound)
      add(link, query.index.bracket(left, opening), between: true, to: &pieces)
      add(
        link,
        Bracket(
          before: opening, after: closing, coverage: .sampled,
          hidesProcesses: query.index.session(of: opening.id)?.hidesProcesses == true),
        between: false, to: &pieces)
      left = closing
    }
    add(link, query.index.bracket(left, nil), between: true, to: &pieces)
    return pieces
  }

  /// Ranges of samples in which no PID's link changed, no session ended and nothing is missing.
  private func unchanged(
    _ link: NamespaceLink, in all: ClosedRange<Int64>
  ) throws(SQLiteError) -> [ClosedRange<Int64>] {
    var starts: Set<Int64> = Set(query.index.sessions.map(\.first))
    starts.formUnion(query.index.clockSteps)
    starts.formUnion(try query.index.gaps(all))
    for track in query.tracks {
      for run in track.runs[link] ?? [] {
        starts.insert(run.from)
        if run.until < all.upperBound { starts.insert(run.until + 1) }
      }
    }
    let sorted = starts.sorted()
    return sorted.indices.map { place in
      sorted[place]...(place + 1 < sorted.count ? sorted[place + 1] - 1 : all.upperBound)
    }
  }

  /// Judges a bracket, as far as it is within the range asked for.
  private func add(
    _ link: NamespaceLink, _ bracket: Bracket, between: Bool, to pieces: inout [Piece]
  ) {
    // Between two samples anything may have been from the first read of the one to the last of
    // the other. Samples in which a process was the same hold it from the end of the first.
    let opening = bracket.before
    let closing = bracket.after
    let isOneSample = !between && opening?.id == closing?.id
    let low = between || isOneSample ? opening?.wall : opening?.wallEnd
    let high = between || isOneSample ? closing?.wallEnd : closing?.wall
    // One sample alone is a point: each process was seen at some moment of it.
    let until = isOneSample ? opening?.wall : high
    // Time outside of all samples belongs to the question only if it was asked for by name.
    guard let from = low.map({ max($0, since ?? $0) }) ?? since,
      let until = until.map({ min($0, self.until ?? $0) }) ?? self.until, from <= until
    else { return }
    let states = query.tracks.map { $0.state(link, bracket, from: from, to: until) }
    var judgement = Judgement(states)
    if isOneSample, judgement.verdict == .same, !wereTogether(link, in: opening) {
      judgement = Judgement(unproven: states)
    }
    pieces.append(
      Piece(
        from: from, until: until, judgement: judgement,
        processes: query.tracks.compactMap { $0.process(bracket) },
        reachesLastSample: closing != nil && closing?.id == query.index.last))
  }

  /// Whether what one sample saw of each process, at a moment of its own, was all true at one
  /// moment: when all but one stayed as they were before and after it, or all stayed on one side.
  /// The end of a session is not the end of a stay.
  private func wereTogether(_ link: NamespaceLink, in sample: SamplePoint?) -> Bool {
    guard let sample, let session = query.index.session(of: sample.id) else { return false }
    let runs = query.tracks.compactMap { $0.run(link, at: sample.id) }
    let entered = runs.filter { $0.from == sample.id && sample.id != session.first }
    let left = runs.filter { $0.until == sample.id && sample.id != session.last }
    let moved = runs.filter { entered.contains($0) || left.contains($0) }
    return entered.isEmpty || left.isEmpty || moved.count <= 1
  }

  private func summary(_ type: NamespaceType, _ pieces: [Piece]) -> SameAnswer.TypeAnswer {
    let judgements = pieces.map(\.judgement)
    // While one of them was not running nothing was shared by all, and nothing is open.
    let relevant = judgements.filter { !$0.hasAbsent }
    let unknown = relevant.filter { $0.verdict == .unknown }
    // Where they were while together; of those who never were, where each was in its own time.
    let together = query.places(relevant)
    let places = together.isEmpty ? query.places(judgements) : together
    let intervals = intervals(of: pieces)
    let isDifferent = relevant.contains { $0.verdict == .different }
    var verdict = Verdict.unknown
    var reason: UnknownReason?
    if !intervals.isEmpty {
      verdict = .same
    } else if !unknown.isEmpty {
      reason = UnknownReason.mostTelling(unknown.compactMap(\.reason))
    } else if isDifferent {
      verdict = .different
    } else {
      (verdict, reason) = neverTogether(judgements)
    }
    return SameAnswer.TypeAnswer(
      type: type, verdict: verdict, reason: reason, namespaces: places, intervals: intervals,
      differedWheneverSeen: verdict == .unknown && isDifferent, reasons: reasons(judgements))
  }

  /// They were never running all at once: different, if no namespace can have been of two.
  private func neverTogether(_ judgements: [Judgement]) -> (Verdict, UnknownReason?) {
    let seen = query.tracks.indices.map { place in
      Set(
        judgements.compactMap { judgement -> NamespaceRecord? in
          if case .known(let namespace) = judgement.states[place] { namespace } else { nil }
        })
    }
    if seen.contains(where: \.isEmpty) {
      return (.unknown, query.tracks.contains { $0.processes.isEmpty } ? .notRecorded : .notRunning)
    }
    for first in seen.indices {
      for second in seen.indices where second > first {
        let pairs = seen[first].flatMap { one in seen[second].map { (one, $0) } }
        if pairs.allSatisfy({ $0.differs(from: $1) }) { return (.different, nil) }
      }
    }
    let shares = seen.dropFirst().reduce(seen[0]) { $0.intersection($1) }
    return (.unknown, shares.isEmpty ? .inodeMayBeReused : .notRunning)
  }

  /// For each PID, why it was not known where it was while the others may have been running.
  private func reasons(_ judgements: [Judgement]) -> [UnknownReason?] {
    query.tracks.indices.map { place in
      let states = judgements.map { $0.states[place] }
      if states.allSatisfy({ $0 == .absent }) { return .notRunning }
      return UnknownReason.mostTelling(
        judgements.filter { !$0.hasAbsent }.compactMap { judgement in
          if case .unknown(let reason) = judgement.states[place] { reason } else { nil }
        })
    }
  }

  /// The times in which all were in one namespace; pieces that touch are one interval.
  private func intervals(of pieces: [Piece]) -> [SameAnswer.Interval] {
    var intervals: [SameAnswer.Interval] = []
    var goesOn = false
    for piece in pieces {
      guard piece.judgement.verdict == .same,
        case .known(let namespace)? = piece.judgement.states.first
      else {
        goesOn = false
        continue
      }
      let isOpen = piece.reachesLastSample && query.index.sessions.last?.isOpen == true
      if goesOn, let last = intervals.last, last.namespace == namespace,
        last.processes == piece.processes
      {
        intervals[intervals.count - 1].until = piece.until
        intervals[intervals.count - 1].isOpen = isOpen
      } else {
        intervals.append(
          .init(
            from: piece.from, until: piece.until, isOpen: isOpen, namespace: namespace,
            processes: piece.processes))
      }
      goesOn = true
    }
    return intervals
  }
}
