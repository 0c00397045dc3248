/// A namespace, when it was there, and what keeps it alive.
public struct NamespaceSummary: Sendable, Hashable {
  /// The namespace.
  public let namespace: NamespaceRecord
  /// When a process was first seen in it, or had its children go there, or a look for pins first saw
  /// it; in nanoseconds since the epoch. No member was seen in it before.
  public let firstSeen: Int64?
  /// When that was last; in nanoseconds since the epoch. No member was seen in it later.
  public let lastSeen: Int64?
  /// The user namespace that owns it; nil where that is not known.
  public let owner: NamespaceRecord?
  /// The pid or user namespace that it was made in; nil where that is not known, or there is none.
  public let parent: NamespaceRecord?
  /// The user who made it, of a user namespace; nil where that is not known.
  public let ownerUID: Int64?
  /// The process that made it, or may have; nil where nothing tells.
  public let maker: NamespaceMaker?
  /// Where it is not known who made it, the first process that was seen in it.
  public let firstProcess: ProcessRecord?
  /// The parent of that process.
  public let parentOfFirst: ProcessRecord?
  /// Whether an event told when that came: the namespace was made then, or only a pin had kept it.
  public let isFirstExact: Bool
  /// Whether one with its inode number had been there before, and no id tells whether it is that one: then
  /// that process may have entered what others had made.
  public let mayBeOlder: Bool
  /// Every pin that it ever had, in the order in which they were met.
  public let pins: [PinRecord]
  /// What keeps it alive in the last sample of all.
  public let kept: Keepers

  /// What keeps a namespace alive, as far as is recorded.
  public struct Keepers: Sendable, Hashable {
    /// How many processes were in it in the last sample.
    public let processes: Int
    /// How many were not, but had children go there (`pid_for_children`, `time_for_children`).
    public let parents: Int
    /// How many namespaces were made in it or are owned by it, and had a process in the last sample.
    public let namespaces: Int
    /// How many mounts, open files and sockets kept it at the last look.
    public let pins: Int
  }
}
