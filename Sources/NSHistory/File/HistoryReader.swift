internal import Glibc
internal import SQLite
internal import SystemPackage

/// An open history, for reading.
///
/// It needs no privilege but to read the file, and neither makes nor alters a file. While a
/// recorder writes it reads beside it, as SQLite's WAL allows. A file that nobody has open has no
/// `-wal` file; it is then read as it stands, under a shared lock that keeps a recorder from
/// starting, since to read it in the usual way SQLite would make files beside it.
public final class HistoryReader {
  /// The path it was opened by.
  public let path: String
  let connection: Connection
  // Kept to the end: see the type's comment, and FileLock.
  private let lock: FileLock?
  /// Whether a recorder had the file when it was opened.
  let isRecorded: Bool

  private static let operation = "read"

  /// Opens a history.
  public init(path: String) throws(HistoryError) {
    self.path = path
    try Self.requireFile(path)
    let (connection, lock) = try Self.open(path)
    self.connection = connection
    if let lock {
      self.lock = lock
      isRecorded = false
    } else {
      (isRecorded, self.lock) = try Self.locking(path) { () throws(Errno) in
        try FileLock.look(path)
      }
    }
  }

  /// Opens the file, in more than one attempt: while a recorder starts or ends, its `-wal` and
  /// `-shm` files are for a moment not what a reader needs who may not write them.
  private static func open(_ path: String) throws(HistoryError) -> (Connection, FileLock?) {
    var attempts = 20
    while true {
      let lock = hasWriteAheadLog(path) ? nil : try lockShared(path)
      do {
        let connection = try Connection(
          path: path, access: lock == nil ? .readOnly : .immutable)
        connection.setBusyTimeout(milliseconds: 2000)
        try connection.execute("PRAGMA query_only = ON")
        let identity = try HistoryFile.identify(connection)
        try HistoryFile.requireReadable(identity, connection, operation: operation, path: path)
        return (connection, lock)
      } catch let error as SQLiteError {
        attempts -= 1
        guard attempts > 0, isAboutWriteAheadLog(error) else { throw explain(error, path) }
        usleep(50_000)
      } catch let error as HistoryError {
        throw error
      } catch {
        preconditionFailure("SQLite and HistoryFile throw nothing else")
      }
    }
  }

  private static func isAboutWriteAheadLog(_ error: SQLiteError) -> Bool {
    error.kind == .cannotOpen || error.kind == .readOnly
  }

  private static func hasWriteAheadLog(_ path: String) -> Bool {
    if case .missing = FileStatus.of(path + "-wal") { return false }
    return true
  }

  private static func lockShared(_ path: String) throws(HistoryError) -> FileLock? {
    let lock = try locking(path) { () throws(Errno) in try FileLock.shared(path) }
    // A recorder may have started, and been there, in between.
    return hasWriteAheadLog(path) ? nil : lock
  }

  private static func locking<T>(
    _ path: String, _ body: () throws(Errno) -> T
  ) throws(HistoryError) -> T {
    do { return try body() } catch {
      throw HistoryError(
        error == .permissionDenied ? .denied : .inputOutput, operation, path,
        reason: "\(error)", remedy: "ask its owner, or use another --db")
    }
  }

  private static func requireFile(_ path: String) throws(HistoryError) {
    switch FileStatus.of(path) {
    case .file(let size):
      guard access(path, R_OK) == 0 else {
        throw HistoryError(
          .denied, operation, path, reason: "\(Errno(rawValue: errno))",
          remedy: "ask its owner for the right to read it, or use another --db")
      }
      guard size > 0 else { throw HistoryFile.blank(operation, path) }
    case .directory:
      throw HistoryError(
        .notAHistory, operation, path, reason: "it is a directory",
        remedy: "give the path of the file in it")
    case .special:
      throw HistoryError(
        .notAHistory, operation, path, reason: "it is a device, a FIFO or a socket",
        remedy: "give the path of a file that nshist recorded")
    case .missing:
      throw HistoryError(
        .missing, operation, path, reason: "there is no such file",
        remedy: "record first (nshist record --db \(path)), or name the file with --db")
    case .unreachable(let errno):
      throw HistoryError(
        errno == .permissionDenied ? .denied : .missing, operation, path, reason: "\(errno)",
        remedy: "check the path, and that you may enter its folders")
    }
  }

  private static func explain(_ error: SQLiteError, _ path: String) -> HistoryError {
    guard isAboutWriteAheadLog(error) else { return HistoryError(error, operation, path) }
    if case .missing = FileStatus.of(path + "-shm") {
      return HistoryError(
        .denied, operation, path,
        reason: "what was recorded last is in \(path)-wal, and to read that makes a file beside it",
        remedy: "copy \(path) and \(path)-wal to a folder that you may write, and read them there")
    }
    return HistoryError(
      .denied, operation, path, reason: "its -wal or -shm file cannot be read",
      remedy: "give the reader the same right to \(path)-wal and \(path)-shm as to the file")
  }

  /// Runs `body` with every read seeing the history as it is at the first one.
  public func snapshot<T>(_ body: () throws(HistoryError) -> T) throws(HistoryError) -> T {
    try connection.snapshot(or: wrap, body)
  }

  /// The error of this file that a failure of SQLite is.
  func wrap(_ error: SQLiteError) -> HistoryError { Self.explain(error, path) }
}
