internal import SQLite

/// Writes down who made a namespace: the process whose event is the first to know of it, if all was
/// known before. One that a mount, a file or a socket alone had kept was found by the look for pins.
struct MakerWriter {
  let connection: Connection
  let interner: Interner
  /// Whether events told all that happened since before the last look for pins.
  let isCertain: Bool

  /// The namespaces that the event at hand is the first to know of were made by a process; nil where
  /// it has no row.
  func made(by task: Int64?) throws(SQLiteError) {
    guard isCertain, let task else { return }
    // Without an id an inode number may be that of a namespace that was known.
    for namespace in interner.created {
      try connection.prepare(
        """
        UPDATE namespace SET maker_task_id = ? WHERE namespace_id = ? AND kernel_id IS NOT NULL
        """
      ).bind(.integer(task), .integer(namespace)).run()
    }
  }
}
