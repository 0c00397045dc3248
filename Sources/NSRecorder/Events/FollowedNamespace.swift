internal import NamespaceModel

/// A namespace that a task being followed is in.
final class FollowedNamespace {
  /// What it is called where it is recorded. One whose id could not be read when an event reported it
  /// gets its id from a sample; see `FollowedSets.learn`.
  private(set) var observed: ObservedNamespace
  /// How many links of tasks lead to it: while one does it lives, and its inode number is no other's.
  var holders = 0

  /// The kernel's id by which a mount was found to keep it, where no task was observed in it.
  var mountedID: UInt64?

  /// When it was known at the latest, on the boot clock.
  let met: Int64

  init(_ observed: ObservedNamespace, met: Int64) {
    self.observed = observed
    self.met = met
  }

  var type: NamespaceType { observed.type }
  var inode: UInt64 { observed.inode }

  /// Takes over the kernel's id. False where it is known already, or the other has none.
  func learn(_ read: ObservedNamespace) -> Bool {
    guard observed.kernelID == nil, read.kernelID != nil else { return false }
    observed = read
    return true
  }

  /// Whether it is the one with an id; nil where one of the two was not read.
  func isOne(with id: UInt64?) -> Bool? {
    guard let id, let own = observed.kernelID else { return nil }
    return own == id
  }
}

/// What a link of a task being followed is.
enum FollowedLink {
  case namespace(FollowedNamespace)
  case unread(UnreadReason)

  var namespace: FollowedNamespace? {
    if case .namespace(let namespace) = self { namespace } else { nil }
  }

  /// The inode number, where that is known.
  var inode: UInt64? {
    namespace?.inode
  }

  /// Whether two links of one type and inode number surely lead to two namespaces.
  func isSurelyOther(than other: FollowedLink) -> Bool {
    guard let one = namespace, let two = other.namespace, one !== two else { return false }
    return one.isOne(with: two.observed.kernelID) == false
  }

  var state: LinkState {
    switch self {
    case .namespace(let namespace): .namespace(namespace.observed)
    case .unread(let reason): .unread(reason)
    }
  }

  /// Tells it from every other.
  var key: UInt {
    switch self {
    case .namespace(let namespace): UInt(bitPattern: ObjectIdentifier(namespace))
    case .unread(let reason): UInt(reason.rawValue)
    }
  }
}
