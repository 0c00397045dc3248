public import NamespaceModel

/// A process in a namespace, or one whose children go there, for a time without a gap in the samples.
public struct Member: Sendable, Hashable {
  /// The namespace.
  public let namespace: NamespaceRecord
  /// The process.
  public let process: ProcessRecord
  /// When it came, if the beginning is exact, or else when the first sample that saw it there began;
  /// in nanoseconds since the epoch.
  public let from: Int64
  /// When it left, if the end is exact, or else when the last sample that saw it there began.
  public let until: Int64
  /// How that began.
  public let beginning: IntervalBound
  /// How that ended.
  public let end: IntervalBound
  /// The link that leads there: its own, or the one for its children.
  public let link: NamespaceLink
}
