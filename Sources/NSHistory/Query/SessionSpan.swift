internal import SQLite

/// A session that has samples. Sample numbers rise by one, so a session is a range of them.
struct SessionSpan {
  let row: Int64
  let boot: Int64
  let ticksPerSecond: Int64
  let first: Int64
  let last: Int64
  /// Whether a recorder may still be adding to it.
  let isOpen: Bool
  /// Whether processes could be there and not be seen (`hidepid=2` or `4`).
  let hidesProcesses: Bool

  /// All of them, in order.
  static func all(in connection: Connection) throws(SQLiteError) -> [SessionSpan] {
    try connection.prepare(
      """
      SELECT session_id, boot_id, ticks_per_second, first_sample,
        COALESCE(last_sample, (SELECT MAX(sample_id) FROM sample)), end_reason IS NULL,
        hidepid >= 2
      FROM session JOIN boot USING (boot_id)
      WHERE first_sample IS NOT NULL ORDER BY session_id
      """
    ).map {
      SessionSpan(
        row: $0.integer(0), boot: $0.integer(1), ticksPerSecond: $0.integer(2),
        first: $0.integer(3), last: $0.integer(4), isOpen: $0.integer(5) != 0,
        hidesProcesses: $0.integer(6) != 0)
    }
  }
}

/// One sample.
struct SamplePoint: Hashable {
  let id: Int64
  /// When it began, and how long it took.
  let wall: Int64
  let boot: Int64
  let took: Int64
  let gap: GapCause?

  var wallEnd: Int64 { wall + took }
}
