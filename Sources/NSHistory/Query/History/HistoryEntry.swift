public import NamespaceModel

/// A time, without a gap in the samples, in which a process had one namespace set.
public struct HistoryEntry: Sendable, Hashable {
  /// The process.
  public let process: ProcessRecord
  /// When it began, if its beginning is exact, or else when the first sample that saw this did; in
  /// nanoseconds since the epoch.
  public let from: Int64
  /// When it ended, if its end is exact, or else when the last sample that saw this began.
  public let until: Int64
  /// How it began.
  public internal(set) var beginning: IntervalBound
  /// How it ended.
  public internal(set) var end: IntervalBound
  /// What each link was.
  public let links: [NamespaceLink: LinkValue]
  /// What is not as it was in the stay before; in the first, what is not where the parent's children
  /// go. Empty where all is.
  public let changes: [LinkChange]
  /// Whether it is the first of its process, or of a thread that did not move into it.
  public let isFirst: Bool
  /// Of a thread, whether it is in all the namespaces again that its process is in.
  public let isReturn: Bool
  /// Who had been in the namespaces that it joined; nil where that does not apply or cannot be told.
  public let joined: ProcessRecord?
  /// Of the first stay, the parent of the process when it was first seen; nil where that is not known.
  public let parent: ProcessRecord?
  /// Its parent at the end of the stay, as it was then; nil where it had none, and where that is not
  /// known.
  public let parentThen: ProcessRecord?
  /// Whether the parent that is known had exited by then, so that another had taken its place.
  public let isParentGone: Bool
  /// Whether it is in another container than in the stay before, or in none any more.
  public let isInOtherContainer: Bool
  /// Of a stay without changes, the links that no event reported in it, or in the one before.
  public let unreported: [NamespaceLink]

  /// Whether nothing is known to have changed since the stay before: a link was read that no event had
  /// reported, or was not reported any more.
  var goesOn: Bool {
    !isFirst && changes.isEmpty && !unreported.isEmpty && !isInOtherContainer
      && beginning.kind == .changed
  }

  var stretch: ResolvedInterval {
    ResolvedInterval(from: from, until: until, beginning: beginning, end: end)
  }
}
