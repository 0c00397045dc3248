internal import NamespaceModel
internal import SQLite

/// The state of the last session of a history, as its file shows it.
package struct RecordingStatus: Sendable, Hashable {
  /// Whether a recorder has the file open now.
  package let isRecorded: Bool
  /// Whether the file is a copy that was made while a recorder had the original: then it does not show how the last
  /// session ended.
  package let isCopied: Bool
  /// The last session; nil if nobody has recorded into the file yet.
  package let session: Session?
  /// The file.
  package let file: FileState

  /// One session.
  package struct Session: Sendable, Hashable {
    /// The PID of the recorder, in its own pid namespace.
    package let recorderPID: Int32
    /// The UUID of the boot of the machine.
    package let boot: String
    /// The name and version of the recorder.
    package let program: String
    /// The requested time from one sample to the next, in nanoseconds.
    package let interval: Int64
    /// The method that identifies namespaces.
    package let identity: String
    /// Whether the recorder received kernel events.
    package let hasEvents: Bool
    /// The limits that the recorder was given.
    package let limits: RetentionLimits
    /// When the session began.
    package let started: WallTime
    /// When the session ended; nil while it is open, and if its recorder died.
    package let ended: WallTime?
    /// `completed`, `stopped`, `failed` or `died`; nil while it is open.
    package let endReason: String?
    /// The last sample; nil before the first.
    package let last: Sample?
    /// The number of samples that began late.
    package let lateSamples: Int64
    /// The gaps before samples, by cause.
    package let gaps: [GapCause: Int64]
    /// The time without a recorder before the session, in nanoseconds; nil if it is the first one.
    package let unrecordedBefore: Int64?
    /// How the session before it ended, as `endReason`; nil if it is the first one.
    package let endReasonBefore: String?
    /// The number of times at which events were lost.
    package let losses: Int64
    /// How many events are known to be lost.
    package let lostEvents: Int64
    /// How many memberships and short-lived tasks began in each second of the last minute, on average; nil if less
    /// than a second was recorded.
    package let changesASecond: Double?
  }

  /// One sample.
  package struct Sample: Sendable, Hashable {
    /// When it began, on both clocks.
    package let wall: WallTime
    package let boot: BootTime
    /// How long it took, in nanoseconds.
    package let duration: Int64
    /// The delay of its beginning, in nanoseconds; nil if it was in time.
    package let late: Int64?
  }

  /// How old the last sample is, in nanoseconds of the boot clock, which is never set; nil without a sample in this
  /// boot.
  package func age(now: ClockReading, boot: String?) -> Int64? {
    guard let last = session?.last, boot == session?.boot else { return nil }
    return now.boot - last.boot
  }

  /// The age of the last sample, in nanoseconds, above which the recorder counts as late: two intervals, and a
  /// tolerance of one second.
  package var greatestAge: Int64 { 2 &* (session?.interval ?? 0) &+ 1_000_000_000 }
}

/// The size of a history file, and the time at which it begins.
package struct FileState: Sendable, Hashable {
  /// The sizes of the main file and of its `-wal`, in bytes.
  package let file: Int64
  package let log: Int64
  /// When the first sample that it has began; nil without one.
  package let begins: WallTime?
  /// Whether retention has removed older data.
  package let isPruned: Bool

  init(_ path: String, _ connection: Connection) throws(SQLiteError) {
    file = FileSpace.size(path)
    log = FileSpace.size(RealPath.of(path) + "-wal")
    begins = try connection.prepare("SELECT wall_ns FROM sample ORDER BY seq LIMIT 1")
      .first { $0.wallTime(0) }
    isPruned = try HistoryFile.isPruned(connection)
  }
}

extension HistoryWriter {
  /// Returns the state of the file.
  ///
  /// Throws `HistoryError` as `write` of a sample does.
  package func fileState() throws(HistoryError) -> FileState {
    do throws(SQLiteError) { return try FileState(path, connection) } catch {
      throw HistoryError(error, Self.operation, path)
    }
  }
}

extension HistoryReader {
  /// Reads the state of the last session. A slice is refused: nothing records into it.
  package func status() throws(HistoryError) -> RecordingStatus {
    let isCopied = try isCopiedWhileOpen()
    return try reading(.recording()) { (reading) throws(SQLiteError) in
      try reading.index.requireWhole("a recorder")
      return RecordingStatus(
        isRecorded: isRecorded, isCopied: isCopied,
        session: try StatusQuery(connection: connection).session(),
        file: try FileState(path, connection))
    }
  }
}

/// Reads the last session. Every search is by a key or a small index, so that a large history takes no longer.
private struct StatusQuery {
  let connection: Connection

  private static let minute: Int64 = 60_000_000_000

  func session() throws(SQLiteError) -> RecordingStatus.Session? {
    let row = try connection.prepare(
      """
      SELECT recorder_pid, program, interval_ns, identity, events, keep_ns, max_bytes, started_wall_ns,
        ended_wall_ns, end_reason, first_seq, session_id, uuid
      FROM session JOIN pid_space USING (space_id) JOIN boot USING (boot_id)
      ORDER BY session_id DESC LIMIT 1
      """
    ).first { row in
      (
        pid: row.integer(0), program: row.text(1), interval: row.integer(2), identity: row.text(3),
        events: row.optionalInteger(4), keep: row.optionalInteger(5),
        size: row.optionalInteger(6), started: row.wallTime(7), ended: row.optionalWallTime(8),
        reason: row.optionalText(9), first: row.optionalSequence(10), id: row.integer(11),
        boot: row.text(12)
      )
    }
    guard let row else { return nil }
    let first = row.first ?? .max
    let before = try sessionBefore(row.id)
    return RecordingStatus.Session(
      recorderPID: Int32(truncatingIfNeeded: row.pid), boot: row.boot, program: row.program,
      interval: row.interval, identity: row.identity, hasEvents: row.events == 1,
      limits: RetentionLimits(keep: row.keep, maxSize: row.size), started: row.started,
      ended: row.ended, endReason: row.reason, last: try lastSample(of: row.id),
      lateSamples: try number(
        "SELECT COUNT(*) FROM sample_note WHERE seq >= ? AND late_ns IS NOT NULL", first),
      gaps: try gaps(from: first),
      unrecordedBefore: before.map { row.started &- $0.last }, endReasonBefore: before?.reason,
      losses: try number("SELECT COUNT(*) FROM event_loss WHERE seq >= ?", first),
      lostEvents: try number("SELECT TOTAL(records) FROM event_loss WHERE seq >= ?", first),
      changesASecond: try changesASecond(from: first))
  }

  /// Returns when the session before one ended, or, if its recorder died, when its last sample began; and the reason of
  /// its end.
  private func sessionBefore(_ id: Int64) throws(SQLiteError) -> (last: WallTime, reason: String?)?
  {
    try connection.prepare(
      """
      SELECT COALESCE(ended_wall_ns, (SELECT wall_ns FROM sample WHERE seq <= last_seq ORDER BY seq DESC LIMIT 1)),
        end_reason
      FROM session WHERE session_id < ? AND last_seq IS NOT NULL ORDER BY session_id DESC LIMIT 1
      """
    ).bind(.integer(id)).first { row in
      row.optionalWallTime(0).map { ($0, row.optionalText(1)) }
    } ?? nil
  }

  private func number(_ sql: String, _ first: SequenceNumber) throws(SQLiteError) -> Int64 {
    try connection.prepare(sql).bind(.number(first)).first { $0.integer(0) } ?? 0
  }

  private func lastSample(of session: Int64) throws(SQLiteError) -> RecordingStatus.Sample? {
    try connection.prepare(
      """
      SELECT wall_ns, boot_ns, duration_ns, late_ns, session_id
      FROM sample LEFT JOIN sample_note USING (seq) ORDER BY seq DESC LIMIT 1
      """
    ).first { row in
      guard row.integer(4) == session else { return nil }
      return RecordingStatus.Sample(
        wall: row.wallTime(0), boot: row.bootTime(1), duration: row.integer(2),
        late: row.optionalInteger(3))
    } ?? nil
  }

  private func gaps(from first: SequenceNumber) throws(SQLiteError) -> [GapCause: Int64] {
    var gaps: [GapCause: Int64] = [:]
    let rows = try connection.prepare(
      "SELECT gap, COUNT(*) FROM sample WHERE gap IS NOT NULL AND seq >= ? GROUP BY gap"
    ).bind(.number(first)).map { (GapCause(rawValue: $0.integer(0)), $0.integer(1)) }
    for case (let cause?, let count) in rows { gaps[cause] = count }
    return gaps
  }

  private func changesASecond(from first: SequenceNumber) throws(SQLiteError) -> Double? {
    let newest = "seq >= ?1 AND boot_ns <= ?2 ORDER BY seq DESC"
    guard let last = try point(newest, first, .max) else { return nil }
    var begin = try point(newest, first, last.boot - Self.minute)
    if begin == nil { begin = try point("seq >= ?1 AND boot_ns <= ?2 ORDER BY seq", first, .max) }
    guard let begin, last.boot - begin.boot >= 1_000_000_000 else { return nil }
    // Row numbers grow with time, so that the newest memberships are at the end.
    let memberships = try connection.prepare(
      "SELECT from_seq FROM membership ORDER BY membership_id DESC")
    defer { memberships.reset() }
    var begun: Int64 = 0
    while try memberships.step(), memberships.sequence(0) > begin.seq { begun += 1 }
    let shortLived = try number(
      "SELECT COUNT(*) FROM short_lived_task WHERE from_seq > ?", begin.seq)
    return Double(begun + shortLived) * 1e9 / Double(last.boot - begin.boot)
  }

  /// Returns a sample of the session. Within one session, samples are in the order of the boot clock.
  private func point(
    _ condition: String, _ first: SequenceNumber, _ latest: BootTime
  ) throws(SQLiteError) -> (seq: SequenceNumber, boot: BootTime)? {
    try connection.prepare("SELECT seq, boot_ns FROM sample WHERE \(condition) LIMIT 1")
      .bind(.number(first), .boot(latest)).first { ($0.sequence(0), $0.bootTime(1)) }
  }
}
