internal import NamespaceModel
internal import SQLite

/// Writes down how namespaces hang together.
struct RelationWriter {
  let connection: Connection
  let interner: Interner

  func write(_ related: [NamespaceRelations]) throws(SQLiteError) {
    // The source tells of ancestors before their descendants. One that no process is in gets its row
    // as the owner or parent of one that has a row.
    for relations in related.reversed() {
      // What came and went unwritten leaves no trace.
      guard let row = try interner.known(relations.namespace) else { continue }
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
}
