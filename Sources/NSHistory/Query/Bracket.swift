/// A piece of time with the samples on its two sides: all that polling can know of a moment.
struct Bracket {
  let before: SamplePoint?
  let after: SamplePoint?
  let coverage: Coverage
  /// Whether a process that was there may not have been seen.
  let hidesProcesses: Bool

  /// Whether the wall clock ran with the boot clock: then wall times can be compared in it.
  var clockIsSteady: Bool {
    guard let before, let after else { return true }
    let step = (after.wall &- before.wall) &- (after.boot &- before.boot)
    return step.magnitude < 10_000_000
  }

  enum Coverage: Hashable {
    /// Both sides are samples of one session, and none is missing in between.
    case sampled
    /// There are samples missing.
    case gap(MissingSamples)
  }
}

/// Why there are no samples around a moment.
public enum MissingSamples: Sendable, Hashable {
  /// It is before the first sample of all.
  case beforeFirst
  /// It is after the last sample of all.
  case afterLast
  /// No recorder was running.
  case noRecorder
  /// The recorder was running, and noted why.
  case cause(GapCause)

  /// The cause in words.
  public var words: String {
    switch self {
    case .beforeFirst: "it is before the first sample"
    case .afterLast: "it is after the last sample"
    case .noRecorder: "no recorder was running"
    case .cause(let cause): cause.words
    }
  }
}
