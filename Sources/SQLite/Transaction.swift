extension Connection {
  /// Runs `body` in one write transaction: all of it is committed, or none.
  ///
  /// Starts with `BEGIN IMMEDIATE`, so that another writer is observed at the start and not halfway.
  package func transaction<T>(_ body: () throws(SQLiteError) -> T) throws(SQLiteError) -> T {
    try execute("BEGIN IMMEDIATE")
    do {
      let result = try body()
      try execute("COMMIT")
      return result
    } catch {
      rollBack()
      throw error
    }
  }

  /// Runs `body` with every read seeing the file as it is at the first one.
  package func snapshot<T, E: Error>(
    or wrap: (SQLiteError) -> E, _ body: () throws(E) -> T
  ) throws(E) -> T {
    do { try execute("BEGIN") } catch { throw wrap(error) }
    // Nothing was written, so how the transaction ends is all the same.
    defer { rollBack() }
    return try body()
  }

  /// Undoes the open transaction, unless SQLite did so itself when a statement failed.
  private func rollBack() {
    guard !isInAutocommit else { return }
    // Called while an error is on its way up: that one is reported, and ROLLBACK has no failure that
    // would leave the transaction open once no statement is running (lang_transaction.html).
    do { try execute("ROLLBACK") } catch {
      assertionFailure("ROLLBACK: \(error)")
    }
  }
}
