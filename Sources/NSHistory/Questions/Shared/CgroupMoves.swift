internal import NamespaceModel
internal import SQLite

/// Finds the processes that were moved from one cgroup to another at a time that is not known. In between they may have
/// been in any container.
struct CgroupMoves {
  let reading: HistorySnapshot

  /// A time in which a process was moved.
  struct Move {
    /// The row of the process.
    let task: Int64
    /// Behind the last sample or event at which it was in the one, up to the first at which it was in the other.
    let sampleWindow: Range<Int64>
  }

  /// Those that overlap a range.
  func find(in samples: ClosedRange<Int64>) throws(SQLiteError) -> [Move] {
    try reading.connection.prepare(
      """
      \(IntervalOverlapQuery.spans()),
        description (task_id, last_seq, next_seq, cgroup_id) AS (
          SELECT p.task_id, p.last_seq, p.next_seq, p.cgroup_id
          FROM range CROSS JOIN span CROSS JOIN past_description AS p
          WHERE p.exact IS NULL AND length(printf('%o', p.next_seq - p.last_seq)) = digits
            AND p.next_seq > low AND p.next_seq < high + (1 << 3 * digits) AND p.last_seq < high)
      SELECT d.task_id, d.last_seq, d.next_seq
      FROM description AS d CROSS JOIN task AS t USING (task_id)
      WHERE d.cgroup_id IS NOT (
        SELECT cgroup_id FROM (
          SELECT q.cgroup_id, q.next_seq AS position FROM past_description AS q
          WHERE q.task_id = d.task_id AND q.next_seq > d.next_seq
          UNION ALL SELECT t.cgroup_id, \(Int64.max))
        ORDER BY position LIMIT 1)
      """
    ).bind(IntervalOverlapQuery.values(samples)).map { row in
      Move(task: row.integer(0), sampleWindow: row.integer(1)..<row.integer(2))
    }
  }
}
