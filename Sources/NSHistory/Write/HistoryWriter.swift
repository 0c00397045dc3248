package import Containers
internal import Glibc
package import NamespaceModel
internal import SQLite
internal import SystemPackage

/// An open history, for recording. One at a time holds a file.
///
/// Each sample is one transaction. What was committed stays, also after SIGKILL; what could not
/// be written is kept in memory, and is in the transaction of the next sample.
package final class HistoryWriter {
  /// The path it was opened by.
  package let path: String
  /// The dead session that was closed when the file was opened, if there was one.
  package let closedSession: ClosedSession?
  let connection: Connection
  // Declared after the connection so as to be let go after it; see FileLock.
  private let lock: FileLock
  private let logPath: String
  private var log: FileIdentity?
  private var session: OpenSession?

  static let operation = "record into"

  /// A session that had not ended when its recorder did.
  package struct ClosedSession: Sendable, Hashable {
    /// The recorder's PID.
    package let recorderPID: Int32
    /// When its last sample began, in nanoseconds since the epoch; nil when it had none.
    package let lastSample: Int64?
    /// Whether the file is a copy that was made while the recorder had it: then nothing tells how the
    /// recording ended.
    package let isCopied: Bool
  }

  /// What one write did.
  package struct Written: Sendable, Hashable {
    /// Processes that appeared, changed or disappeared.
    package var changes: Int
    /// Nanoseconds the wall clock was stepped against the boot clock; nil when it was not.
    package var clockStep: Int64?
    /// Why the time before the sample is a gap; nil when it is none.
    package var gap: GapCause?
  }

  /// Opens a file for recording; makes it, mode 0600, when it is not there.
  ///
  /// Throws `HistoryError`: `busy` when another recorder has it, `notAHistory`, `newer`, `denied`,
  /// `cannotCreate` or `inputOutput`.
  package init(path: String) throws(HistoryError) {
    self.path = path
    lock = try WriterOpening.lock(path)
    connection = try WriterOpening.open(path, under: lock)
    logPath = RealPath.of(path) + "-wal"
    do throws(SQLiteError) {
      closedSession = try DeadSession.close(in: connection, of: lock.file)
    } catch { throw HistoryError(error, Self.operation, path) }
  }

  /// Runs `body`; what fails in it is an error of this file.
  private func wrapped<T>(_ body: () throws(SQLiteError) -> T) throws(HistoryError) -> T {
    do { return try body() } catch { throw HistoryError(error, Self.operation, path) }
  }

  /// Begins a session, whose samples are to come from one source that has told nothing yet.
  package func beginSession(_ info: SessionInfo) throws(HistoryError) {
    precondition(session == nil, "a session is open")
    session = try wrapped { () throws(SQLiteError) in
      try connection.transaction { () throws(SQLiteError) in
        try OpenSession.begin(info, into: lock.file, on: connection)
      }
    }
    session?.pauses.onPause = onPause
    try requireSchemaInFile()
    // SQLite has made the log by now, and keeps it while it has the file.
    log = FileIdentity(path: logPath)
  }

  /// Brings the schema and the session into the file itself: a copy that is made without the log is
  /// then known as one. A device that has no room for that will not have it for samples either, and
  /// they say so.
  private func requireSchemaInFile() throws(HistoryError) {
    do throws(SQLiteError) { try connection.execute("PRAGMA wal_checkpoint(PASSIVE)") } catch {
      guard error.kind == .full || error.kind == .busy else {
        throw HistoryError(error, Self.operation, path)
      }
    }
  }

  /// Writes a sample, with all that earlier ones told and could not be written.
  ///
  /// After an error it is not certain that the sample is in the file, and everything of it is still
  /// known. Throws `HistoryError`: `busy`, `inputOutput`, `denied` or `notAHistory`.
  package func write(
    _ sample: ProcessSample, _ timing: SampleTiming
  ) throws(HistoryError) -> Written {
    guard let session else { preconditionFailure("no session is open") }
    return try wrapped { () throws(SQLiteError) in try session.write(sample, timing) }
  }

  /// Takes over events that followed what was written or taken over before: they are written by
  /// `writeEvents`, or with the next sample.
  ///
  /// Before the first sample of a session, and where what was taken over could not be written for
  /// long, of events only the outcome is kept, and written as what the next sample saw. Returns
  /// whether the events will be written as such.
  package func add(_ batch: EventBatch) -> Bool {
    guard let session else { preconditionFailure("no session is open") }
    session.add(batch)
    return !session.hasFolded
  }

  /// Called now and then in the middle of a long write. It must not use this writer.
  package var onPause: (() -> Void)? {
    didSet { session?.pauses.onPause = onPause }
  }

  /// How many events were taken over and wait to be written.
  package var pendingEvents: Int { session?.pendingEvents ?? 0 }

  /// Whether so many events wait that `writeSomeEvents` is to be called before a sample is written.
  package var hasBacklog: Bool { session?.hasBacklog ?? false }

  /// Writes the events that were taken over. After an error it is not certain that they are in the
  /// file, and all is still known.
  ///
  /// Throws `HistoryError` as `write` does.
  package func writeEvents() throws(HistoryError) -> Written {
    guard let session else { preconditionFailure("no session is open") }
    return try wrapped { () throws(SQLiteError) in try session.writeEvents() }
  }

  /// Writes the first of the events that were taken over, as many as a fraction of a second is enough
  /// for; otherwise as `writeEvents`.
  package func writeSomeEvents() throws(HistoryError) -> Written {
    guard let session else { preconditionFailure("no session is open") }
    return try wrapped { () throws(SQLiteError) in try session.writeSomeEvents() }
  }

  /// Writes a scan for pins, in a transaction of its own; to be called once the session has a sample.
  ///
  /// After an error it is not certain that the look is in the file. Throws `HistoryError` as `write`
  /// of a sample does.
  package func write(_ scan: PinScan) throws(HistoryError) {
    guard let session else { preconditionFailure("no session is open") }
    try wrapped { () throws(SQLiteError) in try session.write(scan) }
  }

  /// Whether a namespace lost its last process in what was written since the last call, so that a mount, a file or a
  /// socket may keep it; or a process exited that had such a file or socket open, so that it may keep none any more.
  package func takePinScanRequest() -> Bool { session?.takePinScanRequest() ?? false }

  /// The containers that were observed since the last call and of which no name is known, of those on the
  /// machine itself.
  package func takeUnnamedContainers() -> [ContainerIdentity] {
    session?.takeUnnamedContainers() ?? []
  }

  /// Writes down what engines call containers of the machine itself.
  ///
  /// Throws `HistoryError` as `write` of a sample does.
  package func write(_ names: [ContainerIdentity: ContainerName]) throws(HistoryError) {
    guard let session else { preconditionFailure("no session is open") }
    try wrapped { () throws(SQLiteError) in try session.write(names) }
  }

  /// Keeps what a sample told for the next one that is written.
  package func keep(_ sample: ProcessSample) {
    guard let session else { preconditionFailure("no session is open") }
    session.keep(sample)
  }

  /// Whether the path still leads to the file, and to its log: they may have been moved or removed
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

  /// Brings all that was committed into the file itself. SQLite does that when a file is closed,
  /// but not for one that was moved away from its log.
  package func settle() throws(HistoryError) {
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

/// How a sample stands to its schedule, and to what events reported before it.
package struct SampleTiming: Sendable, Hashable {
  /// Nanoseconds behind its schedule; nil when it is in time.
  package var late: Int64?
  /// Why there is no sample in the time before it; nil when there is one.
  package var gap: GapCause?
  /// Whether events reported all that happened since the sample before.
  package var isExact: Bool
  /// Of how many processes it showed what no event had reported.
  package var disagreements: Int
  /// Where events were lost, since the sample before.
  package var losses: [LostEvents]
  /// How many changes of namespaces were left out since the sample before, of tasks that changed theirs
  /// too often.
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

/// Lets the recorder do in the middle of a long write what cannot wait for its end: the kernel goes on
/// to fill the rings of events meanwhile.
final class WritePauses {
  /// Called every so many steps of a write; nil to write without a pause.
  var onPause: (() -> Void)?
  private var steps = 0
  private static let every = 64

  /// One process or event was written.
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
  /// As large as the log stays when all in it is in the file: four times what SQLite lets it grow to
  /// before it moves pages over (1,000 pages of 4 KiB).
  private static let logBytes = 16 << 20

  /// Takes the recorder's lock. Waits a little for a reader to end.
  static func lock(_ path: String) throws(HistoryError) -> FileLock {
    try requirePlace(path)
    var attempts = 30
    while true {
      let claim: FileLock.Claim
      do throws(Errno) { claim = try FileLock.exclusive(path) } catch { throw explain(error, path) }
      switch claim {
      // It may have been moved away between its opening and its locking.
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

  /// Refuses what is no place for a file, before one is made there.
  private static func requirePlace(_ path: String) throws(HistoryError) {
    switch FileStatus.of(path) {
    case .directory:
      throw HistoryError(
        .cannotCreate, operation, path, reason: "it is a directory",
        remedy: "give the path of a file in it")
    case .special:
      throw HistoryError(
        .cannotCreate, operation, path, reason: "it is a device, a FIFO or a socket",
        remedy: "give the path of a file")
    case .missing, .file(size: 0):
      // SQLite would remove it, as of no use without its file.
      if case .file(let size) = FileStatus.of(RealPath.of(path) + "-wal"), size > 0 {
        throw HistoryError(
          .cannotCreate, operation, path,
          reason: "\(path)-wal is there, of a history that was moved away or removed",
          remedy: "move the history back beside it, move both together, or use another --db")
      }
    case .file, .unreachable: break
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
    // One that has just started has not said yet who it is.
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

  /// The recorder of the session that is open in the file.
  private static func liveRecorder(_ path: String) -> (pid: Int64, since: Int64)? {
    // Only to say who it is: a file that cannot be read now leaves that unsaid.
    do {
      let connection = try Connection(path: RealPath.of(path), access: .readOnly)
      return try connection.prepare(
        """
        SELECT recorder_pid, started_wall_ns FROM session WHERE end_reason IS NULL
        ORDER BY session_id DESC LIMIT 1
        """
      ).first { ($0.integer(0), $0.integer(1)) }
    } catch { return nil }
  }

  /// Opens the database under the lock, refuses what is not a history, and brings the schema up.
  static func open(_ path: String, under lock: FileLock) throws(HistoryError) -> Connection {
    let size = lock.size
    if size == 0 {
      do throws(Errno) { try lock.restrict() } catch { throw explain(error, path) }
    }
    let connection: Connection
    let identity: HistoryFile.Identity
    do throws(SQLiteError) {
      connection = try Connection(path: RealPath.of(path), access: .readWrite)
      connection.setBusyTimeout(milliseconds: 1000)
      identity = try HistoryFile.identify(connection)
    } catch { throw HistoryError(error, operation, path) }
    // Nothing is written before it is sure that the file is ours. A database without a table is
    // what a recorder leaves that was killed as it made the file; but SQLite takes any file of
    // one byte for empty (unixFileSize in os_unix.c).
    if identity != .blank || size == 1 {
      try HistoryFile.requireReadable(
        identity == .blank ? .foreign : identity, connection, operation: operation, path: path)
    }
    try requireWriteAheadLog(connection, path)
    do throws(SQLiteError) {
      // Each commit reaches the disk: the samples before a power cut are the ones asked for.
      try connection.execute("PRAGMA synchronous = FULL")
      try connection.execute("PRAGMA foreign_keys = ON")
      // A write that was larger than usual leaves no log of its size behind.
      try connection.execute("PRAGMA journal_size_limit = \(logBytes)")
      let version: Int64 = if case .history(let version) = identity { version } else { 0 }
      try Migrator.migrate(connection, from: version)
    } catch { throw HistoryError(error, operation, path) }
    return connection
  }

  /// Without it no reader could read beside a recorder, nor know what a killed one left.
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
