internal import NamespaceModel
internal import SQLite

/// A range of time, cut into the pieces in which nothing that was asked about changed, and the ones
/// between two samples in which something may have.
struct RangePieces {
  let query: SameQuery
  let link: NamespaceLink
  let since: Int64?
  let until: Int64?
  private(set) var pieces: [Piece] = []
  /// For each PID asked for, the places of its processes that may have been running.
  private(set) var running: [Set<Int>]
  private var hasLeftOut = false

  /// A piece of time and what was known in it.
  struct Piece {
    /// When the judgement is certain to have held, if it says that something was known.
    let time: ClosedRange<Int64>
    let judgement: Judgement
    /// Which process each PID was, of those that are known.
    let processes: [ProcessRecord]
    let reachesLastSample: Bool
    /// Whether it begins where the piece before it ends: none was left out between the two.
    let followsOn: Bool
    /// Whether events reported all that happened in it.
    let isExact: Bool
    /// Whether samples are missing in it.
    let isGap: Bool
    /// The one sample that it is, where it is that.
    let sample: Int64?
  }

  private var range: ClosedRange<Int64> {
    let low = since ?? Int64.min
    return low...max(low, until ?? Int64.max)
  }

  init(
    _ query: SameQuery, _ link: NamespaceLink, since: Int64?, until: Int64?
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
  private func unchanged(_ all: ClosedRange<Int64>) throws(SQLiteError) -> [ClosedRange<Int64>] {
    var starts: Set<Int64> = Set(query.reading.index.sessions.map(\.first))
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
    return sorted.indices.map { place in
      sorted[place]...(place + 1 < sorted.count ? sorted[place + 1] - 1 : all.upperBound)
    }
  }

  /// Between two samples anything may have been, from the first read of the one to the last of the
  /// other; what both saw the same is certain from the last read of the one to the first of the
  /// other.
  private mutating func addBetween(_ sampleWindow: SampleWindow) {
    guard isAskedFor(sampleWindow) else { return leaveOut() }
    let certain = sampleWindow.certain
    var judgement = states(sampleWindow, until: sampleWindow.wall.map(\.upperBound).max())
    let isCertain = certain.map { range.overlaps($0) } ?? false
    if judgement.verdict == .same, !isCertain {
      judgement = Judgement(unproven: judgement.states, because: .changedBetweenSamples)
    }
    add(sampleWindow, certain ?? Int64.min...Int64.max, judgement)
  }

  /// Samples in which each process was the same hold it from the end of the first on.
  private mutating func addSamples(_ opening: SamplePoint, _ closing: SamplePoint) {
    let sampleWindow = SampleWindow(steady: opening, closing)
    // The clock may have gone back by less than a step.
    let certain = opening.wallEnd...max(opening.wallEnd, closing.wall)
    guard range.overlaps(certain) else { return leaveOut() }
    add(sampleWindow, certain, states(sampleWindow, until: certain.upperBound))
  }

  /// One sample alone is a point: each process was seen at some moment of it.
  private mutating func addSample(_ sample: SamplePoint) throws(SQLiteError) {
    let pass = sample.wall...max(sample.wall, sample.wallEnd)
    guard range.overlaps(pass) else { return leaveOut() }
    let sampleWindow = SampleWindow(steady: sample, sample)
    var judgement = states(sampleWindow, until: pass.upperBound)
    // Events report what was at one moment.
    if sample.isExact { return add(sampleWindow, sample.wall...sample.wall, judgement) }
    let isWhole = range.contains(pass.lowerBound) && range.contains(pass.upperBound)
    let doubt = try Simultaneity(query, link, sample).doubt(about: judgement)
    if judgement.verdict != .unknown, let reason = isWhole ? doubt : .changedBetweenSamples {
      judgement = Judgement(unproven: judgement.states, because: reason)
    }
    add(sampleWindow, sample.wall...sample.wall, judgement)
  }

  private mutating func states(_ sampleWindow: SampleWindow, until high: Int64?) -> Judgement {
    let end = [high, until].compactMap(\.self).min()
    var states: [PIDHistory.State] = []
    for (place, pidHistory) in query.pidHistories.enumerated() {
      let running = pidHistory.running(in: sampleWindow, until: end)
      self.running[place].formUnion(running)
      states.append(pidHistory.state(link, sampleWindow, isRunning: !running.isEmpty))
    }
    return Judgement(states)
  }

  private mutating func add(
    _ sampleWindow: SampleWindow, _ certain: ClosedRange<Int64>, _ judgement: Judgement
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

  /// Whether all are, at the last sample or event of all, where they were throughout the sample window before it.
  private func lasts(_ sampleWindow: SampleWindow) -> Bool {
    guard let after = sampleWindow.after, after.id == query.reading.index.last else { return false }
    return query.pidHistories.allSatisfy { pidHistory in
      pidHistory.run(link, at: after.id).map { $0.from <= sampleWindow.before?.id ?? after.id }
        ?? false
    }
  }

  private mutating func leaveOut() { hasLeftOut = true }

  /// Whether a sample window overlaps the range. Time outside of all samples belongs to the question only
  /// if it was asked for by name.
  private func isAskedFor(_ sampleWindow: SampleWindow) -> Bool {
    let named = [since, until].compactMap(\.self)
    switch (sampleWindow.before, sampleWindow.after) {
    case (nil, nil): return false
    case (nil, let first?):
      return named.contains { $0 < first.wallEnd } || until ?? Int64.max <= first.wallEnd
    case (let last?, nil):
      return named.contains { $0 > last.wallEnd } || since ?? Int64.min >= last.wall
    case (_?, _?): return sampleWindow.wall.contains { range.overlaps($0) }
    }
  }
}
