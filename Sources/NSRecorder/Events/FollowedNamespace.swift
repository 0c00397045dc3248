internal import NamespaceModel

/// A namespace that a task being followed is in.
final class FollowedNamespace {
  let observed: ObservedNamespace
  /// How many links of tasks lead to it: while one does it lives, and its inode number is no other's.
  var holders = 0

  init(_ observed: ObservedNamespace) { self.observed = observed }

  var type: NamespaceType { observed.type }
  var inode: UInt64 { observed.inode }

  /// Whether it is the one with an id; nil where one of the two was not read.
  func isOne(with id: UInt64?) -> Bool? {
    guard let id, let own = observed.kernelID else { return nil }
    return own == id
  }
}

/// What a link of a task being followed is.
enum FollowedLink {
  case namespace(FollowedNamespace)
  /// A namespace with this inode number; which one is not certain.
  case unsure(inode: UInt64)
  case unread(UnreadReason)

  var namespace: FollowedNamespace? {
    if case .namespace(let namespace) = self { namespace } else { nil }
  }

  /// The inode number, where that is known.
  var inode: UInt64? {
    switch self {
    case .namespace(let namespace): namespace.inode
    case .unsure(let inode): inode
    case .unread: nil
    }
  }

  /// Whether two links of one type and inode number surely lead to two namespaces.
  func isSurelyOther(than other: FollowedLink) -> Bool {
    guard let one = namespace, let two = other.namespace, one !== two else { return false }
    return one.isOne(with: two.observed.kernelID) == false
  }

  var state: LinkState {
    switch self {
    case .namespace(let namespace): .namespace(namespace.observed)
    case .unsure: .unread(.unseen)
    case .unread(let reason): .unread(reason)
    }
  }

  /// Tells it from every other.
  var key: UInt {
    switch self {
    case .namespace(let namespace): UInt(bitPattern: ObjectIdentifier(namespace))
    // No object is at an odd place.
    case .unsure(let inode): UInt(truncatingIfNeeded: inode << 9 | 0x101)
    case .unread(let reason): UInt(reason.rawValue)
    }
  }
}
