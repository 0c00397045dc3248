internal import Glibc
internal import NamespaceModel
internal import SQLite
internal import SystemPackage

/// An open history, for reading.
///
/// It needs no privilege but to read the file, and does not alter it. While a recorder writes it
/// reads beside it, as SQLite's WAL allows. A file that nobody has open has no `-wal` file; it is
/// then read as it stands, under a shared lock that keeps a recorder from starting, since to read
/// it in the usual way SQLite would make files beside it. Only where a recorder was killed and left
/// a `-wal` file, SQLite may have to make the `-shm` file that belongs to it.
public final class HistoryReader {
  /// The path it was opened by.
  public let path: String
  let connection: Connection
  // Kept to the end: see FileLock.
  let lock: FileLock
  /// Whether a recorder had the file when it was opened.
  public let isRecorded: Bool
  /// What the wall clock shows as questions are asked; nil for each time as it is then.
  var fixedNow: Int64?

  private static let operation = "read"

  /// Opens a history.
  ///
  /// Throws `HistoryError`: `missing`, `notAHistory`, `newer`, `denied`, `busy` or `inputOutput`.
  public init(path: String) throws(HistoryError) {
    self.path = path
    try Self.requireFile(path)
    (connection, lock, isRecorded) = try Self.open(path)
  }

  /// Opens the file, in more than one attempt: while a recorder starts or ends, its `-wal` and
  /// `-shm` files are for a moment not what a reader needs who may not write them.
  private static func open(
    _ path: String
  ) throws(HistoryError) -> (Connection, FileLock, isRecorded: Bool) {
    // Where SQLite looks for the files beside it.
    let file = RealPath.of(path)
    var attempts = 20
    while true {
      let (lock, isRecorded, isShared) = try lock(file, path)
      let connection: Connection
      let identity: HistoryFile.Identity
      do throws(SQLiteError) {
        connection = try Connection(path: file, access: isShared ? .immutable : .readOnly)
        connection.setBusyTimeout(milliseconds: 2000)
        identity = try HistoryFile.identify(connection)
        try connection.execute("PRAGMA query_only = ON")
      } catch {
        attempts -= 1
        guard attempts > 0, isAboutWriteAheadLog(error) else { throw explain(error, path) }
        usleep(50_000)
        continue
      }
      try HistoryFile.requireReadable(identity, connection, operation: operation, path: path)
      return (connection, lock, isRecorded)
    }
  }

  private static func isAboutWriteAheadLog(_ error: SQLiteError) -> Bool {
    error.kind == .cannotOpen || error.kind == .readOnly
  }

  static func hasWriteAheadLog(_ file: String) -> Bool {
    if case .missing = FileStatus.of(file + "-wal") { return false }
    return true
  }

  /// The lock that is to be kept, whether a recorder has the file, and whether the file can be read
  /// without SQLite's locks.
  private static func lock(
    _ file: String, _ path: String
  ) throws(HistoryError) -> (FileLock, isRecorded: Bool, isShared: Bool) {
    do throws(Errno) {
      if !hasWriteAheadLog(file), let lock = try FileLock.shared(file) {
        // A recorder may have started, and been there, in between.
        if !hasWriteAheadLog(file) { return (lock, false, true) }
      }
      let (isRecorded, keeper) = try FileLock.look(file)
      return (keeper, isRecorded, false)
    } catch {
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
    if case .missing = FileStatus.of(RealPath.of(path) + "-shm") {
      return HistoryError(
        .denied, operation, path,
        reason: "what was recorded last is in \(path)-wal; to read that makes a file beside it",
        remedy: "copy \(path) and \(path)-wal to a folder that you may write, and read them there")
    }
    return HistoryError(
      .denied, operation, path, reason: "its -wal or -shm file cannot be read",
      remedy: "give the reader the same right to \(path)-wal and \(path)-shm as to the file")
  }

  /// The samples of the history, as they are now.
  func index() throws(SQLiteError) -> SampleIndex {
    try SampleIndex(
      connection, isRecorded: isRecorded, file: lock.file, now: fixedNow ?? ClockReading.now().wall)
  }

  /// Calls `body` now and then while a question is being answered.
  package func onProgress(_ body: @escaping () -> Void) {
    connection.onProgress(every: 100_000, body)
  }

  /// Runs `body` with every read seeing the history as it is at the first one.
  package func snapshot<T>(_ body: () throws(HistoryError) -> T) throws(HistoryError) -> T {
    try connection.snapshot(or: wrap, body)
  }

  /// The error of this file that a failure of SQLite is.
  func wrap(_ error: SQLiteError) -> HistoryError { Self.explain(error, path) }
}

// What can be said of a file without a question to its history.

extension HistoryReader {
  /// The size of the file, in bytes, without its `-wal`.
  package var size: Int64 {
    if case .file(let size) = FileStatus.of(path) { size } else { 0 }
  }

  /// When the last sample of all began, in nanoseconds since the epoch; nil when there is none.
  package func lastSample() throws(HistoryError) -> Int64? {
    do throws(SQLiteError) {
      return try connection.prepare("SELECT wall_ns FROM sample ORDER BY seq DESC LIMIT 1")
        .first { $0.integer(0) }
    } catch { throw wrap(error) }
  }

  /// The least and the greatest time at which a sample began, in nanoseconds since the epoch; nil when
  /// there is none.
  package func recordedSpan() throws(HistoryError) -> ClosedRange<Int64>? {
    try snapshot { () throws(HistoryError) in
      do throws(SQLiteError) {
        return try index().recorded()
      } catch { throw wrap(error) }
    }
  }

  /// Whether a session was never ended in this file because it is a copy, made while a recorder had
  /// the file that this is a copy of.
  package func isCopiedWhileOpen() throws(HistoryError) -> Bool {
    guard !isRecorded else { return false }
    do throws(SQLiteError) {
      return try connection.prepare(
        """
        SELECT device, inode FROM session LEFT JOIN session_file USING (session_id)
        WHERE end_reason IS NULL
        """
      ).first { row in
        guard let device = row.optionalInteger(0), let inode = row.optionalInteger(1) else {
          return true
        }
        return FileIdentity(device: device, inode: inode) != lock.file
      } ?? false
    } catch { throw wrap(error) }
  }

  /// Whether the log that a recorder writes first (`-wal`) is beside the file.
  package var hasWriteAheadLog: Bool { Self.hasWriteAheadLog(RealPath.of(path)) }

  /// The interval of the last session, in nanoseconds; nil when there is none.
  package func interval() throws(HistoryError) -> Int64? {
    do throws(SQLiteError) {
      return try connection.prepare(
        "SELECT interval_ns FROM session ORDER BY session_id DESC LIMIT 1"
      ).first { $0.integer(0) }
    } catch { throw wrap(error) }
  }

  /// What SQLite finds wrong with the pages of the file; empty when all are sound. It reads them all.
  package func faults() throws(HistoryError) -> [String] {
    do throws(SQLiteError) {
      return try connection.prepare("PRAGMA quick_check(3)").map { $0.text(0) }
        .filter { $0 != "ok" }
    } catch { throw wrap(error) }
  }
}
