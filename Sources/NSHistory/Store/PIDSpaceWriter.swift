internal import NamespaceModel
internal import SQLite

/// Gives the PID space of a session its row: an earlier session's, if it is proven to be the same.
enum PIDSpaceWriter {
  static func row(
    of info: SessionInfo, boot: Int64, in connection: Connection
  ) throws(SQLiteError) -> Int64 {
    let namespace = info.shownPIDNamespace
    let values: [Value] = [
      .integer(boot), inode(namespace?.inode),
      .optional(namespace?.kernelID.map(Int64.init(bitPattern:))),
      inode(InitialBootClock(info).timeNamespaceInode),
      namespace == nil ? .text(info.procRoot) : .null,
    ]
    // Without a kernel id, an inode number can be another namespace by now.
    let isLasting =
      namespace.map { $0.kernelID != nil || InitialNamespace.hasFixedInode($0.inode) } ?? true
    if isLasting,
      let known = try connection.prepare(
        """
        SELECT space_id FROM pid_space WHERE boot_id = ? AND pid_namespace_inode IS ?
          AND pid_namespace_id IS ? AND time_namespace_inode IS ? AND proc_root IS ?
        """
      ).bind(values).first({ $0.integer(0) })
    {
      return known
    }
    try connection.prepare(
      """
      INSERT INTO pid_space (boot_id, pid_namespace_inode, pid_namespace_id,
        time_namespace_inode, proc_root) VALUES (?, ?, ?, ?, ?)
      """
    ).bind(values).run()
    return connection.lastInsertedRowID
  }

  private static func inode(_ number: UInt64?) -> Value {
    .optional(number.map(Int64.init(bitPattern:)))
  }
}
