internal import NamespaceModel

/// A namespace of a tracked task.
final class FollowedNamespace {
  /// The name of the namespace in the history: the value that identifies it there. If the id could not be read
  /// at the event, a sample or a scan provides it later, and the name changes; see `NamespaceResolver.learn`.
  private(set) var observed: ObservedNamespace
  /// The number of task links that lead to the namespace. While there is one, the namespace exists and no
  /// other namespace has its inode number.
  var holders = 0

  /// The kernel's id, if it was read from a mount that pins the namespace, or of a task that entered the namespace after
  /// all others had left it.
  var mountedID: UInt64?

  /// The time on the boot clock by which an event or a sample had first reported the namespace.
  let firstKnown: BootTime

  init(_ observed: ObservedNamespace, firstKnown: BootTime) {
    self.observed = observed
    self.firstKnown = firstKnown
  }

  var type: NamespaceType { observed.type }
  var inode: UInt64 { observed.inode }

  /// Adopts the kernel's id from `read`. Returns false if the id is known already, or `read` has none.
  func learn(_ read: ObservedNamespace) -> Bool {
    guard observed.kernelID == nil, read.kernelID != nil else { return false }
    observed = read
    return true
  }

  /// Whether the namespace has this id; nil if one of the two ids was not read.
  func hasID(_ id: UInt64?) -> Bool? {
    guard let id, let own = observed.kernelID else { return nil }
    return own == id
  }
}

/// The target of a link of a tracked task.
enum FollowedLink {
  case namespace(FollowedNamespace)
  case unread(UnreadReason)

  var namespace: FollowedNamespace? {
    if case .namespace(let namespace) = self { namespace } else { nil }
  }

  /// The inode number, if it is known.
  var inode: UInt64? {
    namespace?.inode
  }

  /// Whether two links of the same type and inode number certainly lead to different namespaces.
  func isCertainlyOther(than other: FollowedLink) -> Bool {
    guard let one = namespace, let two = other.namespace, one !== two else { return false }
    return one.hasID(two.observed.kernelID) == false
  }

  var state: LinkState {
    switch self {
    case .namespace(let namespace): .namespace(namespace.observed)
    case .unread(let reason): .unread(reason)
    }
  }

  /// Identifies the target: two links have the same key if both lead to the same namespace, or are unread
  /// for the same reason.
  var key: UInt {
    switch self {
    case .namespace(let namespace): UInt(bitPattern: ObjectIdentifier(namespace))
    case .unread(let reason): UInt(reason.rawValue)
    }
  }
}
