internal import NamespaceModel

/// A namespace that a task being followed is in.
final class FollowedNamespace {
  let observed: ObservedNamespace
  /// How many namespace sets that a task has lead to it: while one does it lives, and its inode number
  /// is no other's.
  var holders = 0

  init(_ observed: ObservedNamespace) { self.observed = observed }

  var type: NamespaceType { observed.type }
  var inode: UInt64 { observed.inode }

  /// Whether it can be the one with an id: one of the two was not read, or they are equal.
  func mayHave(id: UInt64?) -> Bool {
    guard let id, let own = observed.kernelID else { return true }
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
