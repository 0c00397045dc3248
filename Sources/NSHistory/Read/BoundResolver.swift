package import NamespaceModel
internal import SQLite

/// An interval in the history of one process, and the bounds at which it began and ended.
struct ResolvedInterval {
  /// The time of the beginning: that of its event if the bound is exact; otherwise the time at which the first sample
  /// of the interval began, or the start time of the process if it started while that sample was taken.
  let from: WallTime
  /// The time of the end: that of its event if the bound is exact; otherwise the time at which the last sample of the
  /// interval began.
  let until: WallTime
  let beginning: IntervalBound
  let end: IntervalBound
}

/// Determines how intervals in the history of one process began and ended.
struct BoundResolver {
  let index: SampleIndex
  let history: TaskHistory

  /// Determines the bounds of a part of a range in which the state of the process did not change.
  ///
  /// - Parameters:
  ///   - piece: the part; a range is cut where samples are missing or the wall clock was set (`SampleIndex.pieces`).
  ///   - whole: the range.
  func resolve(
    _ piece: ClosedRange<SequenceNumber>, of whole: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) -> ResolvedInterval {
    let beginning = try beginning(
      at: piece.lowerBound, isContinued: piece.lowerBound > whole.lowerBound)
    let end = try end(at: piece.upperBound, isContinued: piece.upperBound < whole.upperBound)
    var from = try index.point(piece.lowerBound).wall
    if piece.lowerBound == history.firstSample, !beginning.isExact {
      from = SamplePoint.firstSeen(at: from, start: history.process.start)
    }
    let last = try index.point(piece.upperBound).wall
    // The wall clock may have gone back by less than a clock step, so that `last` is before `from`.
    let until = max(from, end.isExact ? end.other ?? last : last)
    return ResolvedInterval(from: from, until: until, beginning: beginning, end: end)
  }

  /// Returns the bound at which a piece that starts with `sample` begins.
  ///
  /// - Parameter isContinued: whether the same state precedes the piece, so that the piece is only cut off from it.
  private func beginning(
    at sample: SequenceNumber, isContinued: Bool
  ) throws(SQLiteError) -> IntervalBound {
    let sampleWindow = try index.sampleWindow(before: sample)
    let isSeenBefore = history.anyMembership(at: sample - 1) != nil
    if !isContinued, let membership = history.membership(at: sample), membership.from == sample,
      let earlier = membership.mayBeginAfter, !membership.beginsExactly || !sampleWindow.isExact
    {
      let span = try index.span(from: earlier, to: sample)
      return IntervalBound(
        kind: .changed, other: span.before?.wall, within: span.length, missing: span.missing)
    }
    if !isContinued, sampleWindow.isExact, let membership = history.membership(at: sample),
      membership.beginsExactly, membership.from == sample
    {
      return IntervalBound(
        kind: isSeenBefore ? .changed : first, other: sampleWindow.after?.wall, within: 0,
        missing: nil, isExact: true)
    }
    let kind: IntervalBound.Kind =
      if sampleWindow.missing != nil || (sampleWindow.hidesProcesses && !isSeenBefore) {
        .firstSeen
      } else if isContinued {
        .clockSet
      } else {
        isSeenBefore ? .changed : first
      }
    // A thread may have been running before it was first seen, so that its beginning is not known.
    if kind == .firstSeen, !isSeenBefore, history.thread != nil {
      return IntervalBound(kind: kind, other: nil, within: nil, missing: sampleWindow.missing)
    }
    // The change happened at some time for which nothing is known of the process.
    if kind == .changed, let unseen = history.unseenRange(around: sample - 1) {
      let span = try index.span(from: unseen.lowerBound - 1, to: sample)
      return IntervalBound(
        kind: kind, other: span.before?.wall, within: span.length, missing: span.missing)
    }
    guard kind == .started else {
      return IntervalBound(
        kind: kind, other: sampleWindow.before?.wall, within: sampleWindow.length,
        missing: sampleWindow.missing)
    }
    let span = try index.span(
      from: index.lastMissing(before: sample, start: history.process.startBoot), to: sample)
    return IntervalBound(
      kind: kind, other: span.before?.wall, within: span.length, missing: span.missing)
  }

  /// The kind of the first bound. A thread is recorded from the moment at which its namespaces differ from
  /// those of its process.
  private var first: IntervalBound.Kind {
    switch history.thread?.beginning {
    case nil, .started?: .started
    case .moved?: .changed
    case .unknown?: .firstSeen
    }
  }

  /// Returns the bound at which a piece that ends with `sample` ends.
  ///
  /// - Parameter isContinued: whether the same state follows the piece, so that the piece is only cut off from it.
  private func end(at sample: SequenceNumber, isContinued: Bool) throws(SQLiteError)
    -> IntervalBound
  {
    if sample == index.last, index.sessions.last?.isOpen == true {
      return IntervalBound(kind: .open, other: nil, within: nil, missing: nil)
    }
    if !isContinued, let unseen = history.unseenRange(around: sample + 1),
      unseen.lowerBound == sample + 1
    {
      return try end(at: sample, before: unseen)
    }
    let sampleWindow = try index.sampleWindow(before: sample + 1)
    let isSeenAfter = history.anyMembership(at: sample + 1) != nil
    if !isContinued, let membership = history.membership(at: sample), membership.until == sample,
      let by = membership.mayEndBy, !membership.endsExactly || !sampleWindow.isExact
    {
      let span = try index.span(from: sample, to: by)
      return IntervalBound(
        kind: .changed, other: span.after?.wall, within: span.length, missing: span.missing)
    }
    if !isContinued, sampleWindow.isExact, let membership = history.membership(at: sample),
      membership.endsExactly, membership.until == sample
    {
      return IntervalBound(
        kind: isSeenAfter ? .changed : .exited, other: sampleWindow.after?.wall, within: 0,
        missing: nil, isExact: true)
    }
    let kind: IntervalBound.Kind =
      if sampleWindow.missing != nil || (sampleWindow.hidesProcesses && !isSeenAfter) {
        .lastSeen
      } else if isContinued {
        .clockSet
      } else {
        isSeenAfter ? .changed : .exited
      }
    if kind == .exited, let unseen = history.unseenRange(around: sample) {
      let span = try index.span(from: unseen.lowerBound - 1, to: sample + 1)
      return IntervalBound(
        kind: kind, other: span.after?.wall, within: span.length, missing: span.missing)
    }
    return IntervalBound(
      kind: kind, other: sampleWindow.after?.wall, within: sampleWindow.length,
      missing: sampleWindow.missing)
  }

  /// Returns the bound at which a piece ends before a range for which nothing is known of the process: the state ended at
  /// some time up to the sample or event after that range.
  private func end(
    at sample: SequenceNumber, before unseen: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) -> IntervalBound {
    if unseen.upperBound == index.last, index.sessions.last?.isOpen == true {
      return IntervalBound(kind: .open, other: nil, within: nil, missing: nil)
    }
    let next = unseen.upperBound + 1
    let span = try index.span(from: sample, to: next)
    let sampleWindow = try index.sampleWindow(before: next)
    let missing = span.missing ?? sampleWindow.missing
    let isSeenAfter = history.anyMembership(at: next) != nil
    let isHidden = !isSeenAfter && sampleWindow.hidesProcesses
    let kind: IntervalBound.Kind =
      missing != nil || isHidden ? .lastSeen : isSeenAfter ? .changed : .exited
    return IntervalBound(
      kind: kind, other: span.after?.wall, within: span.length, missing: missing)
  }
}

/// The bound at which an interval began or ended. The bound is the time of an event, or else, as far as samples
/// show, a moment between the first or last sample of the interval and the sample on the other side of the
/// bound.
package struct IntervalBound: Sendable, Hashable {
  /// What happened at the bound.
  package internal(set) var kind: Kind
  /// When the sample on the other side of the bound began; nil if there is no
  /// such sample. For an exact bound, the time of the event.
  package let other: WallTime?
  /// The time from the beginning of the earlier sample to the beginning of the later one, in nanoseconds, which
  /// changes of the wall clock do not affect within one boot; nil if that is not known.
  package let within: Int64?
  /// Why samples are missing between the two samples; nil if none is missing.
  package let missing: MissingSamples?
  /// Whether an event reported the time of the bound, to the microsecond.
  package var isExact = false

  /// What happened at a bound. The raw value is the word in every output.
  package enum Kind: String, Sendable, Hashable, CaseIterable {
    /// The process started.
    case started
    /// The process was there on the other side of the bound too, in another namespace, or with a link that
    /// could not be read.
    case changed
    /// No change is known: a link was read that no event had reported, or the link was no longer reported.
    case read
    /// The state was the same on the other side of the bound, and the wall clock was set in between.
    case clockSet = "clock-set"
    /// The state held already when a sample first saw it. Before that, samples are missing, or the process may
    /// have been hidden.
    case firstSeen = "first-seen"
    /// The process exited.
    case exited
    /// The state still held when a sample last saw it. After that, samples are missing, or the process may have
    /// been hidden.
    case lastSeen = "last-seen"
    /// The state holds in the last sample, and the recorder is still running.
    case open
  }
}
