package import NamespaceModel
internal import SQLite

/// The properties of a recorder, and of its machine, at the beginning of a session (one run of the recorder).
package struct SessionInfo: Sendable {
  /// `/proc/sys/kernel/random/boot_id`.
  package var bootID: String
  /// The number of clock ticks per second, in which start times are counted.
  package var ticksPerSecond: Int64
  /// The recorder's PID in its own pid namespace.
  package var recorderPID: Int32
  /// The name and version of the program.
  package var program: String
  /// The time from one sample to the next, in nanoseconds.
  package var interval: Int64
  /// The method that identifies namespaces.
  package var identity: String
  /// The real path of the proc mount that the recorder reads.
  package var procRoot: String
  /// The machine's id (machine-id(5)); nil when not readable.
  package var machineID: String?
  /// The machine's host name, as raw bytes; nil if it is not readable.
  package var hostName: [UInt8]?
  /// The inode number of the recorder's own pid namespace; nil if it is not readable.
  package var recorderPIDNamespaceInode: UInt64?
  /// The pid namespace whose processes are recorded; nil if it could not be determined.
  package var shownPIDNamespace: ObservedNamespace?
  /// The inode number of the recorder's time namespace, which offsets start times; nil if it is not
  /// readable.
  package var timeNamespaceInode: UInt64?
  /// The offset of that namespace's boot clock from the initial one, in nanoseconds; nil if it could
  /// not be determined.
  package var bootOffset: Int64?
  /// The `hidepid` option of the mount at `procRoot`: 0 if it is off, nil if it is not known.
  package var hidePID: Int64?
  /// Whether the recorder receives kernel events.
  package var hasEvents: Bool
  /// Where the samples come from; nil if it is not known.
  package var source: Source?
  /// Where the kernel events come from; nil without events.
  package var eventSource: EventSource?

  /// The sources of samples. The raw value is the text in the file.
  package enum Source: String, Sendable, Hashable {
    /// The BPF task iterator.
    case bpf
    /// `/proc`.
    case proc
  }

  /// The sources of kernel events. The raw value is the text in the file.
  package enum EventSource: String, Sendable, Hashable {
    /// BPF programs at tracepoints.
    case bpf
    /// perf events.
    case perf
  }

  /// Which processes the history retains of those that no sample observed.
  package var shortLived: ShortLived
  /// Whether the recorder reads command lines.
  package var commandLines: Bool
  /// When the session began.
  package var started: ClockReading

  /// A session with these values.
  package init(
    bootID: String, ticksPerSecond: Int64, recorderPID: Int32, program: String, interval: Int64,
    identity: String, procRoot: String, machineID: String? = nil, hostName: [UInt8]? = nil,
    recorderPIDNamespaceInode: UInt64? = nil,
    shownPIDNamespace: ObservedNamespace? = nil, timeNamespaceInode: UInt64? = nil,
    bootOffset: Int64? = nil, hidePID: Int64? = 0, hasEvents: Bool = false,
    source: Source? = nil, eventSource: EventSource? = nil, shortLived: ShortLived = .all,
    commandLines: Bool = true,
    started: ClockReading
  ) {
    self.bootID = bootID
    self.ticksPerSecond = ticksPerSecond
    self.recorderPID = recorderPID
    self.program = program
    self.interval = interval
    self.identity = identity
    self.procRoot = procRoot
    self.machineID = machineID
    self.hostName = hostName
    self.recorderPIDNamespaceInode = recorderPIDNamespaceInode
    self.shownPIDNamespace = shownPIDNamespace
    self.timeNamespaceInode = timeNamespaceInode
    self.bootOffset = bootOffset
    self.hidePID = hidePID
    self.hasEvents = hasEvents
    self.source = source
    self.eventSource = eventSource
    self.shortLived = shortLived
    self.commandLines = commandLines
    self.started = started
  }
}

/// Which of the processes that no sample observed, but only events, the history retains. The raw value is the text
/// in the file.
public enum ShortLived: String, Sendable, Hashable, CaseIterable {
  /// All processes.
  case all
  /// Processes whose namespaces differed from their parents', or changed.
  case changed
  /// No processes.
  case none
}

/// The reason why a session ended. The raw value is the text in the file.
package enum SessionEnd: String, Sendable, Hashable {
  /// The recorder took the number of samples that the user asked for.
  case completed
  /// A signal stopped the recorder.
  case stopped
  /// The recorder could not continue.
  case failed
  /// The recorder did not end the session; the next recorder found it open.
  case died
}

/// Ends a session: open memberships and namespaces end at its last sample or event, and open pins at
/// its last scan.
enum SessionCloser {
  static func close(
    _ session: Int64, _ end: SessionEnd, wall: WallTime?, in connection: Connection
  ) throws(SQLiteError) {
    let last = try lastSample(of: session, in: connection)
    if let last {
      try closeZombies(of: session, at: last, in: connection)
      try connection.prepare(
        "UPDATE membership SET until_seq = ? WHERE until_seq IS NULL"
      ).bind(.number(last)).run()
      try connection.prepare(
        """
        UPDATE namespace SET last_seq = ?
        WHERE last_seq IS NULL AND first_seq IS NOT NULL
        """
      )
      .bind(.number(last)).run()
    }
    try connection.execute(
      """
      UPDATE pin SET until_scan = (SELECT MAX(scan_id) FROM pin_scan) WHERE until_scan IS NULL
      """)
    try connection.prepare(
      """
      UPDATE session SET last_seq = ?, ended_wall_ns = ?, end_reason = ? WHERE session_id = ?
      """
    ).bind(.number(last), .wall(wall), .text(end.rawValue), .integer(session)).run()
  }

  /// Closes the membership of each zombie at the last sample, as no event reports when a zombie is reaped.
  private static func closeZombies(
    of session: Int64, at last: SequenceNumber, in connection: Connection
  ) throws(SQLiteError) {
    let sample = try connection.prepare("SELECT MAX(seq) FROM sample").first { $0.sequence(0) }
    guard let sample, sample < last else { return }
    let zombies = try connection.prepare(
      """
      SELECT membership_id, task_id, from_seq, cause IS NOT NULL FROM membership AS m INDEXED BY membership_open
      WHERE until_seq IS NULL AND from_seq < ?1 AND EXISTS (
        SELECT 1 FROM namespace_set_link AS l WHERE l.set_id = m.set_id AND l.unread = ?2)
      """
    ).bind(.number(last), .integer(Int64(UnreadReason.zombie.rawValue))).map {
      (row: $0.integer(0), task: $0.task(1), from: $0.sequence(2), isNoteworthy: $0.integer(3) != 0)
    }
    guard !zombies.isEmpty else { return }
    // The set has no namespace, so that it needs no boot.
    let set = try Interner(connection, boot: 0, session: session).unseenSet()
    let numbers = try RowNumbers(connection)
    let rows = MembershipRows(connection: connection, numbers: numbers)
    for zombie in zombies {
      let until = max(zombie.from, sample)
      try connection.prepare("UPDATE membership SET until_seq = ? WHERE membership_id = ?")
        .bind(.number(until), .integer(zombie.row)).run()
      _ = try rows.open(
        zombie.task, set, from: until + 1,
        zombie.isNoteworthy ? Beginning(cause: .continued) : nil)
    }
    try numbers.write()
  }

  /// Returns the last sequence number of a session; nil if the session has no sample. Only the last
  /// session of a file can be open, so this is the last sequence number of the file.
  private static func lastSample(
    of session: Int64, in connection: Connection
  ) throws(SQLiteError) -> SequenceNumber? {
    let isOfSession =
      try connection.prepare("SELECT session_id FROM sample ORDER BY seq DESC LIMIT 1")
      .first { $0.integer(0) == session } ?? false
    guard isOfSession else { return nil }
    return try connection.prepare(SessionSpan.lastNumber).first { $0.sequence(0) }
  }
}

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
        session: $0.integer(0), recorder: $0.integer(1), lastSample: $0.optionalWallTime(2),
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

/// Writes the row of the PID space of a session (see `pid_space` in `Migrations`). Reuses the row of an earlier session
/// if both recorded the same pid namespace for certain, or, where it is not known, if both read the same proc mount.
enum PIDSpaceWriter {
  static func row(
    of info: SessionInfo, boot: Int64, in connection: Connection
  ) throws(SQLiteError) -> Int64 {
    let namespace = info.shownPIDNamespace
    let values: [Value] = [
      .integer(boot), inode(namespace?.inode),
      .optional(namespace?.kernelID.map(Int64.init(bitPattern:))),
      inode(InitialBootClock(info).timeNamespaceInode),
      namespace == nil ? .text(info.procRoot) : .null,
    ]
    // Without a kernel id, the inode number may belong to another namespace by now.
    let isLasting =
      namespace.map { $0.kernelID != nil || InitialNamespace.hasFixedInode($0.inode) } ?? true
    if isLasting,
      let known = try connection.prepare(
        """
        SELECT space_id FROM pid_space WHERE boot_id = ? AND pid_namespace_inode IS ?
          AND pid_namespace_id IS ? AND time_namespace_inode IS ? AND proc_root IS ?
        """
      ).bind(values).first({ $0.integer(0) })
    {
      return known
    }
    try connection.prepare(
      """
      INSERT INTO pid_space (boot_id, pid_namespace_inode, pid_namespace_id,
        time_namespace_inode, proc_root) VALUES (?, ?, ?, ?, ?)
      """
    ).bind(values).run()
    return connection.lastInsertedRowID
  }

  private static func inode(_ number: UInt64?) -> Value {
    .optional(number.map(Int64.init(bitPattern:)))
  }
}
