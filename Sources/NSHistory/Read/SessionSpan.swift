internal import SQLite

/// A boot clock. Each time namespace has its own (`time_namespaces(7)`).
struct BootClock: Hashable {
  let boot: Int64
  let timeNamespace: Int64?
}

/// A session (one run of a recorder) that has samples. Sequence numbers rise by one, so a session is a range of them.
struct SessionSpan: Hashable {
  /// Its row id.
  let id: Int64
  /// The row id of the PID space of its processes.
  let space: Int64
  /// The inode number of the PID namespace in which the recorder saw the PIDs; nil if that is not known.
  let pidNamespaceInode: UInt64?
  let boot: Int64
  /// The boot clock of its samples.
  let clock: BootClock
  let first: SequenceNumber
  let last: SequenceNumber
  /// Whether a recorder is still adding to the session.
  let isOpen: Bool
  /// Whether the file is a copy that was made while the session was open, so that the end of the session is not
  /// known.
  let isCopied: Bool
  /// Whether running processes may have been invisible to the recorder (`hidepid=2` or `4`).
  let hidesProcesses: Bool
  /// Which of the processes that no sample observed are in the file; nil if the session has no events.
  let shortLived: ShortLived?
  /// The requested time from one sample to the next, in nanoseconds.
  let interval: Int64

  /// Whether retention has removed the recordings before the session, or the beginning of the session.
  let followsExpired: Bool

  /// Why nothing is known of the time before the session, if it is the first session of the history.
  var missingBefore: MissingSamples { followsExpired ? .expired : .beforeFirst }

  /// Whether the recorder received kernel events.
  var hasEvents: Bool { shortLived != nil }

  /// Whether the recorder was configured to leave out processes that no sample observed.
  var leavesOutProcesses: Bool { shortLived.map { $0 != .all } ?? false }

  /// Selects the greatest sequence number of any sample or event.
  static let lastNumber = """
    SELECT MAX(COALESCE((SELECT MAX(seq) FROM sample), 0), COALESCE(
      (SELECT first_seq + length(offsets) / \(PointReader.digits) - 1 FROM event_batch
       WHERE first_seq = (SELECT MAX(first_seq) FROM event_batch)), 0))
    """

  /// Returns all sessions that have samples, in order.
  ///
  /// - Parameter isRecorded: whether a recorder holds the file. A recorder that was killed left its session
  ///   open.
  /// - Parameter file: the file that is read; nil if copies need not be recognized.
  static func all(
    in connection: Connection, isRecorded: Bool, file: FileIdentity?
  ) throws(SQLiteError) -> [SessionSpan] {
    let watermark = try HistoryFile.watermark(connection)
    // The rows of a slice were recorded into another file, whose session may have been open when the slice was cut. So
    // a slice does not count as a copy.
    let isSlice = try HistoryFile.isSlice(connection)
    let all = try connection.prepare(
      """
      SELECT session.space_id, boot_id, pid_namespace_inode, first_seq,
        COALESCE(last_seq, (\(lastNumber))), end_reason IS NULL,
        COALESCE(hidepid >= 2, 1), time_namespace_inode, uuid IS NULL, session_id, short_lived,
        interval_ns, session_file.device, session_file.inode, session_file.copied
      FROM session LEFT JOIN session_file USING (session_id) LEFT JOIN pid_space USING (space_id) LEFT JOIN boot USING (boot_id)
      WHERE first_seq IS NOT NULL ORDER BY session_id
      """
    ).map { (row) throws(SQLiteError) in
      guard row.integer(8) == 0 else {
        throw .corrupt("a session is of no boot", operation: "read the sessions")
      }
      let recordedInto: FileIdentity? =
        if let device = row.optionalInteger(12), let inode = row.optionalInteger(13) {
          FileIdentity(device: device, inode: inode)
        } else {
          nil
        }
      let isLeftOpen = row.integer(5) != 0 && !isRecorded && file != nil
      return SessionSpan(
        id: row.integer(9), space: row.integer(0),
        pidNamespaceInode: row.optionalInteger(2).map(UInt64.init(bitPattern:)),
        boot: row.integer(1),
        clock: BootClock(boot: row.integer(1), timeNamespace: row.optionalInteger(7)),
        first: row.sequence(3), last: row.sequence(4), isOpen: isRecorded && row.integer(5) != 0,
        isCopied: row.integer(14) == 1 || (isLeftOpen && recordedInto != file && !isSlice),
        hidesProcesses: row.integer(6) != 0,
        shortLived: row.optionalText(10).flatMap(ShortLived.init),
        interval: row.integer(11), followsExpired: watermark == row.sequence(3))
    }
    // All readers rely on sequence numbers that continue from one session to the next.
    let isWhole =
      all.allSatisfy { $0.first > .zero && $0.first <= $0.last && $0.last < .max }
      && zip(all, all.dropFirst()).allSatisfy { $0.last + 1 == $1.first }
    guard isWhole else {
      throw .corrupt("its sessions do not follow one another", operation: "read the sessions")
    }
    // Retention removes whole samples from the beginning, so that the first remaining sample is the watermark.
    if let watermark, let first = all.first, first.first != watermark {
      throw .corrupt(
        "its watermark is sample \(watermark), and its first sample is \(first.first)",
        operation: "read the sessions")
    }
    return all
  }
}
