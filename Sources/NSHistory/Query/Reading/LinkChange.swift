public import NamespaceModel

/// A link that is not what it was.
public struct LinkChange: Sendable, Hashable {
  /// The link.
  public let link: NamespaceLink
  /// What it was; of a process that started, where its parent's children go. Nil if not known.
  public let from: LinkValue?
  /// What it is.
  public let to: LinkValue
  /// How the process came there; nil where `to` could not be read.
  public let how: How?

  /// How a process came into a namespace. The raw value is the word in every output.
  public enum How: String, Sendable, Hashable, CaseIterable {
    /// It was not known before: unshare(2) or clone(2) made it, or nothing but a mount, a file or a
    /// socket had kept it.
    case new
    /// It had been there: setns(2), or clone(2) in it.
    case joined
    /// One with its inode number had been there, and the kernel gave no id that tells whether it is that
    /// one, or a new one that got the number.
    case joinedOrNew = "joined-or-new"
    /// It is where the process's children were to go already: execve(2) after unshare(CLONE_NEWTIME), see
    /// time_namespaces(7).
    case inherited
    /// The link could not be read for a while, and leads where it did before.
    case readAgain = "read-again"
  }
}
