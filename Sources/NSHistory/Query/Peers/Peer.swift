/// A process that shared namespaces with the one asked about, and when.
public struct Peer: Sendable, Hashable {
  /// The process asked about: a PID may have been several.
  public let process: ProcessRecord
  /// The other.
  public let peer: ProcessRecord
  /// What they shared, in the order of `NamespaceType`.
  public let shared: [Shared]

  /// One namespace that both were in, and when.
  public struct Shared: Sendable, Hashable {
    /// The namespace.
    public let namespace: NamespaceRecord
    /// The times that are proven, in order. They may have begun and ended up to one sample earlier
    /// or later.
    public let intervals: [Together]

    /// How long that was together, in nanoseconds.
    public var total: Int64 { intervals.reduce(0) { $0 &+ ($1.until &- $1.from) } }
  }

  /// A time in which both were seen in one namespace, in nanoseconds since the epoch: as
  /// `SameAnswer.Interval`.
  public struct Together: Sendable, Hashable {
    /// From the end of the first sample that saw it.
    public let from: Int64
    /// To the beginning of the last.
    public let until: Int64
    /// Whether it still held in the last sample, and the recorder is still running.
    public let isOpen: Bool
  }
}
