internal import NamespaceModel
internal import SQLite

/// Which processes a filter can let through, found by index: the time it takes grows with what is
/// exported, not with the file.
struct TaskSelection {
  /// Selects rows of processes, in the order in which they were met.
  let sql: String
  private var values: [Value] = []

  init(_ filter: ExportFilter, _ index: SampleIndex) throws(SQLiteError) {
    var conditions: [String] = []
    if !filter.pids.isEmpty {
      conditions.append("pid IN (SELECT value FROM json_each(?))")
      values.append(.text("[\(filter.pids.map(String.init).joined(separator: ","))]"))
    }
    if filter.since != nil || filter.until != nil {
      conditions.append("task_id IN (\(MembershipStab.everywhere("m.task_id")))")
      let first = try filter.since.map { (time) throws(SQLiteError) in
        try index.firstSample(notBefore: time)
      }
      let last = try filter.until.map { (time) throws(SQLiteError) in
        try index.lastSample(notAfter: time)
      }
      values += [.integer(first ?? 0), .integer(last ?? Int64.max)]
    }
    sql = """
      SELECT task_id, uuid, pid, start_wall_ns, comm, uid, path
      FROM task JOIN pid_space USING (space_id) JOIN boot USING (boot_id)
        LEFT JOIN cgroup USING (cgroup_id)
      \(conditions.isEmpty ? "" : "WHERE \(conditions.joined(separator: " AND "))")
      ORDER BY task_id
      """
  }

  /// The selection, ready to be stepped through.
  func statement(on connection: Connection) throws(SQLiteError) -> Statement {
    try connection.prepare(sql).bind(values)
  }
}
