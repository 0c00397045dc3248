internal import SQLite

/// A piece of the time of one process, and how it began and ended.
struct ResolvedInterval {
  /// In nanoseconds since the epoch: where an event reported so, from when to when it was; or else when
  /// the first and the last sample that saw it began.
  let from: Int64
  let until: Int64
  let beginning: IntervalBound
  let end: IntervalBound
}

/// Finds out how pieces of the time of one process began and ended.
struct BoundResolver {
  let index: SampleIndex
  let life: TaskHistory

  /// Of a piece of a range of samples in which all was the same.
  func stretch(
    _ piece: ClosedRange<Int64>, of whole: ClosedRange<Int64>
  ) throws(SQLiteError) -> ResolvedInterval {
    let beginning = try beginning(
      at: piece.lowerBound, goesOn: piece.lowerBound > whole.lowerBound)
    let end = try end(at: piece.upperBound, goesOn: piece.upperBound < whole.upperBound)
    var from = try index.point(piece.lowerBound).wall
    if piece.lowerBound == life.firstSample, !beginning.isExact {
      from = SamplePoint.firstSeen(at: from, start: life.process.start)
    }
    let last = try index.point(piece.upperBound).wall
    // The clock may have gone back by less than a step.
    let until = max(from, end.isExact ? end.other ?? last : last)
    return ResolvedInterval(from: from, until: until, beginning: beginning, end: end)
  }

  /// The beginning of a piece at a sample.
  ///
  /// - Parameter goesOn: whether the piece is cut off from one in which all was the same.
  private func beginning(at sample: Int64, goesOn: Bool) throws(SQLiteError) -> IntervalBound {
    let sampleWindow = try index.sampleWindow(before: sample)
    let isSeenBefore = life.anyMembership(at: sample - 1) != nil
    if !goesOn, let membership = life.membership(at: sample), membership.from == sample,
      let behind = membership.mayBeginBehind, !membership.beginsExactly || !sampleWindow.isExact
    {
      let span = try index.span(from: behind, to: sample)
      return IntervalBound(
        kind: .changed, other: span.before?.wall, within: span.length, missing: span.missing)
    }
    if !goesOn, sampleWindow.isExact, let membership = life.membership(at: sample),
      membership.beginsExactly, membership.from == sample
    {
      return IntervalBound(
        kind: isSeenBefore ? .changed : first, other: sampleWindow.after?.wall, within: 0,
        missing: nil, isExact: true)
    }
    let kind: IntervalBound.Kind =
      if sampleWindow.missing != nil || (sampleWindow.hidesProcesses && !isSeenBefore) {
        .firstSeen
      } else if goesOn {
        .clockSet
      } else {
        isSeenBefore ? .changed : first
      }
    // A thread that was there before: since when is not known.
    if kind == .firstSeen, !isSeenBefore, life.thread != nil {
      return IntervalBound(kind: kind, other: nil, within: nil, missing: sampleWindow.missing)
    }
    guard kind == .started else {
      return IntervalBound(
        kind: kind, other: sampleWindow.before?.wall, within: sampleWindow.length,
        missing: sampleWindow.missing)
    }
    let span = try index.span(
      from: index.lastMissing(before: sample, start: life.process.startBoot), to: sample)
    return IntervalBound(
      kind: kind, other: span.before?.wall, within: span.length, missing: span.missing)
  }

  /// How it began to be recorded: a thread is from when on it differed from its process.
  private var first: IntervalBound.Kind {
    switch life.thread?.beginning {
    case nil, .started?: .started
    case .moved?: .changed
    case .unknown?: .firstSeen
    }
  }

  /// The end of a piece at a sample.
  private func end(at sample: Int64, goesOn: Bool) throws(SQLiteError) -> IntervalBound {
    if sample == index.last, index.sessions.last?.isOpen == true {
      return IntervalBound(kind: .open, other: nil, within: nil, missing: nil)
    }
    let sampleWindow = try index.sampleWindow(before: sample + 1)
    let isSeenAfter = life.anyMembership(at: sample + 1) != nil
    if !goesOn, let membership = life.membership(at: sample), membership.until == sample,
      let by = membership.mayEndBy, !membership.endsExactly || !sampleWindow.isExact
    {
      let span = try index.span(from: sample, to: by)
      return IntervalBound(
        kind: .changed, other: span.after?.wall, within: span.length, missing: span.missing)
    }
    if !goesOn, sampleWindow.isExact, let membership = life.membership(at: sample),
      membership.endsExactly, membership.until == sample
    {
      return IntervalBound(
        kind: isSeenAfter ? .changed : .exited, other: sampleWindow.after?.wall, within: 0,
        missing: nil, isExact: true)
    }
    let kind: IntervalBound.Kind =
      if sampleWindow.missing != nil || (sampleWindow.hidesProcesses && !isSeenAfter) {
        .lastSeen
      } else if goesOn {
        .clockSet
      } else {
        isSeenAfter ? .changed : .exited
      }
    return IntervalBound(
      kind: kind, other: sampleWindow.after?.wall, within: sampleWindow.length,
      missing: sampleWindow.missing)
  }
}

/// How a piece of time began or ended: at an event, or else, as far as samples show, between its own
/// first or last sample and the one on the other side.
package struct IntervalBound: Sendable, Hashable {
  /// What happened.
  package internal(set) var kind: Kind
  /// When the sample on the other side began, in nanoseconds since the epoch; nil without one. Where
  /// it is exact, when it happened.
  package let other: Int64?
  /// How long after the one the other began, in nanoseconds, whatever the wall clock did; nil where
  /// that is not known.
  package let within: Int64?
  /// Why samples are missing in between; nil when none is.
  package let missing: MissingSamples?
  /// Whether an event reported when it happened, to the microsecond.
  package var isExact = false

  /// What happened. The raw value is the word in every output.
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    /// The process started.
    case started
    /// The process was there before, or after, elsewhere or not readable.
    case changed
    /// Nothing is known to have changed: a link was read that no event had reported, or was not reported
    /// any more.
    case read
    /// It was the same before, or after, and the wall clock was set in between.
    case clockSet = "clock-set"
    /// It was like that when it was first seen, after time without samples, or where it may have been
    /// hidden.
    case firstSeen = "first-seen"
    /// The process exited.
    case exited
    /// It was like that when it was last seen, before time without samples, or where it may have been
    /// hidden.
    case lastSeen = "last-seen"
    /// It holds in the last sample, and the recorder is still running.
    case open
  }
}
