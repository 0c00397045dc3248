internal import NamespaceModel
internal import SQLite

/// A namespace set and its row: that tells it from others.
struct InternedSet: Hashable {
  let row: Int64
  /// In the order of `NamespaceLink`: the row of a namespace, or the code of why there is none,
  /// negated.
  let parts: [Int64]

  /// By what a set is found again (`namespace_set.links`).
  static func key(_ parts: [Int64]) -> String {
    parts.map(String.init).joined(separator: " ")
  }

  /// The links of a set that is in the file.
  static func parts(of set: Int64, in connection: Connection) throws(SQLiteError) -> [Int64] {
    try connection.prepare(
      "SELECT COALESCE(namespace_id, -unread) FROM namespace_set_link WHERE set_id = ? ORDER BY link"
    ).bind(.integer(set)).map { $0.integer(0) }
  }

  subscript(link: NamespaceLink) -> Int64 { parts[Int(link.rawValue)] }

  static func == (one: InternedSet, other: InternedSet) -> Bool { one.row == other.row }
  func hash(into hasher: inout Hasher) { hasher.combine(row) }

  /// The namespaces that the process is in itself.
  var own: [Int64] { NamespaceType.allCases.map { self[$0.link] }.filter { $0 > 0 } }

  /// Whether a process that was in `before` and is in this one may have moved. A link that cannot
  /// be read now tells nothing; one that could not be read before may have been anything.
  func isMove(from before: InternedSet) -> Bool {
    NamespaceLink.allCases.contains { link in
      self[link] != before[link] && Self.isPlace(self[link])
    }
  }

  /// Whether a process in this set is elsewhere than the children of one that was in each of
  /// `places` go.
  func isElsewhere(thanChildrenOf places: [InternedSet]) -> Bool {
    NamespaceType.allCases.contains { type in
      let part = self[type.link]
      return part > 0
        && places.allSatisfy { place in
          let there = place[type.linkForChildren]
          return there > 0 && there != part
        }
    }
  }

  /// Whether children go elsewhere than the process is, which they do in no process that just started.
  var sendsChildrenElsewhere: Bool {
    [NamespaceType.pid, .time].contains { type in
      self[type.linkForChildren] > 0 && self[type.link] > 0
        && self[type.linkForChildren] != self[type.link]
    }
  }

  /// Whether it is known where a link leads, or that it is to be made for the first child.
  func isPlace(_ link: NamespaceLink) -> Bool { Self.isPlace(self[link]) }

  /// A namespace, or one that is to be made for the first child.
  private static func isPlace(_ part: Int64) -> Bool {
    part > 0 || part == -Int64(UnreadReason.pending.rawValue)
  }
}
