internal import NamespaceModel
internal import SQLite

/// Answers a question about a range of time: one verdict on all of its pieces.
struct SameOverRange {
  let query: SameQuery
  let since: WallTime?
  let until: WallTime?

  func answer() throws(SQLiteError) -> SameAnswer {
    var running: [Set<Int>] = query.pidHistories.map { _ in [] }
    let types = try query.question.types.map { (type) throws(SQLiteError) in
      let range = try RangePieces(query, type.link, since: since, until: until)
      for (index, processes) in range.running.enumerated() { running[index].formUnion(processes) }
      var answer = summary(type, range.pieces)
      answer.sampledPIDs = sampledPIDs(type, answer.verdict, range.pieces)
      return answer
    }
    return SameAnswer(
      verdict: .unknown,
      processes: zip(query.pidHistories, running).map { pidHistory, indices in
        indices.sorted().map { pidHistory.processes[$0] }
      },
      types: types, samples: [])
  }

  private func summary(
    _ type: NamespaceType, _ pieces: [RangePieces.Piece]
  ) -> SameAnswer.TypeAnswer {
    let judgements = pieces.map(\.judgement)
    // While one of the processes was not running, they cannot all have shared a namespace, so that time leaves
    // nothing open.
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
      reason = UnknownReason.mostInformative(unknown.compactMap(\.reason))
    } else if isDifferent {
      verdict = .different
    } else {
      (verdict, reason) = neverTogether(judgements)
    }
    return SameAnswer.TypeAnswer(
      type: type, verdict: verdict, reason: reason,
      namespaces: namespaces(verdict, relevant, judgements), intervals: intervals,
      isExact: isExact(verdict, pieces),
      differedAtTimes: isDifferent || verdict == .different,
      unknownAtTimes: verdict == .same ? unknownAtTimes(unknown) : nil,
      reasons: reasons(judgements))
  }

  /// Returns the reason for which it is not known at some times whether the processes shared a namespace. Ignores the
  /// times just around the start or exit of a process, about which no sample can decide.
  private func unknownAtTimes(_ unknown: [Judgement]) -> UnknownReason? {
    UnknownReason.mostInformative(
      unknown.filter { !$0.states.contains(.startingOrExiting) }.compactMap(\.reason))
  }

  /// Returns the PIDs whose link only a sample shows at a time on which the verdict rests, each once.
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
    var visited: Set<Int64> = []
    return query.pidHistories.map(\.pid).filter { pids.contains($0) && visited.insert($0).inserted }
  }

  /// Returns the pieces on which a verdict rests: those with this verdict in which all processes were
  /// running; if there are none, all observed pieces.
  private func proof(
    of verdict: Verdict, _ pieces: [RangePieces.Piece]
  ) -> [RangePieces.Piece] {
    let observed = pieces.filter { !$0.isGap }
    let proof = observed.filter { $0.judgement.verdict == verdict && !$0.judgement.hasAbsent }
    return proof.isEmpty ? observed : proof
  }

  /// Whether events cover all the pieces on which the verdict rests.
  private func isExact(_ verdict: Verdict, _ pieces: [RangePieces.Piece]) -> Bool {
    let proof = proof(of: verdict, pieces)
    return !proof.isEmpty && proof.allSatisfy(\.isExact)
  }

  /// Returns the namespaces that the processes shared; if they shared none, the namespaces of each while all were
  /// running; if they were never all running, the namespaces of each at any time.
  private func namespaces(
    _ verdict: Verdict, _ relevant: [Judgement], _ all: [Judgement]
  ) -> [SameAnswer.NamespaceMembers] {
    if verdict == .same { return query.namespaces(relevant.filter { $0.verdict == .same }) }
    let together = query.namespaces(relevant)
    return together.isEmpty ? query.namespaces(all) : together
  }

  /// Returns the namespaces in which each PID was seen.
  private func seen(_ judgements: [Judgement]) -> [Set<NamespaceRecord>] {
    query.pidHistories.indices.map { index in
      // A closure is used because a key path with an array index is evaluated again for each element.
      Set(judgements.compactMap { $0.states[index].namespace })
    }
  }

  /// Whether two of the PIDs belong to different boots, which share no namespace and no moment.
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

  /// Returns the verdict on processes that were never all running at once: `different` if no namespace can
  /// have been one of both of two PIDs. Ignores the times just around the start or exit of a process, about
  /// which no sample can decide.
  private func neverTogether(_ judgements: [Judgement]) -> (Verdict, UnknownReason?) {
    if judgements.isEmpty { return (.unknown, .gap) }
    // A PID that was not running at any time decides the reason, whatever is unknown about the others.
    let absent = query.pidHistories.indices.filter { index in
      judgements.allSatisfy { $0.states[index].isAbsent }
    }
    if !absent.isEmpty {
      let reasons = absent.flatMap { index in judgements.compactMap { $0.states[index].reason } }
      return (.unknown, UnknownReason.mostInformative(reasons))
    }
    let unsure = judgements.flatMap(\.states).compactMap { state in
      if case .unknown(let reason) = state { reason } else { nil }
    }
    if let reason = UnknownReason.mostInformative(unsure) { return (.unknown, reason) }
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

  /// Returns, for each PID, the reason for which its namespace was not known while the others may have been
  /// running.
  private func reasons(_ judgements: [Judgement]) -> [UnknownReason?] {
    query.pidHistories.indices.map { index in
      let states = judgements.map { $0.states[index] }
      if states.isEmpty { return query.pidHistories[index].known.isEmpty ? .notRecorded : .gap }
      if states.allSatisfy(\.isAbsent) {
        return UnknownReason.mostInformative(states.compactMap(\.reason))
      }
      let together = judgements.filter { !$0.hasAbsent }.compactMap { $0.states[index].reason }
      // If they never ran at once, the reasons from each PID's own time count.
      let alone = states.filter { !$0.isAbsent && $0 != .startingOrExiting }.compactMap(\.reason)
      return UnknownReason.mostInformative(together.isEmpty ? alone : together)
    }
  }

  /// Returns the times in which all were in one namespace; adjacent pieces make one interval.
  private func intervals(of pieces: [RangePieces.Piece]) -> [SameAnswer.Interval] {
    var intervals: [SameAnswer.Interval] = []
    var isContinued = false
    for piece in pieces {
      guard piece.judgement.verdict == .same,
        let namespace = piece.judgement.states.first?.namespace
      else {
        isContinued = false
        continue
      }
      let isOpen = piece.reachesLastSample && query.reading.index.sessions.last?.isOpen == true
      if isContinued, piece.followsOn, let last = intervals.last, last.namespace == namespace,
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
      isContinued = true
    }
    return intervals
  }
}

/// A range of time, split into pieces in which no link of the PIDs changed, and pieces between two samples
/// in which a link may have changed.
struct RangePieces {
  let query: SameQuery
  let link: NamespaceLink
  let since: WallTime?
  let until: WallTime?
  private(set) var pieces: [Piece] = []
  /// For each PID asked for, the indices of its processes that may have been running.
  private(set) var running: [Set<Int>]
  /// Whether a piece outside of the range was left out since the last piece was added.
  private var hasLeftOut = false

  /// A piece of time, with the judgement on it.
  struct Piece {
    /// The time in which the judgement certainly held, unless it is unknown.
    let time: ClosedRange<WallTime>
    let judgement: Judgement
    /// The process of each PID whose state is known.
    let processes: [ProcessRecord]
    /// Whether every PID is still in its namespace at the last sample or event of the history.
    let reachesLastSample: Bool
    /// Whether the piece begins at the end of the previous one: no piece was left out between the two.
    let followsOn: Bool
    /// Whether events reported every change in the piece.
    let isExact: Bool
    /// Whether samples are missing in the piece.
    let isGap: Bool
    /// The sequence number of the sample, if the piece is a single sample.
    let sample: SequenceNumber?
  }

  private var range: ClosedRange<WallTime> {
    let low = since ?? WallTime.min
    return low...max(low, until ?? WallTime.max)
  }

  init(
    _ query: SameQuery, _ link: NamespaceLink, since: WallTime?, until: WallTime?
  ) throws(SQLiteError) {
    self.query = query
    self.link = link
    self.since = since
    self.until = until
    running = query.pidHistories.map { _ in [] }
    guard let first = query.reading.index.first, let last = query.reading.index.last else { return }
    var left: SamplePoint?
    for run in try unchanged(first...last) {
      let opening = try query.reading.index.point(run.lowerBound)
      let closing = run.count == 1 ? opening : try query.reading.index.point(run.upperBound)
      addBetween(SampleWindow(left, opening))
      if run.count == 1 { try addSample(opening) } else { addSamples(opening, closing) }
      left = closing
    }
    addBetween(SampleWindow(left, nil))
  }

  /// Ranges of samples in which no PID's link changed, no session ended, the clock was not set, and
  /// nothing is missing.
  private func unchanged(
    _ all: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) -> [ClosedRange<SequenceNumber>] {
    var starts: Set<SequenceNumber> = Set(query.reading.index.sessions.map(\.first))
    starts.formUnion(query.reading.index.clockSteps)
    starts.formUnion(try query.reading.index.gaps(all))
    for pidHistory in query.pidHistories {
      for run in pidHistory.runs[link] {
        starts.insert(run.from)
        if run.until < all.upperBound { starts.insert(run.until + 1) }
      }
      for span in pidHistory.limits.values.joined() {
        starts.formUnion([span.certain.lowerBound, span.possibleUntil])
        if span.certain.upperBound < all.upperBound { starts.insert(span.certain.upperBound + 1) }
      }
    }
    let sorted = starts.filter(all.contains).sorted()
    return sorted.indices.map { index in
      sorted[index]...(index + 1 < sorted.count ? sorted[index + 1] - 1 : all.upperBound)
    }
  }

  /// Adds the piece between two samples. Any state is possible from the first read of the first sample to
  /// the last read of the second. A state that both saw is certain from the last read of the first to the
  /// first read of the second.
  private mutating func addBetween(_ sampleWindow: SampleWindow) {
    guard isAskedFor(sampleWindow) else { return leaveOut() }
    let certain = sampleWindow.certain
    var judgement = states(sampleWindow, until: sampleWindow.wall.map(\.upperBound).max())
    let isCertain = certain.map { range.overlaps($0) } ?? false
    if judgement.verdict == .same, !isCertain {
      judgement = Judgement(unproven: judgement.states, because: .changedBetweenSamples)
    }
    add(sampleWindow, certain ?? WallTime.min...WallTime.max, judgement)
  }

  /// Adds a run of samples that all saw the same state; the state is certain from the end of the first
  /// sample on.
  private mutating func addSamples(_ opening: SamplePoint, _ closing: SamplePoint) {
    let sampleWindow = SampleWindow(steady: opening, closing)
    // The clock may have gone back by less than a step.
    let certain = opening.wallEnd...max(opening.wallEnd, closing.wall)
    guard range.overlaps(certain) else { return leaveOut() }
    add(sampleWindow, certain, states(sampleWindow, until: certain.upperBound))
  }

  /// Adds a single sample, which is a point in time: each process was seen at some moment of it.
  private mutating func addSample(_ sample: SamplePoint) throws(SQLiteError) {
    let pass = sample.wall...max(sample.wall, sample.wallEnd)
    guard range.overlaps(pass) else { return leaveOut() }
    let sampleWindow = SampleWindow(steady: sample, sample)
    var judgement = states(sampleWindow, until: pass.upperBound)
    // With events, a sample or event shows the state at one moment.
    if sample.isExact { return add(sampleWindow, sample.wall...sample.wall, judgement) }
    let isWhole = range.contains(pass.lowerBound) && range.contains(pass.upperBound)
    let unproven = try Simultaneity(query, link, sample).reason(against: judgement)
    if judgement.verdict != .unknown, let reason = isWhole ? unproven : .changedBetweenSamples {
      judgement = Judgement(unproven: judgement.states, because: reason)
    }
    add(sampleWindow, sample.wall...sample.wall, judgement)
  }

  private mutating func states(_ sampleWindow: SampleWindow, until high: WallTime?) -> Judgement {
    let end = [high, until].compactMap(\.self).min()
    var states: [PIDHistory.State] = []
    for (index, pidHistory) in query.pidHistories.enumerated() {
      let running = pidHistory.running(in: sampleWindow, until: end)
      self.running[index].formUnion(running)
      states.append(pidHistory.state(link, sampleWindow, isRunning: !running.isEmpty))
    }
    return Judgement(states)
  }

  private mutating func add(
    _ sampleWindow: SampleWindow, _ certain: ClosedRange<WallTime>, _ judgement: Judgement
  ) {
    pieces.append(
      Piece(
        time: certain.clamped(to: range), judgement: judgement,
        processes: zip(query.pidHistories, judgement.states).compactMap { pidHistory, state in
          if case .known(_, let process) = state { pidHistory.processes[process] } else { nil }
        },
        reachesLastSample: lasts(sampleWindow),
        followsOn: !hasLeftOut, isExact: sampleWindow.isExact, isGap: sampleWindow.missing != nil,
        sample: sampleWindow.before.flatMap { $0.id == sampleWindow.after?.id ? $0.id : nil }))
    hasLeftOut = false
  }

  /// Whether every PID is, at the last sample or event of the history, still in the namespace in which it
  /// was throughout the sample window before that.
  private func lasts(_ sampleWindow: SampleWindow) -> Bool {
    guard let after = sampleWindow.after, after.id == query.reading.index.last else { return false }
    return query.pidHistories.allSatisfy { pidHistory in
      pidHistory.run(link, at: after.id).map { $0.from <= sampleWindow.before?.id ?? after.id }
        ?? false
    }
  }

  private mutating func leaveOut() { hasLeftOut = true }

  /// Whether a sample window overlaps the range. Time before the first or after the last sample belongs to
  /// the question only if an end of the range was given for it.
  private func isAskedFor(_ sampleWindow: SampleWindow) -> Bool {
    let named = [since, until].compactMap(\.self)
    switch (sampleWindow.before, sampleWindow.after) {
    case (nil, nil): return false
    case (nil, let first?):
      return named.contains { $0 < first.wallEnd } || until ?? WallTime.max <= first.wallEnd
    case (let last?, nil):
      return named.contains { $0 > last.wallEnd } || since ?? WallTime.min >= last.wall
    case (_?, _?): return sampleWindow.wall.contains { range.overlaps($0) }
    }
  }
}
