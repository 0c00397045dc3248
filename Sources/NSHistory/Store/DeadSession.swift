internal import SQLite

/// The session of a recorder that ended without a word.
enum DeadSession {
  static func close(
    in connection: Connection
  ) throws(SQLiteError) -> HistoryWriter.ClosedSession? {
    let dead = try connection.prepare(
      """
      SELECT session_id, recorder_pid,
        (SELECT wall_ns FROM sample WHERE session_id = session.session_id
         AND sample_id = (SELECT MAX(sample_id) FROM sample))
      FROM session WHERE end_reason IS NULL
      """
    ).first { ($0.integer(0), $0.integer(1), $0.optionalInteger(2)) }
    guard let dead else { return nil }
    try connection.transaction { () throws(SQLiteError) in
      try SessionCloser.close(dead.0, .died, wall: nil, in: connection)
    }
    return HistoryWriter.ClosedSession(
      recorderPID: Int32(truncatingIfNeeded: dead.1), lastSample: dead.2)
  }
}
