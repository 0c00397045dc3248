internal import SQLite

/// Ends a session: what was open held up to its last sample, and pins to its last look.
enum SessionCloser {
  static func close(
    _ session: Int64, _ end: SessionEnd, wall: Int64?, in connection: Connection
  ) throws(SQLiteError) {
    let last = try lastSample(of: session, in: connection)
    if let last {
      try connection.prepare(
        "UPDATE membership SET until_seq = ? WHERE until_seq IS NULL"
      ).bind(.integer(last)).run()
      try connection.prepare(
        """
        UPDATE namespace SET last_seq = ?
        WHERE last_seq IS NULL AND first_seq IS NOT NULL
        """
      )
      .bind(.integer(last)).run()
    }
    try connection.execute(
      """
      UPDATE pin SET until_scan = (SELECT MAX(scan_id) FROM pin_scan) WHERE until_scan IS NULL
      """)
    try connection.prepare(
      """
      UPDATE session SET last_seq = ?, ended_wall_ns = ?, end_reason = ? WHERE session_id = ?
      """
    ).bind(.optional(last), .optional(wall), .text(end.rawValue), .integer(session)).run()
  }

  /// Only the last session can be open, so its last sample or event is the last of all.
  private static func lastSample(
    of session: Int64, in connection: Connection
  ) throws(SQLiteError) -> Int64? {
    let isOfSession =
      try connection.prepare("SELECT session_id FROM sample ORDER BY seq DESC LIMIT 1")
      .first { $0.integer(0) == session } ?? false
    guard isOfSession else { return nil }
    return try connection.prepare(SessionSpan.lastNumber).first { $0.integer(0) }
  }
}
