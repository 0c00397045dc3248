public import NamespaceModel

/// One process and one type of namespace, through time.
public struct TimelineRow: Sendable, Hashable {
  /// The process.
  public let process: ProcessRecord
  /// The type.
  public let type: NamespaceType
  /// In the order of samples: where the clock was set back times come twice. At times that none of
  /// them holds no sample saw the process.
  public let segments: [Segment]

  /// A time in which one thing was known.
  public struct Segment: Sendable, Hashable {
    /// In nanoseconds since the epoch.
    public let from: Int64
    /// In nanoseconds since the epoch.
    public let until: Int64
    /// What was known.
    public let state: State
  }

  /// What was known of a link.
  public enum State: Sendable, Hashable {
    /// The process was in this namespace, in every sample.
    case namespace(NamespaceRecord)
    /// It was not known where it was.
    case unknown(UnknownReason)
  }
}
