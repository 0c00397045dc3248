internal import NamespaceModel

/// The time between two consecutive samples. "Sample" also stands for an event here: the sides of a window are points
/// of the one sequence of samples and events.
///
/// Any state is possible from the first read of one sample to the last read of the other, unless events cover the
/// window (`isExact`). Without a sample on one side the window is unbounded on that side.
struct SampleWindow {
  /// The sample at the beginning; nil if there is none.
  let before: SamplePoint?
  /// The sample at the end; nil if there is none.
  let after: SamplePoint?
  let coverage: Coverage

  enum Coverage: Hashable {
    /// Both sides are samples of one session, and none is missing in between.
    case sampled
    /// Samples are missing in between.
    case gap(MissingSamples)
  }

  /// The window between two consecutive samples; nil stands for no sample on that side.
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

  /// The window from the first to the last of consecutive samples, where no other than the first has a gap before it.
  init(steady first: SamplePoint, _ last: SamplePoint) {
    before = first
    after = last
    coverage = .sampled
  }

  /// The wall times that never occurred, because the clock was set forward between two samples.
  init(skippedBetween before: SamplePoint, _ after: SamplePoint) {
    self.before = before
    self.after = after
    coverage = .gap(.skipped)
  }

  /// Whether events reported every change in the window: then the state at `before` held throughout,
  /// until `after`.
  var isExact: Bool { coverage == .sampled && after?.isExact == true }

  /// Whether a time is within the sample at the beginning of a window that events cover: they report the changes of each
  /// process only after the sample read it.
  func isBeforeEvents(_ time: WallTime) -> Bool {
    guard isExact, clockIsSteady, let before else { return false }
    return before.wall <= time && time < before.wallEnd
  }

  /// Why samples are missing in the window; nil when none is.
  var missing: MissingSamples? {
    if case .gap(let missing) = coverage { missing } else { nil }
  }

  /// The time from the beginning of `before` to the beginning of `after`, in nanoseconds; nil if it is
  /// not known.
  var length: Int64? { SampleSpan(before: before, after: after, missing: missing).length }

  /// Whether the recorder may not have seen a running process (`hidepid`).
  var hidesProcesses: Bool {
    before?.session.hidesProcesses == true || after?.session.hidesProcesses == true
  }

  /// The reason for which a process that was not recorded in the window may have been running unobserved;
  /// `notRunning` if there is none, so that the process was not running.
  var reasonOfAbsence: UnknownReason {
    if let missing { return UnknownReason(missing) }
    return leavesOutProcesses ? .notRecorded : .notRunning
  }

  /// Whether the recorder was configured to leave out processes that no sample observed.
  var leavesOutProcesses: Bool {
    before?.session.leavesOutProcesses == true || after?.session.leavesOutProcesses == true
  }

  /// Whether `after` would have shown every process of `before` that was still running.
  var showsAll: Bool { after != nil && !spansSpaces && !hidesProcesses }

  /// Whether a sample on either side has the PIDs of this PID space (row id).
  func isOf(space: Int64) -> Bool {
    before?.session.space == space || after?.session.space == space
  }

  /// Whether a sample on either side is of this boot.
  func isOf(boot: Int64) -> Bool {
    before?.session.boot == boot || after?.session.boot == boot
  }

  /// Whether the two samples have different PID spaces, so that one PID may name two processes.
  var spansSpaces: Bool {
    guard let before, let after else { return false }
    return before.session.space != after.session.space
  }

  /// The time between the two samples on the boot clock; nil if they do not share one boot clock.
  private var idle: Int64? {
    guard let before, let after, before.session.clock == after.session.clock else { return nil }
    return max(0, after.boot &- before.bootEnd)
  }

  /// How far the wall clock moved against the boot clock; nil if that is not known.
  private var clockStep: UInt64? {
    guard let before, let after else { return 0 }
    return idle.map { ((after.wall &- before.wallEnd) &- $0).magnitude }
  }

  /// Whether the wall clock kept pace with the boot clock, so that it showed each time once.
  var clockIsSteady: Bool {
    before?.id == after?.id || clockStep.map { $0 < UInt64(ClockStep.least) } ?? false
  }

  /// The times that the wall clock may have shown in the window. If the clock was set at some moment
  /// between the samples, there are two ranges: one that runs on from `before`, and one that leads up to
  /// `after`. If it is not known how much time passed, one range covers everything in between.
  var wall: [ClosedRange<WallTime>] {
    let low = before?.wall ?? WallTime.min
    // A state that an event ended did not hold at the moment of the event.
    let high = after.map { isExact ? $0.wall &- 1 : $0.wallEnd } ?? WallTime.max
    guard let before, let after, let idle, let clockStep, clockStep > UInt64(ClockStep.blur) else {
      // If two events have the same time, the state after the first held for no time.
      return isExact && high < low ? [low...low] : [min(low, high)...max(low, high)]
    }
    // If the clock was set back, `after` may show an earlier time than `before`.
    let earliest = after.wall &- idle
    return [low...max(low, before.wallEnd &+ idle), earliest...max(earliest, high)]
  }

  /// The part of the window in which a state certainly held if both samples saw it: from the last read
  /// of `before` to the first read of `after`. Nil if the wall clock was set, so that these times are
  /// not known.
  var certain: ClosedRange<WallTime>? {
    guard let before, let after, clockIsSteady else { return nil }
    return before.wallEnd...max(before.wallEnd, after.wall)
  }

  /// Whether the wall clock may have shown a time in the window.
  func covers(_ time: WallTime) -> Bool { wall.contains { $0.contains(time) } }

  /// The latest moment, on the boot clock of a space, at which the wall clock showed a time no
  /// later than `end`; nil if that is not known. With no `end`, the end of the sample window.
  func boot(at end: WallTime?, in space: Int64) -> BootTime? {
    if let after, after.session.space == space {
      guard let end, end < after.wallEnd, clockIsSteady else { return after.bootEnd }
      return after.boot &- (after.wall &- end)
    }
    guard after == nil, let before, before.session.space == space, let end else { return nil }
    return before.boot &+ (end &- before.wall)
  }
}

/// One sample or event: a point in the common sequence.
struct SamplePoint: Hashable {
  let id: SequenceNumber
  /// The beginning, on the wall clock.
  let wall: WallTime
  /// The beginning, on the boot clock.
  let boot: BootTime
  /// The duration, in nanoseconds; 0 for an event, and for a sample that shows the state of one moment.
  let took: Int64
  /// Why nothing is known of the time before the sample; nil if there is no gap.
  let gap: GapCause?
  let session: SessionSpan
  /// Whether events reported every change since the previous point: then the previous state held until
  /// this one, and this point is a single moment.
  var isExact = false
  /// Whether the point is an event, not a sample.
  var isEvent = false

  // The file is untrusted input: a bad time wraps around, and never traps.
  var wallEnd: WallTime { wall &+ took }
  var bootEnd: BootTime { boot &+ took }

  /// The earliest time at which a process was running that this sample was the first to show: the start
  /// time of the process, if it started while the sample was taken. A start more than a minute after the
  /// beginning of the sample is ignored as inconsistent.
  static func firstSeen(at wall: WallTime, start: WallTime?) -> WallTime {
    guard let start, start > wall, start &- wall < 60_000_000_000 else { return wall }
    return start
  }

  /// Whether the state before this point is unknown: the point is the first of a session, or has a gap
  /// before it.
  var isCutOff: Bool { id == session.first || gap != nil }
}

/// The time from one sample to a later one; further samples may lie in between.
struct SampleSpan {
  /// The sample at the beginning; nil if there is none.
  let before: SamplePoint?
  /// The sample at the end; nil if there is none.
  let after: SamplePoint?
  /// Why samples are missing in between; nil when none is.
  let missing: MissingSamples?

  /// The time between the beginnings of the two samples, in nanoseconds: by the boot clock, which clock
  /// changes do not affect, or across boots by the wall clock. Nil if the result would be negative.
  var length: Int64? {
    guard let before, let after else { return nil }
    let length =
      before.session.clock == after.session.clock
      ? after.boot &- before.boot : after.wall &- before.wall
    return length < 0 ? nil : length
  }

  /// `length` up to the end of the later sample, because each process is read at some moment of that
  /// sample.
  var lengthToEnd: Int64? { length.flatMap { length in after.map { length &+ $0.took } } }
}

/// Why there are no samples around a moment.
package enum MissingSamples: Sendable, Hashable {
  /// The moment is before the first sample of the history.
  case beforeFirst
  /// The moment is before the first sample that retention has left.
  case expired
  /// The moment is after the last sample of the history.
  case afterLast
  /// No recorder was running.
  case noRecorder
  /// The wall clock was set forward over the moment.
  case skipped
  /// The recorder was running, and recorded the cause.
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
