extension Connection {
  /// Runs `body` in one write transaction, which commits either all changes or none.
  ///
  /// The transaction starts with `BEGIN IMMEDIATE`, so that a conflict with another writer appears at
  /// the start and not midway.
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

  /// Runs `body` in a read transaction, in which every read sees the database as of the first read. Within another
  /// transaction, that one goes on.
  ///
  /// - Parameter wrap: converts the error if the transaction cannot begin.
  package func snapshot<T, E: Error>(
    or wrap: (SQLiteError) -> E, _ body: () throws(E) -> T
  ) throws(E) -> T {
    guard isInAutocommit else { return try body() }
    do { try execute("BEGIN") } catch { throw wrap(error) }
    // Nothing was written, so a rollback has the same effect as a commit.
    defer { rollBack() }
    return try body()
  }

  /// Rolls back the open transaction, unless SQLite has rolled it back itself when a statement failed.
  private func rollBack() {
    guard !isInAutocommit else { return }
    // The caller throws the original error. Once no statement is running, ROLLBACK has no failure that
    // would leave the transaction open (lang_transaction.html).
    do { try execute("ROLLBACK") } catch {
      assertionFailure("ROLLBACK: \(error)")
    }
  }
}
