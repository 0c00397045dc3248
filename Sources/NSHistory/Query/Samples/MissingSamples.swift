/// Why there are no samples around a moment.
public enum MissingSamples: Sendable, Hashable {
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
  public var code: String {
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
  public var words: String {
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
