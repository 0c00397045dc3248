/// How a piece of time began or ended, as far as samples tell: between its own first or last sample
/// and the one on the other side.
public struct Edge: Sendable, Hashable {
  /// What happened.
  public let kind: Kind
  /// When the sample on the other side began, in nanoseconds since the epoch; nil without one.
  public let other: Int64?
  /// Why samples are missing in between; nil when none is.
  public let missing: MissingSamples?

  /// What happened. The raw value is the word in every output.
  public enum Kind: String, Sendable, Hashable, CaseIterable {
    /// The process started.
    case started
    /// The process was there before, or after, elsewhere.
    case changed
    /// It was like that when it was first seen, after time without samples.
    case firstSeen = "first-seen"
    /// The process exited.
    case exited
    /// It was like that when it was last seen, before time without samples.
    case lastSeen = "last-seen"
    /// It holds in the last sample, and the recorder is still running.
    case open
  }
}
