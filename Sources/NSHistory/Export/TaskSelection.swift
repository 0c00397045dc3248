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
      conditions.append("task_id IN (\(Self.there))")
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

  /// Who was there in or after one sample, and in or before another: see `membership_span` in
  /// `Migrations/V0001_history.sql`.
  private static let there = """
    WITH RECURSIVE
      range (low, high) AS (VALUES (?, ?)),
      span (digits) AS (VALUES (1) UNION ALL SELECT digits + 1 FROM span WHERE digits < 20)
    SELECT m.task_id FROM range CROSS JOIN span CROSS JOIN membership AS m
    WHERE length(printf('%o', m.until_sample - m.from_sample)) = digits
      AND m.from_sample > low - (1 << 3 * digits) AND m.from_sample <= high
      AND m.until_sample >= low
    UNION ALL
    SELECT m.task_id FROM range CROSS JOIN membership AS m
    WHERE m.until_sample IS NULL AND m.from_sample <= high
    """

  /// The selection, ready to be stepped through.
  func statement(on connection: Connection) throws(SQLiteError) -> Statement {
    try connection.prepare(sql).bind(values)
  }
}
