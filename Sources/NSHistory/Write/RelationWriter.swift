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
      ).bind(.number(parent.task), .integer(namespace)).run()
    }
  }

  /// A process is in them now: it made them (unshare(2)), or entered what no look could see (setns(2)).
  ///
  /// Where one of its inode number had no id it may be the same, and known before.
  func moved(_ task: TaskID?, at boot: Int64) throws(SQLiteError) {
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
      ).bind(.number(task), .integer(namespace)).run()
    }
  }
}

/// Makes two rows of namespaces one, when the one that was written without the kernel's id turns out to be the other.
///
/// An event reports a namespace by its inode number. Where nobody could read the id then, it is not certain that it is
/// the one that had the number before, so it gets a row of its own. When the id is read it may be that of a row which
/// is there: of an earlier visitor, or of a mount.
struct NamespaceMerger {
  let connection: Connection

  /// Gives all that is of one row to another, and removes the row. Gives the sets that had it, and what each is called
  /// from now on.
  func merge(_ row: Int64, into target: Int64) throws(SQLiteError) -> [NamespaceSetID: InternedSet]
  {
    let sets = try self.sets(with: row)
    try connection.prepare(
      "UPDATE namespace_set_link SET namespace_id = ?2 WHERE namespace_id = ?1"
    ).bind(.integer(row), .integer(target)).run()
    var names: [NamespaceSetID: InternedSet] = [:]
    for (set, links) in sets {
      names[set] = try rename(set, links.map { $0 == row ? target : $0 })
    }
    try mergeFacts(of: row, into: target)
    for reference in [
      "namespace SET owner_id = ?2 WHERE owner_id", "namespace SET parent_id = ?2 WHERE parent_id",
      "pin SET namespace_id = ?2 WHERE namespace_id",
    ] {
      try connection.prepare("UPDATE \(reference) = ?1")
        .bind(.integer(row), .integer(target)).run()
    }
    try mergeMountNamespace(row, into: target)
    try connection.prepare("DELETE FROM namespace WHERE namespace_id = ?")
      .bind(.integer(row)).run()
    return names
  }

  /// The sets in which a namespace is, and their ten links.
  private func sets(with row: Int64) throws(SQLiteError) -> [(set: NamespaceSetID, links: [Int64])]
  {
    let sets = try connection.prepare(
      "SELECT DISTINCT set_id FROM namespace_set_link WHERE namespace_id = ?"
    ).bind(.integer(row)).map { $0.set(0) }
    return try sets.map { (set) throws(SQLiteError) in
      (set, try InternedSet.parts(of: set, in: connection))
    }
  }

  /// Gives a set its new links. Where another has these already, the two rows stay, and only the other one is found
  /// from now on: what was written keeps its row.
  private func rename(_ set: NamespaceSetID, _ parts: [Int64]) throws(SQLiteError) -> InternedSet {
    let key = InternedSet.key(parts)
    let other = try connection.prepare("SELECT set_id FROM namespace_set WHERE links = ?")
      .bind(.text(key)).first { $0.set(0) }
    try connection.prepare("UPDATE namespace_set SET links = ?2 WHERE set_id = ?1")
      .bind(.number(set), other == nil ? .text(key) : .null).run()
    return InternedSet(id: other ?? set, parts: parts)
  }

  /// What is known of the one, where it is not known of the other: when it was there, and who made it, is by the
  /// earlier one.
  private func mergeFacts(of row: Int64, into target: Int64) throws(SQLiteError) {
    try connection.prepare(
      """
      UPDATE namespace AS n SET
        initial = COALESCE(n.initial, o.initial),
        owner_id = COALESCE(n.owner_id, o.owner_id),
        parent_id = COALESCE(n.parent_id, o.parent_id),
        owner_uid = COALESCE(n.owner_uid, o.owner_uid),
        maker_task_id = CASE WHEN o.first_seq < n.first_seq THEN o.maker_task_id ELSE n.maker_task_id END,
        maker_certain = CASE WHEN o.first_seq < n.first_seq THEN o.maker_certain ELSE n.maker_certain END,
        last_seq = CASE WHEN n.last_seq IS NULL OR o.last_seq IS NULL THEN NULL
          ELSE MAX(n.last_seq, o.last_seq) END,
        first_seq = MIN(n.first_seq, o.first_seq)
      FROM namespace AS o WHERE n.namespace_id = ?2 AND o.namespace_id = ?1
      """
    ).bind(.integer(row), .integer(target)).run()
  }

  /// No index finds the mounts that are seen in a mount namespace: only of these they are looked for.
  private func mergeMountNamespace(_ row: Int64, into target: Int64) throws(SQLiteError) {
    try connection.prepare(
      """
      UPDATE pin SET mount_namespace_id = ?2 WHERE mount_namespace_id = ?1
        AND (SELECT type FROM namespace WHERE namespace_id = ?1) = ?3
      """
    ).bind(
      .integer(row), .integer(target), .integer(Int64(NamespaceType.mnt.rawValue))
    ).run()
  }
}
