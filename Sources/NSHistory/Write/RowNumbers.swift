internal import SQLite

/// The numbers of new rows in the tables that grow fastest. A number is an identity: it is never given twice, whatever
/// is removed and whoever records next, so the greatest one is kept in the file (`row_number`).
final class RowNumbers {
  private let connection: Connection
  private var task: Int64
  private var membership: Int64
  /// What the file has, as far as is certain.
  private var written: (task: Int64, membership: Int64)

  init(_ connection: Connection) throws(SQLiteError) {
    self.connection = connection
    // A table may have a greater number in a file that was edited.
    func last(_ table: String, _ column: String) throws(SQLiteError) -> Int64 {
      let last =
        try connection.prepare(
          """
          SELECT MAX(COALESCE((SELECT last FROM row_number WHERE name = ?), 0),
            COALESCE((SELECT MAX(\(column)) FROM \(table)), 0))
          """
        ).bind(.text(table)).first { $0.integer(0) } ?? 0
      guard last < Int64.max / 2 else {
        throw .corrupt("\(table) has the row number \(last)", operation: "begin a session")
      }
      return last
    }
    task = try last("task", "task_id")
    membership = try last("membership", "membership_id")
    written = (task, membership)
  }

  /// The number of a new row of `task`.
  func nextTask() -> Int64 {
    task += 1
    return task
  }

  /// The number of a new row of `membership`.
  func nextMembership() -> Int64 {
    membership += 1
    return membership
  }

  /// Writes the greatest numbers into the file, at the end of each transaction that gave any.
  func write() throws(SQLiteError) {
    if task != written.task { try write("task", task) }
    if membership != written.membership { try write("membership", membership) }
  }

  /// The transaction was committed: the file has the numbers.
  func commit() { written = (task, membership) }

  private func write(_ table: String, _ last: Int64) throws(SQLiteError) {
    try connection.prepare("UPDATE row_number SET last = ?2 WHERE name = ?1")
      .bind(.text(table), .integer(last)).run()
  }
}
