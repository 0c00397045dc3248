internal import NamespaceModel

/// A namespace type and inode number, as events report them. The kernel reuses inode numbers.
struct NamespaceKey: Hashable {
  let type: NamespaceType
  let inode: UInt64
}

/// The undecided namespaces: those that events reported by inode number alone, after an earlier namespace with the
/// same number whose id is known.
///
/// Each may be that earlier namespace, pinned by a mount or an open file while no task was in it, or
/// another one that got its inode number. The kernel never reuses an id: if the id of the earlier namespace is read
/// again for the number, all of them are that namespace.
struct UndecidedNamespaces {
  /// The undecided namespaces with one inode number.
  private struct Series {
    /// The kernel's id of the namespace that had the inode number before all of these.
    let id: UInt64
    var namespaces: [FollowedNamespace]
  }

  private var series: [NamespaceKey: Series] = [:]
  /// The most undecided namespaces of one inode number, and the most inode numbers.
  private static let most = 64
  private static let mostNumbers = 4096

  /// Adds a namespace that an event reported without an id.
  ///
  /// - Parameter last: the namespace that had the inode number before.
  mutating func add(_ namespace: FollowedNamespace, after last: FollowedNamespace) {
    let number = NamespaceKey(type: namespace.type, inode: namespace.inode)
    if series[number] != nil {
      series[number]?.namespaces.append(namespace)
      if series[number]?.namespaces.count ?? 0 > Self.most { series[number] = nil }
    } else if let id = last.observed.kernelID ?? last.mountedID,
      last.firstKnown < namespace.firstKnown
    {
      if series.count >= Self.mostNumbers { series.removeAll() }
      series[number] = Series(id: id, namespaces: [namespace])
    }
  }

  /// Removes and returns the namespaces that are certainly the one whose id was read.
  ///
  /// - Parameter time: a time on the boot clock by which the id was read. Namespaces reported later stay
  ///   undecided.
  mutating func decide(
    _ number: NamespaceKey, is id: UInt64, at time: BootTime = .max
  ) -> [FollowedNamespace] {
    guard !series.isEmpty, let known = series[number] else { return [] }
    guard known.id == id else {
      series[number] = nil
      return []
    }
    let decided = known.namespaces.filter { $0.firstKnown < time }
    let rest = known.namespaces.filter { $0.firstKnown >= time }
    series[number] = rest.isEmpty ? nil : Series(id: id, namespaces: rest)
    return decided
  }
}
