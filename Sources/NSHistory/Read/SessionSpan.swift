internal import SQLite

/// A boot clock, which is another in each time namespace (`time_namespaces(7)`).
struct BootClock: Hashable {
  let boot: Int64
  let timeNamespace: Int64?
}

/// A session that has samples. Sample numbers rise by one, so a session is a range of them.
struct SessionSpan: Hashable {
  /// Its row.
  let id: Int64
  /// Whose PIDs its processes have.
  let space: Int64
  /// The inode number of the pid namespace that these are PIDs of; nil if that is not known.
  let pidNamespaceInode: UInt64?
  let boot: Int64
  /// The boot clock of its samples.
  let clock: BootClock
  let first: Int64
  let last: Int64
  /// Whether a recorder is still adding to it.
  let isOpen: Bool
  /// Whether the file is a copy that was made while the session was open: how that ended is not known.
  let isCopied: Bool
  /// Whether processes could be there and not be seen (`hidepid=2` or `4`).
  let hidesProcesses: Bool
  /// Which of the processes that no sample observed are in the file; nil where no event reported any.
  let shortLived: ShortLived?
  /// From one sample to the next, as it was asked for, in nanoseconds.
  let interval: Int64

  /// Whether retention has removed what was recorded before the session, or its beginning.
  let followsExpired: Bool

  /// Why nothing is known of the time before the first session of all, if this is that.
  var missingBefore: MissingSamples { followsExpired ? .expired : .beforeFirst }

  /// Whether the recorder listened to the kernel's events.
  var hasEvents: Bool { shortLived != nil }

  /// Whether processes that no sample observed were left out of the file on request.
  var leavesOutProcesses: Bool { shortLived.map { $0 != .all } ?? false }

  /// Selects the last number of all that a sample or an event has.
  static let lastNumber = """
    SELECT MAX(COALESCE((SELECT MAX(seq) FROM sample), 0), COALESCE(
      (SELECT first_seq + length(offsets) / \(PointReader.digits) - 1 FROM event_batch
       WHERE first_seq = (SELECT MAX(first_seq) FROM event_batch)), 0))
    """

  /// All of them, in order.
  ///
  /// - Parameter isRecorded: whether a recorder holds the file: one that was killed left its
  ///   session open.
  /// - Parameter file: the file that is read; nil where that is of no interest.
  static func all(
    in connection: Connection, isRecorded: Bool, file: FileIdentity?
  ) throws(SQLiteError) -> [SessionSpan] {
    let watermark =
      try connection.prepare("SELECT watermark_seq FROM history WHERE history_id = 1")
      .first { $0.optionalInteger(0) } ?? nil
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
        first: row.integer(3), last: row.integer(4), isOpen: isRecorded && row.integer(5) != 0,
        isCopied: row.integer(14) == 1 || (isLeftOpen && recordedInto != file),
        hidesProcesses: row.integer(6) != 0,
        shortLived: row.optionalText(10).flatMap(ShortLived.init),
        interval: row.integer(11), followsExpired: watermark == row.integer(3))
    }
    // All that is built on this counts samples from one session to the next.
    let isWhole =
      all.allSatisfy { $0.first > 0 && $0.first <= $0.last && $0.last < Int64.max }
      && zip(all, all.dropFirst()).allSatisfy { $0.last + 1 == $1.first }
    guard isWhole else {
      throw .corrupt("its sessions do not follow one another", operation: "read the sessions")
    }
    // Retention removes whole samples from the beginning, so that what is left begins with the watermark.
    if let watermark, let first = all.first, first.first != watermark {
      throw .corrupt(
        "its watermark is sample \(watermark), and its first sample is \(first.first)",
        operation: "read the sessions")
    }
    return all
  }
}
