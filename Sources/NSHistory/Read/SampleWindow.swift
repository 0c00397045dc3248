/// A piece of time with the samples on its two sides: all that polling can know of a moment.
///
/// From the first read of the one to the last read of the other, anything may have been. Where one
/// side is missing it reaches to the beginning or the end of all times.
struct SampleWindow {
  let before: SamplePoint?
  let after: SamplePoint?
  let coverage: Coverage

  enum Coverage: Hashable {
    /// Both sides are samples of one session, and none is missing in between.
    case sampled
    /// There are samples missing.
    case gap(MissingSamples)
  }

  /// The time between two samples that follow one another; nil stands for none.
  init(_ before: SamplePoint?, _ after: SamplePoint?) {
    self.before = before
    self.after = after
    coverage =
      if before == nil {
        .gap(after?.session.missingBefore ?? .beforeFirst)
      } else if after == nil {
        .gap(.afterLast)
      } else if before?.session != after?.session {
        .gap(.noRecorder)
      } else if let cause = after?.gap {
        .gap(.cause(cause))
      } else {
        .sampled
      }
  }

  /// The time of samples, none of which has a gap before it but perhaps the first.
  init(steady first: SamplePoint, _ last: SamplePoint) {
    before = first
    after = last
    coverage = .sampled
  }

  /// The time that the wall clock did not show, because it was set between two samples.
  init(skippedBetween before: SamplePoint, _ after: SamplePoint) {
    self.before = before
    self.after = after
    coverage = .gap(.skipped)
  }

  /// Whether events reported all that happened in it: what the one before it saw held throughout, up to
  /// the one behind it.
  var isExact: Bool { coverage == .sampled && after?.isExact == true }

  /// Why samples are missing in it; nil when none is.
  var missing: MissingSamples? {
    if case .gap(let missing) = coverage { missing } else { nil }
  }

  /// How long after the sample before the one behind began, in nanoseconds; nil where that is not
  /// known.
  var length: Int64? { SampleSpan(before: before, after: after, missing: missing).length }

  /// Whether a process that was there may not have been seen.
  var hidesProcesses: Bool {
    before?.session.hidesProcesses == true || after?.session.hidesProcesses == true
  }

  /// Why a process of which nothing was recorded in it may still have been there; `notRunning` where
  /// nothing is known to have been left out.
  var reasonOfAbsence: UnknownReason {
    if let missing { return UnknownReason(missing) }
    return leavesOutProcesses ? .notRecorded : .notRunning
  }

  /// Whether a process that no sample observed was left out of the file on request.
  var leavesOutProcesses: Bool {
    before?.session.leavesOutProcesses == true || after?.session.leavesOutProcesses == true
  }

  /// Whether the sample behind it would have shown every process of the one before.
  var showsAll: Bool { after != nil && !spansSpaces && !hidesProcesses }

  /// Whether PIDs of this space are meant on one of its sides.
  func isOf(space: Int64) -> Bool {
    before?.session.space == space || after?.session.space == space
  }

  /// Whether it is of this boot, as far as can be reported.
  func isOf(boot: Int64) -> Bool {
    before?.session.boot == boot || after?.session.boot == boot
  }

  /// Whether one PID means two processes in it.
  var spansSpaces: Bool {
    guard let before, let after else { return false }
    return before.session.space != after.session.space
  }

  /// The time between the two samples on the boot clock, if that is one clock on both sides.
  private var idle: Int64? {
    guard let before, let after, before.session.clock == after.session.clock else { return nil }
    return max(0, after.boot &- before.bootEnd)
  }

  /// How far the wall clock was moved against the boot clock; nil if that is not known.
  private var clockStep: UInt64? {
    guard let before, let after else { return 0 }
    return idle.map { ((after.wall &- before.wallEnd) &- $0).magnitude }
  }

  /// Whether the wall clock ran with the boot clock: then it shows each time once.
  var clockIsSteady: Bool {
    before?.id == after?.id || clockStep.map { $0 < UInt64(ClockStep.least) } ?? false
  }

  /// The times that the wall clock can have shown in it. Where it was set, that was at some moment
  /// between the samples, so it ran on from the one and up to the other: two pieces of time. Where
  /// nothing tells how long that took, all in between.
  var wall: [ClosedRange<Int64>] {
    let low = before?.wall ?? Int64.min
    // What an event ended did not hold at its moment.
    let high = after.map { isExact ? $0.wall &- 1 : $0.wallEnd } ?? Int64.max
    guard let before, let after, let idle, let clockStep, clockStep > UInt64(ClockStep.blur) else {
      // Of two events at one moment the first holds for no time.
      return isExact && high < low ? [low...low] : [min(low, high)...max(low, high)]
    }
    // Behind a clock that was set back, the one behind shows an earlier time than the one before.
    let earliest = after.wall &- idle
    return [low...max(low, before.wallEnd &+ idle), earliest...max(earliest, high)]
  }

  /// The part of it that is certain of what both samples saw the same: from the last read of the
  /// one to the first read of the other; nil where the wall clock does not show when that was.
  var certain: ClosedRange<Int64>? {
    guard let before, let after, clockIsSteady else { return nil }
    return before.wallEnd...max(before.wallEnd, after.wall)
  }

  /// Whether the wall clock can have shown a time in it.
  func covers(_ time: Int64) -> Bool { wall.contains { $0.contains(time) } }

  /// The latest moment, on the boot clock of a space, at which the wall clock showed a time no
  /// later than `end`; nil if that is not known. With no `end`, the end of the sample window.
  func boot(at end: Int64?, in space: Int64) -> Int64? {
    if let after, after.session.space == space {
      guard let end, end < after.wallEnd, clockIsSteady else { return after.bootEnd }
      return after.boot &- (after.wall &- end)
    }
    guard after == nil, let before, before.session.space == space, let end else { return nil }
    return before.boot &+ (end &- before.wall)
  }
}

/// One sample, or an event: what has a number in the order of samples.
struct SamplePoint: Hashable {
  let id: Int64
  /// When it began, on both clocks, and how long it took.
  let wall: Int64
  let boot: Int64
  let took: Int64
  let gap: GapCause?
  let session: SessionSpan
  /// Whether events reported all that happened since the one before: then that held until this, and this
  /// is of one moment.
  var isExact = false
  /// Whether it is an event.
  var isEvent = false

  // What a file says is not trusted to be a time: it wraps, and never traps.
  var wallEnd: Int64 { wall &+ took }
  var bootEnd: Int64 { boot &+ took }

  /// When a process that it was the first to show was there: not before it started, which may have
  /// been while the sample was taken. A start more than a minute later is none of its time.
  static func firstSeen(at wall: Int64, start: Int64?) -> Int64 {
    guard let start, start > wall, start &- wall < 60_000_000_000 else { return wall }
    return start
  }

  /// Whether it is known of what was before it only that it is not known: it begins a session, or
  /// has a gap before it.
  var isCutOff: Bool { id == session.first || gap != nil }
}

/// The time from one sample to a later one, with others in between or none.
struct SampleSpan {
  /// Nil where there is none before.
  let before: SamplePoint?
  /// Nil where there is none after.
  let after: SamplePoint?
  /// Why samples are missing in between; nil when none is.
  let missing: MissingSamples?

  /// How long after the one the other began, in nanoseconds: by the boot clock, whatever the wall clock
  /// did, and across boots by the wall clock; nil where that says less than nothing.
  var length: Int64? {
    guard let before, let after else { return nil }
    let length =
      before.session.clock == after.session.clock
      ? after.boot &- before.boot : after.wall &- before.wall
    return length < 0 ? nil : length
  }

  /// The same up to the end of the other: a process was read at some moment of it.
  var lengthToEnd: Int64? { length.flatMap { length in after.map { length &+ $0.took } } }
}

/// Why there are no samples around a moment.
package enum MissingSamples: Sendable, Hashable {
  /// It is before the first sample of all.
  case beforeFirst
  /// It is before the first sample that retention has left.
  case expired
  /// It is after the last sample of all.
  case afterLast
  /// No recorder was running.
  case noRecorder
  /// The wall clock was set over it.
  case skipped
  /// The recorder was running, and noted why.
  case cause(GapCause)

  /// The code in machine output.
  package var code: String {
    switch self {
    case .beforeFirst: "before-first"
    case .expired: "expired"
    case .afterLast: "after-last"
    case .noRecorder: "no-recorder"
    case .skipped: "clock-set"
    case .cause(let cause): cause.code
    }
  }

  /// The cause in words.
  package var words: String {
    switch self {
    case .beforeFirst: "there is no sample before"
    case .expired: "what was recorded before was removed (retention)"
    case .afterLast: "there is no sample after"
    case .noRecorder: "no recorder was running"
    case .skipped: "the clock was set over it"
    case .cause(let cause): cause.words
    }
  }
}
