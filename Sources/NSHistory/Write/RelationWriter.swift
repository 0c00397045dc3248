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

/// Writes down who made the namespaces that an event is the first to know of.
struct MakerWriter {
  let connection: Connection
  let interner: Interner
  /// From when on, on the boot clock, a scan for pins had found what a mount, a file or a socket alone
  /// kept, and events reported all since; nil where that is not so.
  let known: Int64?

  /// A process made another in a set (clone(2)): a new process is where its parent's children go, or in
  /// namespaces that are made with it. Where it is not known where they went, nobody made anything.
  func cloned(_ set: InternedSet, by parent: ShortLivedTasks.Parent?) throws(SQLiteError) {
    guard let parent else { return }
    let made = NamespaceType.allCases.filter { type in
      interner.created.contains(set[type.link]) && parent.set.isPlace(type.linkForChildren)
    }
    for namespace in made.map({ set[$0.link] }) {
      try connection.prepare(
        "UPDATE namespace SET maker_task_id = ?, maker_certain = 1 WHERE namespace_id = ?"
      ).bind(.integer(parent.task), .integer(namespace)).run()
    }
  }

  /// A process is in them now: it made them (unshare(2)), or entered what no look could see (setns(2)).
  ///
  /// Where one of its inode number had no id it may be the same, and known before.
  func moved(_ task: Int64?, at boot: Int64) throws(SQLiteError) {
    guard let task, let known, boot > known else { return }
    for namespace in interner.created {
      try connection.prepare(
        """
        UPDATE namespace AS n SET maker_task_id = ?1, maker_certain = 0
        WHERE namespace_id = ?2 AND kernel_id IS NOT NULL AND NOT EXISTS (
          SELECT 1 FROM namespace AS o INDEXED BY namespace_without_id
          WHERE o.inode = n.inode AND o.type = n.type AND o.boot_id = n.boot_id
            AND o.kernel_id IS NULL)
        """
      ).bind(.integer(task), .integer(namespace)).run()
    }
  }
}
