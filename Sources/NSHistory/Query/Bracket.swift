/// A piece of time with the samples on its two sides: all that polling can know of a moment.
///
/// From the first read of the one to the last read of the other, anything may have been. Where one
/// side is missing it reaches to the beginning or the end of all times.
struct Bracket {
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
        .gap(.beforeFirst)
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

  private var sides: [SamplePoint] { [before, after].compactMap(\.self) }

  /// Whether a process that was there may not have been seen.
  var hidesProcesses: Bool { sides.contains(where: \.session.hidesProcesses) }

  /// Whether PIDs of this space are meant on one of its sides.
  func isOf(space: Int64) -> Bool { sides.contains { $0.session.space == space } }

  /// Whether it is of this boot, as far as can be told.
  func isOf(boot: Int64) -> Bool { sides.contains { $0.session.boot == boot } }

  /// Whether one PID means two processes in it.
  var spansSpaces: Bool { Set(sides.map(\.session.space)).count > 1 }

  /// Its length on the boot clock, if that is one clock on both sides.
  private var length: Int64? {
    guard let before, let after, !spansSpaces else { return nil }
    return max(0, after.bootEnd &- before.boot)
  }

  /// How far the wall clock was moved against the boot clock; nil if that is not known.
  private var clockStep: UInt64? {
    guard let before, let after else { return 0 }
    return length.map { ((after.wallEnd &- before.wall) &- $0).magnitude }
  }

  /// Whether the wall clock ran with the boot clock: then it shows each time once.
  var clockIsSteady: Bool { clockStep.map { $0 < UInt64(ClockStep.least) } ?? false }

  /// The least and the greatest time that the wall clock can have shown in it: it may have been
  /// set at any moment between the samples. Nil where there is no sample.
  var wall: (low: Int64?, high: Int64?) {
    guard let before, let after else { return (before?.wall, after?.wallEnd) }
    if let clockStep, clockStep <= UInt64(ClockStep.blur) { return (before.wall, after.wallEnd) }
    var low = min(before.wall, after.wall)
    var high = max(before.wallEnd, after.wallEnd)
    if let length {
      low = min(low, after.wallEnd &- length)
      high = max(high, before.wall &+ length)
    }
    return (low, high)
  }

  /// Whether the wall clock can have shown a time in it.
  func covers(_ time: Int64) -> Bool {
    let (low, high) = wall
    return time >= low ?? Int64.min && time <= high ?? Int64.max
  }

  /// The latest moment, on the boot clock of a space, at which the wall clock showed a time no
  /// later than `end`; nil if that is not known. With no `end`, the end of the bracket.
  func boot(at end: Int64?, in space: Int64) -> Int64? {
    if let after, after.session.space == space {
      guard let end, end < after.wallEnd, clockIsSteady else { return after.bootEnd }
      return after.boot &- (after.wall &- end)
    }
    guard after == nil, let before, before.session.space == space, let end else { return nil }
    return before.boot &+ (end &- before.wall)
  }
}
