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
    /// Whether events told all that happened in it.
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
    running = query.tracks.map { _ in [] }
    guard let first = query.index.first, let last = query.index.last else { return }
    var left: SamplePoint?
    for run in try unchanged(first...last) {
      let opening = try query.index.point(run.lowerBound)
      let closing = run.count == 1 ? opening : try query.index.point(run.upperBound)
      addBetween(SampleWindow(left, opening))
      if run.count == 1 { try addSample(opening) } else { addSamples(opening, closing) }
      left = closing
    }
    addBetween(SampleWindow(left, nil))
  }

  /// Ranges of samples in which no PID's link changed, no session ended, the clock was not set, and
  /// nothing is missing.
  private func unchanged(_ all: ClosedRange<Int64>) throws(SQLiteError) -> [ClosedRange<Int64>] {
    var starts: Set<Int64> = Set(query.index.sessions.map(\.first))
    starts.formUnion(query.index.clockSteps)
    starts.formUnion(try query.index.gaps(all))
    for track in query.tracks {
      for run in track.runs[link] {
        starts.insert(run.from)
        if run.until < all.upperBound { starts.insert(run.until + 1) }
      }
      for span in track.limits.values.joined() {
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
  private mutating func addBetween(_ bracket: SampleWindow) {
    guard isAskedFor(bracket) else { return leaveOut() }
    let certain = bracket.certain
    var judgement = states(bracket, until: bracket.wall.map(\.upperBound).max())
    let isCertain = certain.map { range.overlaps($0) } ?? false
    if judgement.verdict == .same, !isCertain {
      judgement = Judgement(unproven: judgement.states, because: .changedBetweenSamples)
    }
    add(bracket, certain ?? Int64.min...Int64.max, judgement)
  }

  /// Samples in which each process was the same hold it from the end of the first on.
  private mutating func addSamples(_ opening: SamplePoint, _ closing: SamplePoint) {
    let bracket = SampleWindow(steady: opening, closing)
    // The clock may have gone back by less than a step.
    let certain = opening.wallEnd...max(opening.wallEnd, closing.wall)
    guard range.overlaps(certain) else { return leaveOut() }
    add(bracket, certain, states(bracket, until: certain.upperBound))
  }

  /// One sample alone is a point: each process was seen at some moment of it.
  private mutating func addSample(_ sample: SamplePoint) throws(SQLiteError) {
    let pass = sample.wall...max(sample.wall, sample.wallEnd)
    guard range.overlaps(pass) else { return leaveOut() }
    let bracket = SampleWindow(steady: sample, sample)
    var judgement = states(bracket, until: pass.upperBound)
    // Events tell what was at one moment.
    if sample.isExact { return add(bracket, sample.wall...sample.wall, judgement) }
    let isWhole = range.contains(pass.lowerBound) && range.contains(pass.upperBound)
    let doubt = try Simultaneity(query, link, sample).doubt(about: judgement)
    if judgement.verdict != .unknown, let reason = isWhole ? doubt : .changedBetweenSamples {
      judgement = Judgement(unproven: judgement.states, because: reason)
    }
    add(bracket, sample.wall...sample.wall, judgement)
  }

  private mutating func states(_ bracket: SampleWindow, until high: Int64?) -> Judgement {
    let end = [high, until].compactMap(\.self).min()
    var states: [PIDHistory.State] = []
    for (place, track) in query.tracks.enumerated() {
      let running = track.running(in: bracket, until: end)
      self.running[place].formUnion(running)
      states.append(track.state(link, bracket, isRunning: !running.isEmpty))
    }
    return Judgement(states)
  }

  private mutating func add(
    _ bracket: SampleWindow, _ certain: ClosedRange<Int64>, _ judgement: Judgement
  ) {
    pieces.append(
      Piece(
        time: certain.clamped(to: range), judgement: judgement,
        processes: zip(query.tracks, judgement.states).compactMap { track, state in
          if case .known(_, let process) = state { track.processes[process] } else { nil }
        },
        reachesLastSample: lasts(bracket),
        followsOn: !hasLeftOut, isExact: bracket.isExact, isGap: bracket.missing != nil,
        sample: bracket.before.flatMap { $0.id == bracket.after?.id ? $0.id : nil }))
    hasLeftOut = false
  }

  /// Whether all are, at the last sample or event of all, where they were throughout the bracket before it.
  private func lasts(_ bracket: SampleWindow) -> Bool {
    guard let after = bracket.after, after.id == query.index.last else { return false }
    return query.tracks.allSatisfy { track in
      track.run(link, at: after.id).map { $0.from <= bracket.before?.id ?? after.id } ?? false
    }
  }

  private mutating func leaveOut() { hasLeftOut = true }

  /// Whether a bracket overlaps the range. Time outside of all samples belongs to the question only
  /// if it was asked for by name.
  private func isAskedFor(_ bracket: SampleWindow) -> Bool {
    let named = [since, until].compactMap(\.self)
    switch (bracket.before, bracket.after) {
    case (nil, nil): return false
    case (nil, let first?):
      return named.contains { $0 < first.wall } || until ?? Int64.max <= first.wallEnd
    case (let last?, nil):
      return named.contains { $0 > last.wallEnd } || since ?? Int64.min >= last.wall
    case (_?, _?): return bracket.wall.contains { range.overlaps($0) }
    }
  }
}
