internal import SQLite

/// Reads processes that started and exited between two samples, as events reported: see `short_lived_task` in
/// `Migrations`.
struct ShortLivedTaskReader {
  private let connection: Connection
  private let index: SampleIndex

  init(_ connection: Connection, _ index: SampleIndex) {
    self.connection = connection
    self.index = index
  }

  /// Of all that had a PID, in the order in which they started.
  func lives(pid: Int64) throws(SQLiteError) -> [TaskHistory] {
    try lives("r.pid = ? ORDER BY r.from_seq", pid)
  }

  /// Of one, by the negated number of the event that started it.
  func life(task: Int64) throws(SQLiteError) -> TaskHistory? {
    try lives("r.from_seq = -?", task).first
  }

  private func lives(_ condition: String, _ value: Int64) throws(SQLiteError) -> [TaskHistory] {
    let rows = try connection.prepare(
      """
      SELECT r.from_seq, r.length, r.pid, r.set_id, r.comm, r.uid, path,
        COALESCE(a.pid, o.pid, 0), r.provenance, \(ContainerRecord.columns)
      FROM short_lived_task AS r LEFT JOIN cgroup ON cgroup.cgroup_id = r.cgroup_id \(ContainerRecord.joins)
        LEFT JOIN task AS a ON a.task_id = r.parent_task_id
        LEFT JOIN short_lived_task AS o ON o.from_seq = -r.parent_task_id
      WHERE \(condition)
      """
    ).bind(.integer(value)).map(Row.init)
    return try rows.map(life)
  }

  private struct Row {
    let from: Int64
    let length: Int64
    let pid: Int64
    let set: Int64
    let description: RecordedDescription

    init(_ row: Statement) {
      from = row.integer(0)
      length = row.integer(1)
      pid = row.integer(2)
      set = row.integer(3)
      description = RecordedDescription(
        comm: row.optionalText(4), uid: row.optionalInteger(5), parentPID: row.integer(7),
        cgroup: row.optionalText(6), provenance: row.optionalInteger(8), row, container: 9)
    }
  }

  private func life(_ row: Row) throws(SQLiteError) -> TaskHistory {
    guard let session = index.session(of: row.from) else {
      throw Membership.stray(shortLivedTask: row.from)
    }
    let membership = try Membership(
      shortLivedTask: row.from, length: row.length, set: row.set, in: session)
    let start = try index.point(row.from)
    let process = ProcessRecord(
      id: -row.from, boot: session.boot, space: session.space, pid: row.pid, tid: nil,
      start: start.wall, startBoot: start.boot, description: row.description, hasPast: false,
      makerPID: row.description.parentPID == 0 ? nil : row.description.parentPID,
      isKernelThread: false, nspid: [], firstSeen: start.wall,
      lastSeen: try index.point(membership.until + 1).wall, isOpen: false)
    return TaskHistory(process: process, memberships: [membership])
  }
}
