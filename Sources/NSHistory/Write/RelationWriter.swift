internal import NamespaceModel
internal import SQLite

/// Writes the owners and parents of namespaces.
struct RelationWriter {
  let connection: Connection
  let interner: Interner

  func write(_ related: [NamespaceRelations]) throws(SQLiteError) {
    // The source reports ancestors before their descendants, so this loop runs in reverse: a namespace
    // without a process gets its row as the owner or parent of a namespace that has a row.
    for relations in related.reversed() {
      // A namespace that appeared and disappeared while nothing could be written has no row.
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

/// Writes the creator of each namespace that an event is the first to report.
struct MakerWriter {
  let connection: Connection
  let interner: Interner
  /// The boot-clock time since which every existing namespace is known, also one that only a mount, a descriptor or a
  /// socket kept alive: the end of a scan for pins, if events have reported every change since that scan began. Nil if
  /// there is no such time.
  let known: BootTime?

  /// Writes the parent of a new process as the certain creator of the namespaces that are new with the process
  /// (clone(2)). A new process is either in a namespace for its parent's children or in one that was created with it.
  /// If it is not known which namespace was for the parent's children, no creator is written.
  func cloned(_ set: InternedSet, by parent: ShortLivedTasks.Parent?) throws(SQLiteError) {
    guard let parent else { return }
    let made = NamespaceType.allCases.filter { type in
      interner.created.contains(set[type.link]) && parent.set.isNamespace(type.linkForChildren)
    }
    for namespace in made.map({ set[$0.link] }) {
      try connection.prepare(
        "UPDATE namespace SET maker_task_id = ?, maker_certain = 1 WHERE namespace_id = ?"
      ).bind(.number(parent.task), .integer(namespace)).run()
    }
  }

  /// Writes a process that changed its namespaces as the possible creator of the new ones: it created
  /// them (unshare(2)), or entered namespaces that no scan can observe (setns(2)).
  ///
  /// A namespace gets no creator if a row with its inode number has no kernel id: both may be the same
  /// namespace, which was then known before.
  func moved(_ task: TaskID?, at boot: BootTime) throws(SQLiteError) {
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

/// Merges two rows of `namespace`, when one that was written without the kernel's id turns out to be
/// the same namespace as the other.
///
/// An event reports a namespace by its inode number. If the kernel's id could not be read at the time,
/// the namespace may differ from the earlier one with that inode number, so it gets a row of its own.
/// When the id is read, a row with that id may exist already: from a process that was in the namespace
/// earlier, or from a mount.
struct NamespaceMerger {
  let connection: Connection

  /// Moves all references from one row to another, and deletes the row. Returns the sets that contained
  /// it, each with the set that replaces it from now on.
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

  /// Returns the sets that contain a namespace, with their ten links.
  private func sets(with row: Int64) throws(SQLiteError) -> [(set: NamespaceSetID, links: [Int64])]
  {
    let sets = try connection.prepare(
      "SELECT DISTINCT set_id FROM namespace_set_link WHERE namespace_id = ?"
    ).bind(.integer(row)).map { $0.set(0) }
    return try sets.map { (set) throws(SQLiteError) in
      (set, try InternedSet.parts(of: set, in: connection))
    }
  }

  /// Writes the new links of a set. If another set has the same links already, both rows remain,
  /// because rows that were written before refer to them, but only the other one is found from now on.
  private func rename(_ set: NamespaceSetID, _ parts: [Int64]) throws(SQLiteError) -> InternedSet {
    let key = InternedSet.key(parts)
    let other = try connection.prepare("SELECT set_id FROM namespace_set WHERE links = ?")
      .bind(.text(key)).first { $0.set(0) }
    try connection.prepare("UPDATE namespace_set SET links = ?2 WHERE set_id = ?1")
      .bind(.number(set), other == nil ? .text(key) : .null).run()
    return InternedSet(id: other ?? set, parts: parts)
  }

  /// Copies the facts of the deleted row that the target lacks. The target then covers the time of both
  /// rows, and has the creator of the row that was observed first.
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

  /// Moves the mounts that were observed in a mount namespace. No index finds them, so the update is
  /// limited to namespaces of this type.
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
