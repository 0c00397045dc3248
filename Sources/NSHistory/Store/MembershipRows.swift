internal import SQLite

/// The rows of memberships: one is open while the process is where it is.
struct MembershipRows {
  let connection: Connection
  let numbers: RowNumbers

  /// Closes the membership of a process, that was there last at a number.
  ///
  /// - Parameter isExact: whether the number behind that is of an event that ended it.
  func close(
    _ process: LiveProcesses.Process, after last: Int64, isExact: Bool = false
  ) throws(SQLiteError) {
    try connection.prepare(
      """
      UPDATE membership SET until_seq = ?1, exact = NULLIF(COALESCE(exact, 0) | ?2, 0)
      WHERE membership_id = ?3
      """
    ).bind(.integer(last), .integer(isExact ? 2 : 0), .integer(process.membership)).run()
  }

  /// Opens one; gives its row.
  ///
  /// - Parameter isExact: whether the number is of an event that began it.
  func open(
    _ task: Int64, _ set: InternedSet, from number: Int64, _ beginning: Beginning?,
    isExact: Bool = false
  ) throws(SQLiteError) -> Int64 {
    let row = numbers.nextMembership()
    try connection.prepare(
      """
      INSERT INTO membership (membership_id, task_id, set_id, from_seq, cause, origin_set_id, exact)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      """
    ).bind(
      .integer(row), .integer(task), .integer(set.row), .integer(number),
      .optional(beginning?.cause.rawValue), .optional(beginning?.origin),
      isExact ? .integer(1) : .null
    ).run()
    return row
  }
}
