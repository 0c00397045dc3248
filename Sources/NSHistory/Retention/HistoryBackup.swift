internal import Glibc
internal import SQLite
internal import SystemPackage

extension HistoryReader {
  /// Copies the history as it is now to another file, also while a recorder writes it. The copy appears at its path
  /// only when it is complete, and replaces an earlier copy there.
  ///
  /// Throws `HistoryError`: `cannotCreate`, `inputOutput` or `denied` if the copy cannot be written, and the errors of a
  /// question if the history cannot be read.
  ///
  /// - Parameter progress: called with the number of pages that are copied, and the number of all. If it returns false,
  ///   the copy is given up: the call throws, and leaves what was at the path.
  /// - Returns: the size of the copy, in bytes.
  package func backUp(
    to target: String, _ progress: (_ copied: Int, _ all: Int) -> Bool
  ) throws(HistoryError) -> Int64 {
    let copy = try NewHistoryFile(target, original: lock.file, operation: "write a copy to")
    return try snapshot { () throws(HistoryError) in
      do throws(SQLiteError) {
        // The read transaction begins with the first read.
        _ = try HistoryFile.watermark(connection)
      } catch { throw wrap(error) }
      try copy.fill { (new) throws(SQLiteError) in
        // SQLite syncs the file at the end of the copy; a journal would only double what is written.
        try new.execute("PRAGMA journal_mode = OFF")
        try connection.copy(to: new, pages: Self.pagesAStep, progress)
      }
      return try copy.finish()
    }
  }

  private static let pagesAStep: Int32 = 1024
}

/// A new history file, which is written under a temporary name beside its path. It gets its own name only when it is
/// complete, so that an interrupted program or a full disk leaves the earlier file at the path untouched.
final class NewHistoryFile {
  private let path: String
  private let temporary: String
  private let operation: String
  private var isFinished = false

  /// Checks that the path may be written: nothing is there, or an empty file, or a history that no program uses.
  /// Throws `HistoryError` `cannotCreate` or `denied` otherwise.
  ///
  /// - Parameter original: the file that is copied, which must not be replaced.
  init(_ given: String, original: FileIdentity, operation: String) throws(HistoryError) {
    path = RealPath.of(given)
    temporary = "\(path).\(getpid()).part"
    self.operation = operation
    func refusal(_ reason: String, _ remedy: String = "choose another path") -> HistoryError {
      HistoryError(.cannotCreate, operation, given, reason: reason, remedy: remedy)
    }
    if ["-journal", "-shm", "-wal"].contains(where: path.hasSuffix) {
      throw refusal("SQLite gives such a name to a file beside a database")
    }
    // SQLite would take the content of a -wal file for the newest part of whatever file is beside it.
    if HistoryReader.hasWriteAheadLog(path) {
      throw refusal(
        "a -wal file is beside it, so that a program has it open, or had it and was killed")
    }
    let status = FileStatus.of(path)
    try HistoryFile.requireRegular(status, .cannotCreate, operation, given)
    switch status {
    case .missing, .directory, .special: break
    case .unreachable(let errno):
      throw HistoryError(
        errno == .permissionDenied ? .denied : .cannotCreate, operation, given, reason: "\(errno)",
        remedy: "check the path, and that you may enter its folders")
    case .file(size: 0): break
    case .file:
      guard FileIdentity(path: path) != original else { throw refusal("it is the history itself") }
      do throws(HistoryError) { _ = try HistoryReader(path: path) } catch {
        throw refusal("a file is there that is no history of this nshist")
      }
    }
  }

  deinit { if !isFinished { removeParts() } }

  private func removeParts() {
    for ending in ["", "-journal", "-wal", "-shm"] { unlink(temporary + ending) }
  }

  /// Lets `body` write the file through a connection.
  func fill(_ body: (Connection) throws(SQLiteError) -> Void) throws(HistoryError) {
    // A killed process that had this PID may have left these files.
    removeParts()
    let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { throw failure(Errno(rawValue: errno)) }
    close(file)
    do throws(SQLiteError) { try body(try Connection(path: temporary, access: .readWrite)) } catch {
      throw error.kind == .full || error.kind == .inputOutput || error.kind == .cannotOpen
        ? HistoryError(
          .inputOutput, operation, path, reason: "\(error.message)",
          remedy: "make room on the device, or choose another path")
        : HistoryError(error, operation, path)
    }
  }

  /// Gives the file its name. Returns its size, in bytes.
  func finish() throws(HistoryError) -> Int64 {
    let file = open(temporary, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw failure(Errno(rawValue: errno)) }
    defer { close(file) }
    guard fsync(file) == 0, rename(temporary, path) == 0 else {
      throw failure(Errno(rawValue: errno))
    }
    isFinished = true
    return FileSpace.size(path)
  }

  private func failure(_ errno: Errno) -> HistoryError {
    let kind: HistoryError.Kind =
      switch errno {
      case .permissionDenied, .notPermitted: .denied
      case .noSuchFileOrDirectory, .notDirectory, .readOnlyFileSystem: .cannotCreate
      default: .inputOutput
      }
    return HistoryError(
      kind, operation, path, reason: "\(errno)",
      remedy: kind == .inputOutput ? "make room on the device" : "choose another path")
  }
}
