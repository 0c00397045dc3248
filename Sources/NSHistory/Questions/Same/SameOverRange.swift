internal import NamespaceModel
internal import SQLite

/// "At any moment of this range": the verdict on all of its pieces together.
struct SameOverRange {
  let query: SameQuery
  let since: Int64?
  let until: Int64?

  func answer() throws(SQLiteError) -> SameAnswer {
    var running: [Set<Int>] = query.pidHistories.map { _ in [] }
    let types = try query.question.types.map { (type) throws(SQLiteError) in
      let range = try RangePieces(query, type.link, since: since, until: until)
      for (place, processes) in range.running.enumerated() { running[place].formUnion(processes) }
      var answer = summary(type, range.pieces)
      answer.sampledPIDs = sampledPIDs(type, answer.verdict, range.pieces)
      return answer
    }
    return SameAnswer(
      verdict: .unknown,
      processes: zip(query.pidHistories, running).map { pidHistory, places in
        places.sorted().map { pidHistory.processes[$0] }
      },
      types: types, samples: [])
  }

  private func summary(
    _ type: NamespaceType, _ pieces: [RangePieces.Piece]
  ) -> SameAnswer.TypeAnswer {
    let judgements = pieces.map(\.judgement)
    // While one of them was not running nothing was shared by all, and nothing is open.
    let relevant = judgements.filter { !$0.hasAbsent }
    let unknown = relevant.filter { $0.verdict == .unknown }
    let isDifferent = relevant.contains { $0.verdict == .different }
    let intervals = intervals(of: pieces)
    var verdict = Verdict.unknown
    var reason: UnknownReason?
    if !intervals.isEmpty {
      verdict = .same
    } else if areOfSeveralBoots(judgements), !unknown.contains(where: { $0.reason == .notRecorded })
    {
      verdict = .different
    } else if !unknown.isEmpty {
      reason = UnknownReason.mostTelling(unknown.compactMap(\.reason))
    } else if isDifferent {
      verdict = .different
    } else {
      (verdict, reason) = neverTogether(judgements)
    }
    return SameAnswer.TypeAnswer(
      type: type, verdict: verdict, reason: reason,
      namespaces: places(verdict, relevant, judgements), intervals: intervals,
      isExact: isExact(verdict, pieces),
      differedAtTimes: isDifferent || verdict == .different,
      unknownAtTimes: verdict == .same ? unknownAtTimes(unknown) : nil,
      reasons: reasons(judgements))
  }

  /// Why it is not known at times whether they shared. Where a process was just as it started or
  /// exited is left out: no sample can tell.
  private func unknownAtTimes(_ unknown: [Judgement]) -> UnknownReason? {
    UnknownReason.mostTelling(
      unknown.filter { !$0.states.contains(.startingOrExiting) }.compactMap(\.reason))
  }

  /// The PIDs whose link only a sample shows, at a time that the verdict rests on, each once.
  private func sampledPIDs(
    _ type: NamespaceType, _ verdict: Verdict, _ pieces: [RangePieces.Piece]
  ) -> [Int64] {
    let sampled = proof(of: verdict, pieces).filter { !$0.isExact }
    let samples = sampled.compactMap(\.sample)
    guard samples.count == sampled.count else { return [] }
    var pids: Set<Int64> = []
    for sample in samples {
      let runs = query.pidHistories.compactMap { pidHistory in
        pidHistory.run(type.link, at: sample).map { (pid: pidHistory.pid, run: $0) }
      }
      let bounds = runs.filter { $0.run.from == sample || $0.run.until == sample }
      pids.formUnion((bounds.isEmpty ? runs : bounds).map(\.pid))
    }
    var met: Set<Int64> = []
    return query.pidHistories.map(\.pid).filter { pids.contains($0) && met.insert($0).inserted }
  }

  /// The pieces that a verdict rests on: where all were there; or else, of those who never were all at
  /// once, all that was observed.
  private func proof(
    of verdict: Verdict, _ pieces: [RangePieces.Piece]
  ) -> [RangePieces.Piece] {
    let observed = pieces.filter { !$0.isGap }
    let proof = observed.filter { $0.judgement.verdict == verdict && !$0.judgement.hasAbsent }
    return proof.isEmpty ? observed : proof
  }

  /// Whether events report all that the verdict rests on.
  private func isExact(_ verdict: Verdict, _ pieces: [RangePieces.Piece]) -> Bool {
    let proof = proof(of: verdict, pieces)
    return !proof.isEmpty && proof.allSatisfy(\.isExact)
  }

  /// What they shared; or else where each was while all were running; or of those who never were,
  /// where each was in its own time.
  private func places(
    _ verdict: Verdict, _ relevant: [Judgement], _ all: [Judgement]
  ) -> [SameAnswer.Place] {
    if verdict == .same { return query.places(relevant.filter { $0.verdict == .same }) }
    let together = query.places(relevant)
    return together.isEmpty ? query.places(all) : together
  }

  /// The namespaces that each PID was seen in.
  private func seen(_ judgements: [Judgement]) -> [Set<NamespaceRecord>] {
    query.pidHistories.indices.map { place in
      // A key path that leads into an array is worked out anew each time.
      Set(judgements.compactMap { $0.states[place].namespace })
    }
  }

  /// Whether two of them lived on two boots, which share no namespace and no moment.
  private func areOfSeveralBoots(_ judgements: [Judgement]) -> Bool {
    let boots = query.pidHistories.map { Set($0.processes.map(\.boot)) }
    guard Set(boots.joined()).count > 1 else { return false }
    let seen = seen(judgements)
    return seen.indices.contains { first in
      seen.indices.contains { second in
        !seen[first].isEmpty && !seen[second].isEmpty
          && boots[first].isDisjoint(with: boots[second])
      }
    }
  }

  /// They were never running all at once: different, if no namespace can have been of two. Where a
  /// process was just as it started or exited is left out: no sample can tell.
  private func neverTogether(_ judgements: [Judgement]) -> (Verdict, UnknownReason?) {
    if judgements.isEmpty { return (.unknown, .gap) }
    // Whatever is not known of the others: this one was not there at all.
    let absent = query.pidHistories.indices.filter { place in
      judgements.allSatisfy { $0.states[place].isAbsent }
    }
    if !absent.isEmpty {
      let reasons = absent.flatMap { place in judgements.compactMap { $0.states[place].reason } }
      return (.unknown, UnknownReason.mostTelling(reasons))
    }
    let unsure = judgements.flatMap(\.states).compactMap { state in
      if case .unknown(let reason) = state { reason } else { nil }
    }
    if let reason = UnknownReason.mostTelling(unsure) { return (.unknown, reason) }
    let seen = seen(judgements)
    if seen.contains(where: \.isEmpty) { return (.unknown, .notRunning) }
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
    query.pidHistories.indices.map { place in
      let states = judgements.map { $0.states[place] }
      if states.isEmpty { return query.pidHistories[place].known.isEmpty ? .notRecorded : .gap }
      if states.allSatisfy(\.isAbsent) {
        return UnknownReason.mostTelling(states.compactMap(\.reason))
      }
      let together = judgements.filter { !$0.hasAbsent }.compactMap { $0.states[place].reason }
      // Where they never ran at once, what counts is each one's own time.
      let alone = states.filter { !$0.isAbsent && $0 != .startingOrExiting }.compactMap(\.reason)
      return UnknownReason.mostTelling(together.isEmpty ? alone : together)
    }
  }

  /// The times in which all were in one namespace; pieces that touch are one interval.
  private func intervals(of pieces: [RangePieces.Piece]) -> [SameAnswer.Interval] {
    var intervals: [SameAnswer.Interval] = []
    var goesOn = false
    for piece in pieces {
      guard piece.judgement.verdict == .same,
        let namespace = piece.judgement.states.first?.namespace
      else {
        goesOn = false
        continue
      }
      let isOpen = piece.reachesLastSample && query.reading.index.sessions.last?.isOpen == true
      if goesOn, piece.followsOn, let last = intervals.last, last.namespace == namespace,
        last.processes == piece.processes
      {
        intervals[intervals.count - 1].until = piece.time.upperBound
        intervals[intervals.count - 1].isOpen = isOpen
      } else {
        intervals.append(
          .init(
            from: piece.time.lowerBound, until: piece.time.upperBound, isOpen: isOpen,
            namespace: namespace,
            processes: piece.processes))
      }
      goesOn = true
    }
    return intervals
  }
}
