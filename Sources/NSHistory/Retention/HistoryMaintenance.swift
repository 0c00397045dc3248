package import NamespaceModel
internal import SQLite
internal import SystemPackage

/// A history that is open for its owner to remove the oldest part of it, or to make its file smaller. It is locked, so
/// that no recorder can open it meanwhile.
package final class HistoryMaintenance {
  private let path: String
  private let connection: Connection
  // Declared after the connection, so that the connection is released before the lock; see FileLock.
  private let lock: FileLock
  private let operation: String

  /// The result of a removal, or of making the file smaller.
  package struct Change: Sendable, Hashable {
    /// The size of the file before, in bytes.
    package let before: Int64
    /// The size of the file after, in bytes.
    package let after: Int64
    /// The time at which the history now begins; nil if it has no sample.
    package let begins: WallTime?
    /// The number of memberships and short-lived tasks that were removed.
    package let removed: Int
    /// Whether another program is reading the file. The file then gets its new size only when that read has ended.
    package let isBlocked: Bool
  }

  /// Opens a history.
  ///
  /// Throws `HistoryError`: `missing`, `notAHistory`, `newer`, `denied`, `inputOutput`, or `busy` while a recorder or
  /// another program has the file.
  ///
  /// - Parameter operation: the operation that follows, as a verb phrase for an error.
  package init(path: String, operation: String) throws(HistoryError) {
    self.path = path
    self.operation = operation
    // The reader refuses every file that is no history before anything is written.
    let isRecorded = try HistoryReader(path: path).isRecorded
    guard !isRecorded else { throw Self.recorded(path, operation) }
    let claim: FileLock.Claim
    do throws(Errno) { claim = try FileLock.exclusive(path) } catch {
      throw HistoryError(
        error == .permissionDenied || error == .readOnlyFileSystem ? .denied : .inputOutput,
        operation, path, reason: "\(error)",
        remedy: error == .readOnlyFileSystem
          ? "mount its file system for writing, or copy it to another one"
          : "ask its owner for the right to write it")
    }
    switch claim {
    case .taken(let taken): lock = taken
    case .recorded: throw Self.recorded(path, operation)
    case .read:
      throw HistoryError(
        .busy, operation, path, reason: "a program is reading it",
        remedy: "start again when that has ended")
    }
    do throws(SQLiteError) {
      connection = try Retention.connection(path)
      connection.setBusyTimeout(milliseconds: 5000)
    } catch { throw HistoryError(error, operation, path) }
  }

  private static func recorded(_ path: String, _ operation: String) -> HistoryError {
    HistoryError(
      .busy, operation, path,
      reason: "a recorder has it, and keeps it within its own --keep and --max-size",
      remedy: "stop that recorder first")
  }

  /// Removes what had ended before a time. The last sample stays.
  package func prune(before time: WallTime) throws(HistoryError) -> Change {
    try requireNoSlice()
    return try change { () throws(SQLiteError) in
      let index = try SampleIndex(connection, isRecorded: false)
      // If the wall clock was set back, the removal ends before the first sample with a later time.
      let last = try index.firstSample(notBefore: time == .max ? time : time + 1) - 1
      let sample = try connection.prepare(
        "SELECT seq FROM sample WHERE seq <= ? ORDER BY seq DESC LIMIT 1"
      )
      .bind(.number(last)).first { $0.sequence(0) }
      guard let sample else { return 0 }
      return try prune(upTo: sample) { () throws(SQLiteError) in true }
    }
  }

  /// Removes the oldest part, until the pages in use take at most a size in bytes, or only the last sample is left.
  package func prune(toSize size: Int64) throws(HistoryError) -> Change {
    try requireNoSlice()
    return try change { () throws(SQLiteError) in
      try prune(upTo: .max) { () throws(SQLiteError) in try FileSpace(connection).used > size }
    }
  }

  /// Rewrites the file without the pages that have no content. The device needs room for a second copy meanwhile.
  package func compact() throws(HistoryError) -> Change {
    try change { () throws(SQLiteError) in
      try connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
      try connection.execute("VACUUM")
      return 0
    }
  }

  private func requireNoSlice() throws(HistoryError) {
    do throws(SQLiteError) {
      guard try HistoryFile.isSlice(connection) else { return }
    } catch { throw HistoryError(error, operation, path) }
    throw HistoryFile.slice(operation, path, remedy: "cut a shorter slice of it (nshist capture)")
  }

  private func prune(
    upTo last: SequenceNumber, while shouldContinue: () throws(SQLiteError) -> Bool
  ) throws(SQLiteError) -> Int {
    let pruner = try Pruner(connection)
    var stride = PruneStride()
    var removed = 0
    while try shouldContinue(),
      let target = try stride.next(after: pruner, on: connection, upTo: last, olderThan: nil)
    {
      let removal = try pruner.move(to: target.seq)
      stride.moved(removal)
      removed += removal.removed
    }
    let space = try FileSpace(connection)
    if space.isIncremental { try FileSpace.giveBack(space.free, on: connection) }
    return removed
  }

  /// Runs `body`, which returns how many rows it removed, and returns the sizes before and after.
  private func change(
    _ body: () throws(SQLiteError) -> Int
  ) throws(HistoryError) -> Change {
    do throws(SQLiteError) {
      let before = try FileSpace(connection).file
      let removed = try body()
      // The main file has its new size only after the -wal file was copied into it.
      let isBusy = try connection.prepare("PRAGMA wal_checkpoint(TRUNCATE)")
        .first { $0.integer(0) != 0 }
      return Change(
        before: before, after: try FileSpace(connection).file,
        begins: try connection.prepare("SELECT wall_ns FROM sample ORDER BY seq LIMIT 1")
          .first { $0.wallTime(0) },
        removed: removed, isBlocked: isBusy ?? false)
    } catch { throw HistoryError(error, operation, path) }
  }
}
