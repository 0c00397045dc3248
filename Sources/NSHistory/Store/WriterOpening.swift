internal import Glibc
internal import SQLite
internal import SystemPackage

/// The steps by which a file is opened for recording.
enum WriterOpening {
  private static let operation = HistoryWriter.operation

  /// Takes the recorder's lock. Waits a little for a reader to end.
  static func lock(_ path: String) throws(HistoryError) -> FileLock {
    try requirePlace(path)
    do {
      for attempt in 0... {
        switch try FileLock.exclusive(path) {
        case .taken(let lock): return lock
        case .recorded: throw busy(path)
        case .read where attempt >= 30:
          throw HistoryError(
            .busy, operation, path, reason: "a program is reading it while nobody records",
            remedy: "start again when that has ended")
        case .read: usleep(100_000)
        }
      }
    } catch let error as HistoryError {
      throw error
    } catch let error as Errno {
      throw explain(error, path)
    } catch {
      preconditionFailure("FileLock throws nothing else")
    }
    preconditionFailure("the loop ends by itself")
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
      if case .file(let size) = FileStatus.of(path + "-wal"), size > 0 {
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
      "the recorder with PID \($0.pid) has it, since \(TimeFormat.people($0.since, .local))"
    }
    return HistoryError(
      .busy, operation, path, reason: holder ?? "another recorder has it",
      remedy: "stop that one, or use another --db")
  }

  /// The recorder of the session that is open in the file.
  private static func liveRecorder(_ path: String) -> (pid: Int64, since: Int64)? {
    // Only to say who it is: a file that cannot be read now leaves that unsaid.
    do {
      let connection = try Connection(path: path, access: .readOnly)
      return try connection.prepare(
        """
        SELECT recorder_pid, started_wall_ns FROM session WHERE end_reason IS NULL
        ORDER BY session_id DESC LIMIT 1
        """
      ).first { ($0.integer(0), $0.integer(1)) }
    } catch { return nil }
  }

  /// Opens the database under the lock, refuses what is not a history, and brings the schema up.
  ///
  static func open(_ path: String, under lock: FileLock) throws(HistoryError) -> Connection {
    let size = lock.size
    if size == 0 { lock.restrict() }
    do {
      let connection = try Connection(path: path, access: .readWrite)
      connection.setBusyTimeout(milliseconds: 1000)
      // Nothing is written before it is sure that the file is ours. A database without a table is
      // what a recorder leaves that was killed as it made the file; but SQLite takes any file of
      // one byte for empty (unixFileSize in os_unix.c).
      let identity = try HistoryFile.identify(connection)
      if identity != .blank || size == 1 {
        try HistoryFile.requireReadable(
          identity == .blank ? .foreign : identity, connection, operation: operation, path: path)
      }
      try connection.execute("PRAGMA journal_mode = WAL")
      // Each commit reaches the disk: the samples before a power cut are the ones asked for.
      try connection.execute("PRAGMA synchronous = FULL")
      try connection.execute("PRAGMA foreign_keys = ON")
      let version: Int64 = if case .history(let version) = identity { version } else { 0 }
      try Migrator.migrate(connection, from: version)
      return connection
    } catch let error as SQLiteError {
      throw HistoryError(error, operation, path)
    } catch let error as HistoryError {
      throw error
    } catch {
      preconditionFailure("SQLite and HistoryFile throw nothing else")
    }
  }
}
