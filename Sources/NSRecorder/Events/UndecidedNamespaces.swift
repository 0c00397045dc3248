internal import NamespaceModel

/// A namespace by what an event reports of it. The kernel gives an inode number again.
struct NamespaceNumber: Hashable {
  let type: NamespaceType
  let inode: UInt64
}

/// The namespaces that events reported by their numbers alone, after the one that had the number before was known by its
/// id.
///
/// Each may be that one, kept by a mount or an open file while no task was in it, or another that got its number. The
/// kernel gives no id twice: when the same id is read of the number again, the one namespace had it all the time.
struct UndecidedNamespaces {
  private struct Series {
    /// The kernel's id of the namespace that had the number before all of these.
    let id: UInt64
    var namespaces: [FollowedNamespace]
  }

  private var series: [NamespaceNumber: Series] = [:]
  /// Of one number so many are decided together, and of so many numbers.
  private static let most = 64
  private static let mostNumbers = 4096

  /// Adds a namespace that an event reported without an id.
  ///
  /// - Parameter last: the one that had its number before.
  mutating func add(_ namespace: FollowedNamespace, after last: FollowedNamespace) {
    let number = NamespaceNumber(type: namespace.type, inode: namespace.inode)
    if series[number] != nil {
      series[number]?.namespaces.append(namespace)
      if series[number]?.namespaces.count ?? 0 > Self.most { series[number] = nil }
    } else if let id = last.observed.kernelID ?? last.mountedID, last.met < namespace.met {
      if series.count >= Self.mostNumbers { series.removeAll() }
      series[number] = Series(id: id, namespaces: [namespace])
    }
  }

  /// The namespaces that are surely the one whose id was read now.
  ///
  /// - Parameter time: a moment by which it was read, on the boot clock: what was reported later stays undecided.
  mutating func decide(
    _ number: NamespaceNumber, is id: UInt64, at time: Int64 = .max
  ) -> [FollowedNamespace] {
    guard !series.isEmpty, let known = series[number] else { return [] }
    guard known.id == id else {
      series[number] = nil
      return []
    }
    let decided = known.namespaces.filter { $0.met < time }
    let rest = known.namespaces.filter { $0.met >= time }
    series[number] = rest.isEmpty ? nil : Series(id: id, namespaces: rest)
    return decided
  }
}
