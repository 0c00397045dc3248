internal import Glibc
internal import SQLite
internal import SystemPackage

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
