internal import Glibc
package import NamespaceModel
internal import SQLite
internal import SystemPackage

/// A history that is open for reading.
///
/// The reader needs no privilege but permission to read the file, and does not change the file. While a
/// recorder writes the file, the reader reads it concurrently, as SQLite's WAL allows. A file that no process
/// has open has no `-wal` file. The reader then opens it as immutable, under a shared lock that keeps a
/// recorder from starting, because SQLite would otherwise create files beside it. Only if a killed recorder
/// left a `-wal` file, SQLite may have to create the `-shm` file that belongs to it.
public final class HistoryReader {
  /// The path by which the file was opened.
  public let path: String
  let connection: Connection
  // The lock must outlive the connection: see FileLock.
  let lock: FileLock
  /// Whether a recorder had the file open when the reader opened it.
  package let isRecorded: Bool
  /// The wall clock time at which questions are asked; nil for the current time of each question.
  var fixedNow: WallTime?

  /// How long, in nanoseconds, an export of a file that is being recorded reads from one snapshot, before it continues
  /// in a newer one.
  package var exportStep: Int64 = 2_000_000_000

  private static let operation = "read"

  /// Opens a history.
  ///
  /// Throws `HistoryError`: `missing`, `notAHistory`, `newer`, `denied`, `busy` or `inputOutput`.
  public convenience init(path: String) throws(HistoryError) {
    try self.init(path: path, writesBeside: false)
  }

  /// Opens a history.
  ///
  /// - Parameter writesBeside: whether files can be attached to the connection and written. The history itself cannot
  ///   be written in either case.
  init(path: String, writesBeside: Bool) throws(HistoryError) {
    self.path = path
    try Self.requireFile(path)
    (connection, lock, isRecorded) = try Self.open(path, writesBeside: writesBeside)
  }

  /// Opens the file, in several attempts: while a recorder starts or ends, its `-wal` and `-shm` files are for
  /// a moment not usable by a reader that may not write them.
  private static func open(
    _ path: String, writesBeside: Bool
  ) throws(HistoryError) -> (Connection, FileLock, isRecorded: Bool) {
    // SQLite looks for the `-wal` and `-shm` files beside the real path.
    let file = RealPath.of(path)
    var attempts = 20
    while true {
      let (lock, isRecorded, isShared) = try lock(file, path)
      let connection: Connection
      let identity: HistoryFile.Identity
      do throws(SQLiteError) {
        connection = try Connection(
          path: file,
          access: writesBeside
            ? .readOnlyBesideAttached(isImmutable: isShared) : isShared ? .immutable : .readOnly)
        connection.setBusyTimeout(milliseconds: 2000)
        identity = try HistoryFile.identify(connection)
        if !writesBeside { try connection.execute("PRAGMA query_only = ON") }
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

  /// Opens the lock of the file, and acquires it in shared mode if the file has neither a recorder nor a `-wal`
  /// file. Returns the lock, which must outlive the connection, whether a recorder has the file open, and
  /// whether the file can be read without SQLite's locks.
  private static func lock(
    _ file: String, _ path: String
  ) throws(HistoryError) -> (FileLock, isRecorded: Bool, isShared: Bool) {
    do throws(Errno) {
      if !hasWriteAheadLog(file), let lock = try FileLock.shared(file) {
        // A recorder may have run between the check and the lock, and left a `-wal` file.
        if !hasWriteAheadLog(file) { return (lock, false, true) }
      }
      let (isRecorded, lock) = try FileLock.probe(file)
      return (lock, isRecorded, false)
    } catch {
      throw HistoryError(
        error == .permissionDenied ? .denied : .inputOutput, operation, path,
        reason: "\(error)", remedy: "ask its owner, or use another --db")
    }
  }

  private static func requireFile(_ path: String) throws(HistoryError) {
    let status = FileStatus.of(path)
    try HistoryFile.requireRegular(status, .notAHistory, operation, path)
    switch status {
    case .file(let size):
      guard access(path, R_OK) == 0 else {
        throw HistoryError(
          .denied, operation, path, reason: "\(Errno(rawValue: errno))",
          remedy: "ask its owner for the right to read it, or use another --db")
      }
      guard size > 0 else { throw HistoryFile.blank(operation, path) }
    case .missing:
      throw HistoryError(
        .missing, operation, path, reason: "there is no such file",
        remedy: "record first (nshist record --db \(path)), or name the file with --db")
    case .unreachable(let errno):
      throw HistoryError(
        errno == .permissionDenied ? .denied : .missing, operation, path, reason: "\(errno)",
        remedy: "check the path, and that you may enter its folders")
    case .directory, .special: break
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

  /// Reads the index of the samples, as the history is now.
  func index() throws(SQLiteError) -> SampleIndex {
    try SampleIndex(
      connection, isRecorded: isRecorded, file: lock.file, now: fixedNow ?? ClockReading.now().wall)
  }

  /// Calls `body` periodically while a question is being answered.
  package func onProgress(_ body: @escaping () -> Void) {
    connection.onProgress(every: 100_000, body)
  }

  /// Runs `body` in one snapshot: every read sees the history as it is at the first read.
  package func snapshot<T>(_ body: () throws(HistoryError) -> T) throws(HistoryError) -> T {
    try connection.snapshot(or: wrap, body)
  }

  /// Asks several questions in `body`, and has all of them answered from one snapshot.
  package func inOneSnapshot<T>(_ body: () throws -> T) throws -> T {
    try connection.snapshot(or: { wrap($0) as any Error }, body)
  }

  /// Waits for two commits of the recorder, if the `-wal` file is large, and at most for a second. After a commit
  /// without a reader SQLite copies the whole `-wal` file into the main file, and the next commit without a reader writes
  /// the `-wal` file from its beginning again (wal.html, "Avoiding Excessively Large WAL Files").
  func letLogBeUsedAgain() throws(HistoryError) {
    do throws(SQLiteError) {
      guard FileSpace.size(RealPath.of(path) + "-wal") > Self.largeLog else { return }
      var version = try dataVersion()
      var commits = 0
      for _ in 0..<200 where commits < 2 {
        usleep(5000)
        let next = try dataVersion()
        if next != version { commits += 1 }
        version = next
      }
    } catch { throw wrap(error) }
  }

  /// The size, in bytes, above which the `-wal` file counts as large: more than SQLite leaves in it while nobody reads
  /// (`wal_autocheckpoint`).
  private static let largeLog: Int64 = 6 << 20

  /// Returns a number that changes when a recorder commits.
  package func version() throws(HistoryError) -> Int64 {
    do throws(SQLiteError) { return try dataVersion() ?? 0 } catch { throw wrap(error) }
  }

  /// A number that changes when another connection commits (pragma.html#pragma_data_version).
  private func dataVersion() throws(SQLiteError) -> Int64? {
    try connection.prepare("PRAGMA data_version").first { $0.integer(0) }
  }

  /// Returns the error for a failure of SQLite on this file.
  func wrap(_ error: SQLiteError) -> HistoryError { Self.explain(error, path) }
}

// Properties of the file that can be read without a question to its history.

extension HistoryReader {
  /// The size of the file, in bytes, without its `-wal`.
  package var size: Int64 {
    if case .file(let size) = FileStatus.of(path) { size } else { 0 }
  }

  /// Returns when the last sample of the history began; nil if there is none.
  package func lastSample() throws(HistoryError) -> WallTime? {
    do throws(SQLiteError) {
      return try connection.prepare("SELECT wall_ns FROM sample ORDER BY seq DESC LIMIT 1")
        .first { $0.wallTime(0) }
    } catch { throw wrap(error) }
  }

  /// Returns the time from the end of the first sample to the beginning of the last one
  /// (`SampleIndex.recorded`); nil if there is no sample.
  package func recordedSpan() throws(HistoryError) -> ClosedRange<WallTime>? {
    try snapshot { () throws(HistoryError) in
      do throws(SQLiteError) {
        return try index().recorded()
      } catch { throw wrap(error) }
    }
  }

  /// Returns the least time at which a sample began; nil if there is no sample. Where the clock was set back, events
  /// before the sample that noticed it may have earlier times.
  package func earliestSample() throws(HistoryError) -> WallTime? {
    try snapshot { () throws(HistoryError) in
      do throws(SQLiteError) {
        return try index().earliestSample()
      } catch { throw wrap(error) }
    }
  }

  /// Returns whether retention has removed the beginning of the history.
  package func hasExpiredBeginning() throws(HistoryError) -> Bool {
    try snapshot { () throws(HistoryError) in
      do throws(SQLiteError) {
        return try index().missingBefore == .expired
      } catch { throw wrap(error) }
    }
  }

  /// Returns whether the file is a copy that was made while a recorder had the original open: a session in it
  /// has no end, and was recorded into another file.
  package func isCopiedWhileOpen() throws(HistoryError) -> Bool {
    guard !isRecorded else { return false }
    do throws(SQLiteError) {
      if try HistoryFile.isSlice(connection) { return false }
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

  /// Whether a `-wal` file, to which a recorder writes first, is beside the file.
  package var hasWriteAheadLog: Bool { Self.hasWriteAheadLog(RealPath.of(path)) }

  /// Returns the sampling interval of the last session, in nanoseconds; nil if there is no session.
  package func interval() throws(HistoryError) -> Int64? {
    do throws(SQLiteError) {
      return try connection.prepare(
        "SELECT interval_ns FROM session ORDER BY session_id DESC LIMIT 1"
      ).first { $0.integer(0) }
    } catch { throw wrap(error) }
  }

  /// Returns the faults that SQLite finds in the pages of the file, at most three; empty if all pages are
  /// sound. The check reads every page.
  package func faults() throws(HistoryError) -> [String] {
    do throws(SQLiteError) {
      return try connection.prepare("PRAGMA quick_check(3)").map { $0.text(0) }
        .filter { $0 != "ok" }
    } catch { throw wrap(error) }
  }
}
