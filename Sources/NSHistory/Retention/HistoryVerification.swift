internal import SQLite

/// One property that every history file has, and whether a file has it.
package struct HistoryVerification: Sendable, Hashable {
  /// The properties, in the order in which they are verified. The raw value is the code in machine output.
  package enum Property: String, Sendable, Hashable, CaseIterable {
    /// SQLite finds every page and every index sound (`PRAGMA integrity_check`).
    case pages
    /// Every row to which another one refers exists (`PRAGMA foreign_key_check`).
    case references
    /// The watermark is the first sample, and the sessions follow one another.
    case sessions
    /// Each sequence number is that of one sample or one event, and none is missing; in a slice, none of those of which
    /// it has every row.
    case numbers
    /// No two memberships of a task overlap, and none is outside of the sequence numbers.
    case memberships
    /// Every short-lived task is within the sequence numbers.
    case shortLivedTasks = "short-lived-tasks"
    /// Every namespace set has ten links.
    case sets
    /// No row of `task` or `membership` has a greater row number than the one in `row_number`.
    case rowNumbers = "row-numbers"
  }

  package let property: Property
  /// The findings that contradict the property, as text for a person; at most a few, and empty if there are none.
  package let faults: [String]

  /// How many faults are listed of each property.
  static let most = 3
}

extension HistoryReader {
  /// Verifies every property of the file. This reads every row.
  package func verify() throws(HistoryError) -> [HistoryVerification] {
    try snapshot { () throws(HistoryError) in
      do throws(SQLiteError) {
        var all: [HistoryVerification] = []
        for property in HistoryVerification.Property.allCases {
          all.append(
            HistoryVerification(property: property, faults: try faults(against: property)))
        }
        return all
      } catch { throw wrap(error) }
    }
  }

  private func faults(
    against property: HistoryVerification.Property
  ) throws(SQLiteError) -> [String] {
    switch property {
    case .pages:
      return try texts("PRAGMA integrity_check(\(HistoryVerification.most))").filter { $0 != "ok" }
    case .references:
      return try texts(
        """
        SELECT printf('%s %s names a row of %s that is missing', "table", COALESCE(rowid, ''), parent)
        FROM pragma_foreign_key_check LIMIT \(HistoryVerification.most)
        """)
    case .sessions:
      do throws(SQLiteError) { _ = try index() } catch {
        guard error.kind == .corrupt else { throw error }
        return [error.message]
      }
      return []
    default:
      var faults: [String] = []
      for sql in Self.invariants[property, default: []] {
        faults += try texts("\(sql) LIMIT \(HistoryVerification.most)")
      }
      return faults
    }
  }

  private func texts(_ sql: String) throws(SQLiteError) -> [String] {
    try connection.prepare(sql).map { $0.text(0) }
  }

  /// SQL that selects a text for each row that contradicts a property.
  private static let invariants: [HistoryVerification.Property: [String]] = [
    .numbers: [
      """
      WITH numbers (seq, last, session_id) AS (
        SELECT seq, seq, session_id FROM sample
        UNION ALL SELECT first_seq, first_seq + length(offsets) / \(PointReader.digits) - 1, session_id
        FROM event_batch),
      ordered AS (
        SELECT seq, last, session_id, LAG(last) OVER (ORDER BY seq) AS before FROM numbers)
      SELECT printf('sequence number %d does not follow %d', seq, before) FROM ordered
      WHERE before >= seq OR seq <> before + 1
        AND NOT EXISTS (SELECT 1 FROM slice WHERE before < first_seq OR seq > last_seq)
      """,
      """
      SELECT printf('sequence number %d is outside of session %d', n.seq, n.session_id) FROM (
        SELECT seq, session_id FROM sample UNION ALL SELECT first_seq, session_id FROM event_batch) AS n
      LEFT JOIN session AS s USING (session_id)
      WHERE s.first_seq IS NULL OR n.seq < s.first_seq
        OR n.seq > COALESCE(s.last_seq, 9223372036854775807)
      """,
    ],
    .memberships: [
      """
      SELECT printf('two memberships of task %d overlap at %d', task_id, from_seq) FROM (
        SELECT task_id, from_seq,
          LAG(COALESCE(until_seq, 9223372036854775807)) OVER (PARTITION BY task_id ORDER BY from_seq)
            AS before
        FROM membership)
      WHERE before >= from_seq
      """,
      """
      SELECT printf('membership %d is outside of the samples', membership_id) FROM membership
      WHERE from_seq < (SELECT MIN(seq) FROM sample) OR COALESCE(until_seq, from_seq) > (\(SessionSpan.lastNumber))
      """,
    ],
    .shortLivedTasks: [
      """
      SELECT printf('short-lived task %d is outside of the samples', from_seq) FROM short_lived_task
      WHERE from_seq < (SELECT MIN(seq) FROM sample) OR until_seq > (\(SessionSpan.lastNumber))
        OR length < 0
      """,
      """
      SELECT printf('short-lived task %d is in no namespace set', from_seq) FROM short_lived_task AS t
      WHERE NOT EXISTS (SELECT 1 FROM namespace_set AS s WHERE s.set_id = t.set_id)
      """,
      """
      SELECT printf('short-lived task %d names a program that is missing', from_seq)
      FROM short_lived_task AS t WHERE program_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM program AS p WHERE p.program_id = t.program_id)
      """,
      """
      SELECT printf('short-lived task %d names a login that is missing', from_seq)
      FROM short_lived_task AS t WHERE login_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM login AS l WHERE l.login_id = t.login_id)
      """,
    ],
    .sets: [
      """
      SELECT printf('namespace set %d has %d links', s.set_id, COUNT(l.link)) FROM namespace_set AS s
      LEFT JOIN namespace_set_link AS l USING (set_id) GROUP BY s.set_id HAVING COUNT(l.link) <> 10
      """
    ],
    .rowNumbers: ["task", "membership"].map { table in
      """
      SELECT printf('\(table) has the row number %d, above %d', last, given) FROM (
        SELECT (SELECT MAX(\(table)_id) FROM \(table)) AS last, r.last AS given FROM row_number AS r
        WHERE r.name = '\(table)')
      WHERE last > given
      """
    },
  ]
}
