internal import NamespaceModel
internal import SQLite

/// Writes down how namespaces hang together.
struct RelationWriter {
  let connection: Connection
  let interner: Interner

  func write(_ related: [NamespaceRelations]) throws(SQLiteError) {
    for relations in related {
      // What came and went unwritten leaves no trace.
      guard let row = try row(of: relations.namespace, related)
      else { continue }
      let owner = try relations.owner.map(interner.namespace)
      let parent = try relations.parent.map(interner.namespace)
      try connection.prepare(
        """
        UPDATE namespace SET owner_id = COALESCE(?2, owner_id),
          parent_id = COALESCE(?3, parent_id), owner_uid = COALESCE(?4, owner_uid)
        WHERE namespace_id = ?1
        """
      ).bind(
        .integer(row), .optional(owner), .optional(parent),
        .optional(relations.ownerUID.map(Int64.init))
      ).run()
    }
  }

  /// The row of a namespace, also of one that no process is in, but that others were made in or are
  /// owned by; nil for one that nothing recorded has to do with.
  private func row(
    of namespace: ObservedNamespace, _ all: [NamespaceRelations]
  ) throws(SQLiteError) -> Int64? {
    if let known = try interner.known(namespace) { return known }
    for one in all where one.owner == namespace || one.parent == namespace {
      if try interner.known(one.namespace) != nil { return try interner.namespace(namespace) }
    }
    return nil
  }
}
