internal import SQLite

/// A session that has samples. Sample numbers rise by one, so a session is a range of them.
struct SessionSpan: Hashable {
  let row: Int64
  /// Whose PIDs its processes have.
  let space: Int64
  /// The inode number of the pid namespace that these are PIDs of; nil if that is not known.
  let pidNamespaceInode: UInt64?
  let boot: Int64
  let ticksPerSecond: Int64
  let first: Int64
  let last: Int64
  /// Whether a recorder is still adding to it.
  let isOpen: Bool
  /// Whether processes could be there and not be seen (`hidepid=2` or `4`).
  let hidesProcesses: Bool

  /// All of them, in order.
  ///
  /// - Parameter isRecorded: whether a recorder holds the file: one that was killed left its
  ///   session open.
  static func all(in connection: Connection, isRecorded: Bool) throws(SQLiteError) -> [SessionSpan]
  {
    let all = try connection.prepare(
      """
      SELECT session_id, space_id, boot_id, ticks_per_second, first_sample,
        COALESCE(last_sample, (SELECT MAX(sample_id) FROM sample)), end_reason IS NULL,
        COALESCE(hidepid >= 2, 1), pid_namespace_inode
      FROM session JOIN pid_space USING (space_id) JOIN boot USING (boot_id)
      WHERE first_sample IS NOT NULL ORDER BY session_id
      """
    ).map {
      SessionSpan(
        row: $0.integer(0), space: $0.integer(1),
        pidNamespaceInode: $0.optionalInteger(8).map(UInt64.init(bitPattern:)),
        boot: $0.integer(2),
        ticksPerSecond: $0.integer(3), first: $0.integer(4), last: $0.integer(5),
        isOpen: isRecorded && $0.integer(6) != 0, hidesProcesses: $0.integer(7) != 0)
    }
    // All that is built on this counts samples from one session to the next.
    let isWhole =
      all.allSatisfy { $0.first > 0 && $0.first <= $0.last && $0.last < Int64.max }
      && zip(all, all.dropFirst()).allSatisfy { $0.last + 1 == $1.first }
    guard isWhole else {
      throw SQLiteError(
        extendedCode: 11, message: "its sessions do not follow one another",
        operation: "read the sessions")
    }
    return all
  }
}

/// One sample.
struct SamplePoint: Hashable {
  let id: Int64
  /// When it began, on both clocks, and how long it took.
  let wall: Int64
  let boot: Int64
  let took: Int64
  let gap: GapCause?
  let session: SessionSpan

  // What a file says is not trusted to be a time: it wraps, and never traps.
  var wallEnd: Int64 { wall &+ took }
  var bootEnd: Int64 { boot &+ took }

  /// Whether it is known of what was before it only that it is not known: it begins a session, or
  /// has a gap before it.
  var isCutOff: Bool { id == session.first || gap != nil }
}
