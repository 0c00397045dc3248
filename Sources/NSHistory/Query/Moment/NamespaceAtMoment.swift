/// A namespace at a moment, and who was in it.
public struct NamespaceAtMoment: Sendable, Hashable {
  /// The namespace.
  public let namespace: NamespaceRecord
  /// How many processes were in it, by the samples on both sides, or by the last one.
  public let processes: Int
  /// How many more may have been: they started, exited or moved between the two.
  public let unsure: Int
  /// How many processes were not in it and had their children go there (`pid_for_children`,
  /// `time_for_children` of namespaces(7)), and so kept it.
  public let parents: Int
  /// How many more may have had.
  public let unsureParents: Int
  /// Of those, the certain ones first, the one with the lowest PID; nil without one.
  public let lowestParent: ProcessRecord?
  /// Of those that were in it, or else may have been, the one with the lowest PID; nil without one.
  public let lowest: ProcessRecord?
  /// The user namespace that owns it; nil where that is not known.
  public let owner: NamespaceRecord?
  /// The pid or user namespace that it was made in; nil where that is not known, or there is none.
  public let parent: NamespaceRecord?
  /// The user who made it, of a user namespace; nil where that is not known.
  public let ownerUID: Int64?
  /// The process that made it, or may have; nil where nothing tells.
  public let maker: NamespaceMaker?
  /// What pinned it, by the looks on both sides, or by the last one.
  public let pins: [PinAtMoment]
}

/// All namespaces at a moment.
public struct NamespacesAnswer: Sendable {
  /// By type and inode number. Those without a process are there because something pinned them, the
  /// children of a process go there, or others were made in them or are owned by them.
  public var namespaces: [NamespaceAtMoment]
  /// How many processes had a link that could not be read: they may be in any of its type.
  public var unread: Int
  /// The samples around the moment.
  public var samples: [SameAnswer.SampleGap]
  /// The looks for pins around the moment.
  public var looks: Looks
  /// The least and the greatest time at which a sample of the whole history began, in nanoseconds
  /// since the epoch; nil when there is none.
  public var recorded: ClosedRange<Int64>?

  /// The looks for what pins namespaces on the two sides of a moment.
  public struct Looks: Sendable, Hashable {
    /// When the one before began, in nanoseconds since the epoch; nil when there is none.
    public let before: Int64?
    /// When the one after began; nil when there is none.
    public let after: Int64?
    /// How many processes had open files that one of them could not look at.
    public let denied: Int64
  }
}
