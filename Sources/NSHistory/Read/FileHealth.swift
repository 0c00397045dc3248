internal import SQLite

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
