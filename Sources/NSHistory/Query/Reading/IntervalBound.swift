/// How a piece of time began or ended: at an event, or else, as far as samples tell, between its own
/// first or last sample and the one on the other side.
public struct IntervalBound: Sendable, Hashable {
  /// What happened.
  public internal(set) var kind: Kind
  /// When the sample on the other side began, in nanoseconds since the epoch; nil without one. Where
  /// it is exact, when it happened.
  public let other: Int64?
  /// How long after the one the other began, in nanoseconds, whatever the wall clock did; nil where
  /// that is not known.
  public let within: Int64?
  /// Why samples are missing in between; nil when none is.
  public let missing: MissingSamples?
  /// Whether an event told when it happened, to the microsecond.
  public var isExact = false

  /// What happened. The raw value is the word in every output.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
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
