internal import NamespaceModel

/// A namespace set and its row.
struct InternedSet: Hashable {
  let row: Int64
  /// In the order of `NamespaceLink`: the row of a namespace, or the code of why there is none,
  /// negated.
  let parts: [Int64]

  subscript(link: NamespaceLink) -> Int64 { parts[Int(link.rawValue)] }

  /// The namespaces that the process is in itself.
  var own: [Int64] { NamespaceType.allCases.map { self[$0.link] }.filter { $0 > 0 } }

  /// Whether a process that was in `before` and is in this one may have moved. A link that cannot
  /// be read now tells nothing; one that could not be read before may have been anything.
  func isMove(from before: InternedSet) -> Bool {
    NamespaceLink.allCases.contains { link in
      self[link] != before[link] && Self.isPlace(self[link])
    }
  }

  /// Whether a process in this set is elsewhere than the children of one in `parent` go.
  func isElsewhere(thanChildrenOf parent: InternedSet) -> Bool {
    NamespaceType.allCases.contains { type in
      let there = parent[type.linkForChildren]
      return self[type.link] != there && self[type.link] > 0 && there > 0
    }
  }

  /// A namespace, or one that is to be made for the first child.
  private static func isPlace(_ part: Int64) -> Bool {
    part > 0 || part == -Int64(UnreadReason.pending.rawValue)
  }
}
