package import Containers
internal import Glibc
package import NamespaceModel
internal import SQLite
internal import SystemPackage

/// A history that is open for recording. One recorder at a time can lock a file.
///
/// Each sample is one transaction. Committed transactions survive SIGKILL. The writer buffers changes
/// that it could not write, and writes them in the transaction of the next sample.
package final class HistoryWriter {
  /// The path by which the file was opened.
  package let path: String
  /// The session that this writer closed when it opened the file, because its recorder had not; nil if
  /// there was none.
  package let closedSession: ClosedSession?
  let connection: Connection
  private let limits: RetentionLimits
  /// Removes what is older or larger than the limits; nil without limits, and before the first session.
  private var retention: Retention?
  // Declared after the connections, so that these are released before the lock; see FileLock.
  private let lock: FileLock
  private let logPath: String
  /// The identity of the -wal file when the session began; nil before that.
  private var log: FileIdentity?
  private var session: OpenSession?

  static let operation = "record into"

  /// A session that its recorder did not close.
  package struct ClosedSession: Sendable, Hashable {
    /// The recorder's PID.
    package let recorderPID: Int32
    /// When its last sample began; nil when it had none.
    package let lastSample: WallTime?
    /// Whether the file is a copy that was made while the recorder had it open: then the file does not
    /// show how the recording ended.
    package let isCopied: Bool
  }

  /// The result of one write.
  package struct Written: Sendable, Hashable {
    /// Processes that appeared, changed or disappeared.
    package var changes: Int
    /// The step of the wall clock against the boot clock, in nanoseconds; nil if there was none.
    package var clockStep: Int64?
    /// The cause of the gap before the sample; nil if there is none.
    package var gap: GapCause?
  }

  /// Opens a file for recording; creates it if it does not exist, for its owner, and for the group of a folder with the
  /// set-group-ID bit.
  ///
  /// Throws `HistoryError`: `busy` when another recorder has locked it, `notAHistory`, `newer`,
  /// `denied`, `cannotCreate` or `inputOutput`.
  ///
  /// - Parameter limits: how much of the history `retain` retains.
  package init(
    path: String, limits: RetentionLimits = RetentionLimits()
  ) throws(HistoryError) {
    self.path = path
    self.limits = limits
    lock = try WriterOpening.lock(path)
    connection = try WriterOpening.open(path, under: lock)
    logPath = RealPath.of(path) + "-wal"
    do throws(SQLiteError) {
      closedSession = try DeadSession.close(in: connection, of: lock.file)
    } catch { throw HistoryError(error, Self.operation, path) }
  }

  /// Runs `body`, and converts its SQLite errors to errors of this file.
  private func wrapped<T>(_ body: () throws(SQLiteError) -> T) throws(HistoryError) -> T {
    do { return try body() } catch { throw HistoryError(error, Self.operation, path) }
  }

  /// Begins a session. All its samples must come from one source, which has not reported any sample
  /// before.
  package func beginSession(_ info: SessionInfo) throws(HistoryError) {
    precondition(session == nil, "a session is open")
    session = try wrapped { () throws(SQLiteError) in
      try connection.transaction { () throws(SQLiteError) in
        try OpenSession.begin(info, limits, into: lock.file, on: connection)
      }
    }
    session?.pauses.onPause = onPause
    try limit(info)
    try requireSchemaInFile()
    // SQLite has created the -wal file by now, and retains it as long as the connection is open.
    log = FileIdentity(path: logPath)
  }

  /// Prepares the removal of what is older or larger than the limits.
  private func limit(_ info: SessionInfo) throws(HistoryError) {
    guard limits != RetentionLimits(), let session else { return }
    try wrapped { () throws(SQLiteError) in
      let retention = try Retention(
        path, limits, began: session.reading(info.started), boot: session.boot)
      if let log = retention.log { try Retention.limit(log, of: connection) }
      retention.onPause(onPause)
      self.retention = retention
    }
  }

  /// When the next step of `retain` is due, on the boot clock; nil without limits, or before the first sample.
  package var retentionDue: BootTime? {
    guard let retention, session?.confirmed != nil else { return nil }
    return retention.due
  }

  /// The time that the next step of `retain` may take, in nanoseconds.
  package var retentionEstimate: Int64 { retention?.estimate ?? 0 }

  /// Does one step of the removal of what is older or larger than the limits: some milliseconds of work.
  ///
  /// Throws `HistoryError` as `write` of a sample does. Nothing is lost by an error: the next step tries again.
  package func retain() throws(HistoryError) -> RetentionStep {
    guard let retention, let session, let removable else { return RetentionStep() }
    return try wrapped { () throws(SQLiteError) in
      let step = try retention.step(
        now: session.reading(.now()), upTo: removable.last, resumable: removable.resumable)
      if step.hasRemoved { forgetRemovedRows() }
      return step
    }
  }

  /// The last sample that may become the watermark (the first sample that retention leaves), and the tasks whose rows
  /// must remain; nil before the first sample of the session.
  var removable: (last: SequenceNumber, resumable: [TaskID])? {
    session.flatMap { session in session.confirmed.map { ($0, session.resumable) } }
  }

  /// Forgets the rows that another connection may have removed.
  func forgetRemovedRows() { session?.forgetRemovedRows() }

  /// Checkpoints the schema and the session into the main file, so that a copy without the -wal file
  /// can still be recognized as a copy. Ignores a full device, which the next sample reports again, and
  /// a busy file.
  private func requireSchemaInFile() throws(HistoryError) {
    do throws(SQLiteError) { try connection.execute("PRAGMA wal_checkpoint(PASSIVE)") } catch {
      guard error.kind == .full || error.kind == .busy else {
        throw HistoryError(error, Self.operation, path)
      }
    }
  }

  /// Writes a sample, with the buffered changes of earlier samples that could not be written.
  ///
  /// After an error it is not certain that the sample is in the file, and all its changes are still
  /// buffered. Throws `HistoryError`: `busy`, `inputOutput`, `denied` or `notAHistory`.
  package func write(
    _ sample: ProcessSample, _ timing: SampleTiming
  ) throws(HistoryError) -> Written {
    guard let session else { preconditionFailure("no session is open") }
    return try wrapped { () throws(SQLiteError) in try session.write(sample, timing) }
  }

  /// Buffers events that follow all earlier ones. `writeEvents`, or the write of the next sample,
  /// writes them.
  ///
  /// Before the first sample of a session, and after writes have failed for a long time, the writer
  /// retains only the outcome of the events, and writes it as changes of the next sample. Returns
  /// whether the events will be written as events.
  package func add(_ batch: EventBatch) -> Bool {
    guard let session else { preconditionFailure("no session is open") }
    session.add(batch)
    return !session.hasCoalesced
  }

  /// The closure that the writer calls at intervals during a long write. It must not use this writer.
  package var onPause: (() -> Void)? {
    didSet {
      session?.pauses.onPause = onPause
      retention?.onPause(onPause)
    }
  }

  /// The number of events since the last sample that are in the file.
  package var eventsSinceSample: Int64 { session?.eventsSinceSample ?? 0 }

  /// The number of buffered events.
  package var pendingEvents: Int { session?.pendingEvents ?? 0 }

  /// Whether so many events are buffered that the caller should call `writeSomeEvents` before it writes
  /// a sample.
  package var hasBacklog: Bool { session?.hasBacklog ?? false }

  /// Writes the buffered events. After an error it is not certain that they are in the file, and all
  /// are still buffered.
  ///
  /// Throws `HistoryError` as `write` does.
  package func writeEvents() throws(HistoryError) -> Written {
    guard let session else { preconditionFailure("no session is open") }
    return try wrapped { () throws(SQLiteError) in try session.writeEvents() }
  }

  /// Writes the first of the buffered events, as many as one transaction can write in a fraction of a
  /// second; otherwise like `writeEvents`.
  package func writeSomeEvents() throws(HistoryError) -> Written {
    guard let session else { preconditionFailure("no session is open") }
    return try wrapped { () throws(SQLiteError) in try session.writeSomeEvents() }
  }

  /// Writes a scan for pins, in a transaction of its own. The session must have a sample already.
  ///
  /// After an error it is not certain that the scan is in the file. Throws `HistoryError` as `write` of
  /// a sample does.
  package func write(_ scan: PinScan) throws(HistoryError) {
    guard let session else { preconditionFailure("no session is open") }
    try wrapped { () throws(SQLiteError) in try session.write(scan) }
  }

  /// Returns whether the writes since the last call require a scan for pins, and clears that request. A
  /// scan is required if a namespace lost its last process, because a mount, a descriptor or a socket
  /// may pin it; or if a process exited that held such a descriptor or socket open, because that pin
  /// may be gone.
  package func takePinScanRequest() -> Bool { session?.takePinScanRequest() ?? false }

  /// Returns the containers without a name, except nested ones, that were observed since the last call.
  package func takeUnnamedContainers() -> [ContainerIdentity] {
    session?.takeUnnamedContainers() ?? []
  }

  /// Writes the names, images and pods that engines report for containers that are not nested.
  ///
  /// Throws `HistoryError` as `write` of a sample does.
  package func write(_ names: [ContainerIdentity: ContainerName]) throws(HistoryError) {
    guard let session else { preconditionFailure("no session is open") }
    try wrapped { () throws(SQLiteError) in try session.write(names) }
  }

  /// Buffers the changes of a sample, to be written with the next sample.
  package func buffer(_ sample: ProcessSample) {
    guard let session else { preconditionFailure("no session is open") }
    session.buffer(sample)
  }

  /// Whether the paths still lead to the file and to its -wal file: both may have been moved or removed
  /// meanwhile.
  package var isInPlace: Bool { lock.isAt(path) && FileIdentity(path: logPath) == log }

  /// The error of a file that was moved or removed while it was recorded into.
  package var lostFile: HistoryError {
    HistoryError(
      .inputOutput, Self.operation, path,
      reason:
        "it, or its -wal file, was moved away or removed; what was recorded is in the file it was",
      remedy: "start a recorder again, and move files only when none is running")
  }

  /// Checkpoints all committed transactions into the main file. SQLite does so when it closes a file,
  /// but not if the file was moved away from its -wal file.
  package func checkpoint() throws(HistoryError) {
    try wrapped { () throws(SQLiteError) in
      try connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    }
  }

  /// Ends the session at its last sample.
  package func endSession(_ end: SessionEnd) throws(HistoryError) {
    guard let session else { return }
    try wrapped { () throws(SQLiteError) in
      try connection.transaction { () throws(SQLiteError) in
        try SessionCloser.close(
          session.row, end, wall: ClockReading.now().wall, in: connection)
      }
    }
    self.session = nil
  }
}

/// The relation of a sample to its schedule, and to the events before it.
package struct SampleTiming: Sendable, Hashable {
  /// The delay behind the schedule, in nanoseconds; nil if the sample is on time.
  package var late: Int64?
  /// The cause of the gap before the sample; nil if there is none.
  package var gap: GapCause?
  /// Whether events reported every change since the previous sample.
  package var isExact: Bool
  /// The number of tasks for which the sample shows a state that no event had reported.
  package var disagreements: Int
  /// The intervals since the previous sample in which events were lost.
  package var losses: [LostEvents]
  /// The number of namespace changes since the previous sample that were not recorded, because their
  /// tasks change namespaces too often.
  package var folded: Int

  /// A timing with these values.
  package init(
    late: Int64? = nil, gap: GapCause? = nil, isExact: Bool = false, disagreements: Int = 0,
    losses: [LostEvents] = [],
    folded: Int = 0
  ) {
    self.late = late
    self.gap = gap
    self.isExact = isExact
    self.disagreements = disagreements
    self.losses = losses
    self.folded = folded
  }
}

/// Lets the recorder interrupt a long write for work that cannot wait: the kernel continues to fill the
/// ring buffers of events meanwhile.
final class WritePauses {
  /// The closure to call after every 64 steps of a write; nil to write without pauses.
  var onPause: (() -> Void)?
  private var steps = 0
  private static let every = 64

  /// Counts one process or event of a write, and calls `onPause` when a pause is due.
  func step() {
    steps += 1
    guard steps >= Self.every else { return }
    steps = 0
    onPause?()
  }
}

/// The steps by which a file is opened for recording.
enum WriterOpening {
  private static let operation = HistoryWriter.operation
  /// The size, in bytes, to which SQLite truncates the -wal file after a checkpoint: four times the
  /// size at which SQLite checkpoints by itself (1,000 pages of 4 KiB).
  private static let logBytes = 16 << 20

  /// Acquires the recorder's lock. Waits up to three seconds for a reader to finish.
  static func lock(_ path: String) throws(HistoryError) -> FileLock {
    try requireUsablePath(path)
    var attempts = 30
    while true {
      let claim: FileLock.Claim
      do throws(Errno) { claim = try FileLock.exclusive(path) } catch { throw explain(error, path) }
      switch claim {
      // The file may have been moved away after it was opened and before it was locked.
      case .taken(let lock) where lock.isAt(path): return lock
      case .recorded: throw busy(path)
      case .taken, .read: break
      }
      attempts -= 1
      guard attempts > 0 else {
        throw HistoryError(
          .busy, operation, path, reason: "a program is reading it while nobody records",
          remedy: "start again when that has ended")
      }
      usleep(100_000)
    }
  }

  /// Throws an error if no history can be at the path, before a file is created there.
  private static func requireUsablePath(_ path: String) throws(HistoryError) {
    let status = FileStatus.of(path)
    try HistoryFile.requireRegular(status, .cannotCreate, operation, path)
    switch status {
    case .missing, .file(size: 0):
      // SQLite would delete this -wal file, which is of no use without its database.
      if case .file(let size) = FileStatus.of(RealPath.of(path) + "-wal"), size > 0 {
        throw HistoryError(
          .cannotCreate, operation, path,
          reason: "\(path)-wal is there, of a history that was moved away or removed",
          remedy: "move the history back beside it, move both together, or use another --db")
      }
    case .file, .unreachable, .directory, .special: break
    }
  }

  private static func explain(_ errno: Errno, _ path: String) -> HistoryError {
    switch errno {
    case .permissionDenied, .notPermitted, .readOnlyFileSystem:
      HistoryError(
        .denied, operation, path, reason: "\(errno)",
        remedy: "use a file you may write, with --db, or another user")
    case .noSpace:
      HistoryError(
        .inputOutput, operation, path, reason: "\(errno)", remedy: "make room on the device")
    default:
      HistoryError(
        .cannotCreate, operation, path, reason: "\(errno)",
        remedy: "check that its folder exists, or use another --db")
    }
  }

  private static func busy(_ path: String) -> HistoryError {
    var recorder = liveRecorder(path)
    // A recorder that has just started has not written its session yet.
    for _ in 0..<20 where recorder == nil {
      usleep(50_000)
      recorder = liveRecorder(path)
    }
    let holder = recorder.map {
      "the recorder with PID \($0.pid) has it, since \(TimeFormat.localTime($0.since, .local))"
    }
    return HistoryError(
      .busy, operation, path, reason: holder ?? "another recorder has it",
      remedy: "stop that one, or use another --db")
  }

  /// Returns the PID and the start time of the recorder whose session is open in the file.
  private static func liveRecorder(_ path: String) -> (pid: Int64, since: WallTime)? {
    // The result only adds detail to a message. If the file cannot be read now, the message omits it.
    do {
      let connection = try Connection(path: RealPath.of(path), access: .readOnly)
      return try connection.prepare(
        """
        SELECT recorder_pid, started_wall_ns FROM session WHERE end_reason IS NULL
        ORDER BY session_id DESC LIMIT 1
        """
      ).first { ($0.integer(0), $0.wallTime(1)) }
    } catch { return nil }
  }

  /// Opens the database under the lock, throws an error if it is not a history, and migrates the
  /// schema.
  static func open(_ path: String, under lock: FileLock) throws(HistoryError) -> Connection {
    let size = lock.size
    if size == 0 {
      do throws(Errno) { try lock.restrict(at: RealPath.of(path)) } catch {
        throw explain(error, path)
      }
    }
    let connection: Connection
    let identity: HistoryFile.Identity
    do throws(SQLiteError) {
      connection = try Connection(path: RealPath.of(path), access: .readWrite)
      connection.setBusyTimeout(milliseconds: 1000)
      identity = try HistoryFile.identify(connection)
    } catch { throw HistoryError(error, operation, path) }
    // Nothing is written before the file is known to be a history. A recorder that was killed while it
    // created the file leaves a database without a table. But SQLite also takes any file of one byte
    // for empty (unixFileSize in os_unix.c).
    if identity != .blank || size == 1 {
      try HistoryFile.requireReadable(
        identity == .blank ? .foreign : identity, connection, operation: operation, path: path)
    }
    if identity == .blank {
      try makeIncremental(connection, path)
    } else {
      let isSlice: Bool
      do throws(SQLiteError) { isSlice = try HistoryFile.isSlice(connection) } catch {
        throw HistoryError(error, operation, path)
      }
      if isSlice {
        throw HistoryFile.slice(operation, path, remedy: "record into another file with --db")
      }
    }
    try requireWriteAheadLog(connection, path)
    do throws(SQLiteError) {
      // SQLite syncs each commit to disk, because the samples just before a power loss are the most
      // wanted.
      try connection.execute("PRAGMA synchronous = FULL")
      try connection.execute("PRAGMA foreign_keys = ON")
      // SQLite truncates the -wal file to this size after an unusually large write.
      try connection.execute("PRAGMA journal_size_limit = \(logBytes)")
      let version: Int64 = if case .history(let version) = identity { version } else { 0 }
      try Migrator.migrate(connection, from: version)
    } catch { throw HistoryError(error, operation, path) }
    return connection
  }

  /// Makes it possible to cut pages off the end of the file later (`auto_vacuum`). The pragma alone has an effect only
  /// on an empty file. A recorder that was killed while it created the file may have left a file of one page, which
  /// `VACUUM` then rewrites.
  private static func makeIncremental(
    _ connection: Connection, _ path: String
  ) throws(HistoryError) {
    do throws(SQLiteError) {
      try connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
      if try !FileSpace(connection).isIncremental { try connection.execute("VACUUM") }
    } catch { throw HistoryError(error, operation, path) }
  }

  /// Switches the database to WAL mode. Without it no reader could read while a recorder writes, nor
  /// read what a killed recorder left.
  private static func requireWriteAheadLog(
    _ connection: Connection, _ path: String
  ) throws(HistoryError) {
    let mode: String?
    do throws(SQLiteError) {
      mode = try connection.prepare("PRAGMA journal_mode = WAL").first { $0.text(0) }
    } catch { throw HistoryError(error, operation, path) }
    guard mode == "wal" else {
      throw HistoryError(
        .cannotCreate, operation, path,
        reason: "its file system cannot share memory between processes, as SQLite's WAL needs",
        remedy: "use a file on a local disk")
    }
  }
}
