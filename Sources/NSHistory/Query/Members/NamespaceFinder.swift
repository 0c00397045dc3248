internal import NamespaceModel
internal import SQLite

/// Finds the namespaces that are selected.
struct NamespaceFinder {
  let reading: Reading

  /// In the order in which they were met.
  func lives(_ selector: NamespaceSelector) throws(SQLiteError) -> [NamespaceLife] {
    switch selector {
    case .inode(let type, let inode):
      return try reading.namespaces.lives(
        where: "inode = ? AND type = ?",
        [.integer(Int64(bitPattern: inode)), .integer(Int64(type.rawValue))])
    case .kernelID(let type, let id):
      return try reading.namespaces.lives(
        where: "kernel_id = ? AND type = ?",
        [.integer(Int64(bitPattern: id)), .integer(Int64(type.rawValue))])
    case .of(let type, let processes):
      var rows: Set<Int64> = []
      for life in try ProcessFinder(reading: reading).lives(processes, in: TimeWindow()) {
        for membership in life.memberships {
          let links = try reading.sets.links(of: membership.set)
          if let namespace = links[type.link]?.namespace { rows.insert(namespace.id) }
        }
      }
      return try rows.sorted().map(reading.namespaces.life)
    }
  }
}
