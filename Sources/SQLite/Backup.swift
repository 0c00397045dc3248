internal import CSQLite

extension Connection {
  /// Copies the whole database, as this connection sees it, over the content of another connection's database.
  ///
  /// The caller must hold a read transaction: otherwise SQLite restarts the copy whenever another program writes.
  /// Throws an error of the kind `interrupted` if `onStep` returns false; the copy is not complete then.
  /// The corresponding C functions are `sqlite3_backup_init`, `sqlite3_backup_step` and `sqlite3_backup_finish`
  /// (backup.html).
  ///
  /// - Parameters:
  ///   - pages: how many pages are copied between two calls of `onStep`.
  ///   - onStep: called with the number of pages that are copied, and the number of all. Returns whether to go on.
  package func copy(
    to target: Connection, pages: Int32, _ onStep: (_ copied: Int, _ all: Int) -> Bool
  ) throws(SQLiteError) {
    guard let backup = sqlite3_backup_init(target.handle, "main", handle, "main") else {
      throw target.error(sqlite3_extended_errcode(target.handle), operation: "begin a backup")
    }
    var code = SQLITE_OK
    while code == SQLITE_OK {
      code = sqlite3_backup_step(backup, pages)
      let all = Int(sqlite3_backup_pagecount(backup))
      if !onStep(all - Int(sqlite3_backup_remaining(backup)), all) { code = SQLITE_INTERRUPT }
    }
    let end = sqlite3_backup_finish(backup)
    guard code != SQLITE_INTERRUPT else {
      throw SQLiteError(
        extendedCode: code, message: "interrupted", operation: "copy the pages of a database")
    }
    guard code == SQLITE_DONE, end == SQLITE_OK else {
      throw target.error(end == SQLITE_OK ? code : end, operation: "copy the pages of a database")
    }
  }
}
