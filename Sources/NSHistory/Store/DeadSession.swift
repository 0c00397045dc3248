internal import SQLite

/// The session of a recorder that did not end it: the recorder died, or the file is a copy that was
/// made while it recorded.
enum DeadSession {
  static func close(
    in connection: Connection, of file: FileIdentity
  ) throws(SQLiteError) -> HistoryWriter.ClosedSession? {
    let dead = try connection.prepare(
      """
      SELECT session_id, recorder_pid,
        (SELECT wall_ns FROM sample WHERE session_id = session.session_id
         AND seq = (SELECT MAX(seq) FROM sample)), device, inode
      FROM session LEFT JOIN session_file USING (session_id) WHERE end_reason IS NULL
      """
    ).first {
      (
        session: $0.integer(0), recorder: $0.integer(1), lastSample: $0.optionalInteger(2),
        device: $0.optionalInteger(3), inode: $0.optionalInteger(4)
      )
    }
    guard let dead else { return nil }
    var isCopied = true
    if let device = dead.device, let inode = dead.inode {
      isCopied = FileIdentity(device: device, inode: inode) != file
    }
    try connection.transaction { () throws(SQLiteError) in
      try SessionCloser.close(dead.session, .died, wall: nil, in: connection)
      guard isCopied else { return }
      try connection.prepare(
        """
        INSERT INTO session_file (session_id, device, inode, copied) VALUES (?, ?, ?, 1)
        ON CONFLICT (session_id) DO UPDATE SET copied = 1
        """
      ).bind(
        .integer(dead.session), .integer(dead.device ?? 0), .integer(dead.inode ?? 0)
      ).run()
    }
    return HistoryWriter.ClosedSession(
      recorderPID: Int32(truncatingIfNeeded: dead.recorder), lastSample: dead.lastSample,
      isCopied: isCopied)
  }
}
