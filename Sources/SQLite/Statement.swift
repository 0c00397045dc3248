internal import CSQLite

/// One prepared statement: bind, step, read columns, reset.
///
/// Columns are numbered from 0 and parameters from 1, as in SQLite. A statement must not outlive its
/// connection. `Connection.prepare` returns a statement that no other caller is stepping through.
package final class Statement {
  let handle: OpaquePointer
  // Unowned: the connection owns its cached statements and outlives them.
  private unowned let connection: Connection
  private let sql: String

  /// Compiles `sql`. The corresponding C function is `sqlite3_prepare_v3`.
  init(_ sql: String, on connection: Connection) throws(SQLiteError) {
    var compiled: OpaquePointer?
    let code = sqlite3_prepare_v3(
      connection.handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &compiled, nil)
    guard code == SQLITE_OK, let compiled else { throw connection.error(code, operation: sql) }
    handle = compiled
    self.connection = connection
    self.sql = sql
  }

  deinit { sqlite3_finalize(handle) }

  /// Binds a value to each parameter, in order.
  @discardableResult
  package func bind(_ values: Value...) throws(SQLiteError) -> Statement { try bind(values) }

  /// Binds a value to each parameter, in order.
  @discardableResult
  package func bind(_ values: [Value]) throws(SQLiteError) -> Statement {
    for (index, value) in values.enumerated() {
      let position = Int32(index + 1)
      let code =
        switch value {
        case .integer(let number): sqlite3_bind_int64(handle, position, number)
        case .text(let text): Self.bind(text, to: handle, at: position)
        case .null: sqlite3_bind_null(handle, position)
        }
      guard code == SQLITE_OK else { throw connection.error(code, operation: sql) }
    }
    return self
  }

  private static func bind(_ text: String, to handle: OpaquePointer, at position: Int32) -> Int32 {
    var text = text
    return text.withUTF8 { bytes in
      // An empty string must not be bound from a null pointer: that would be NULL.
      guard let base = bytes.baseAddress else {
        return sqlite3_bind_text(handle, position, "", 0, csqlite_transient())
      }
      return base.withMemoryRebound(to: CChar.self, capacity: bytes.count) {
        sqlite3_bind_text(handle, position, $0, Int32(bytes.count), csqlite_transient())
      }
    }
  }

  /// Steps to the next row. At the end it resets the statement, so that it can be bound again, and
  /// returns false.
  package func step() throws(SQLiteError) -> Bool {
    switch sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE:
      sqlite3_reset(handle)
      return false
    case let code:
      let error = connection.error(code, operation: sql)
      sqlite3_reset(handle)
      throw error
    }
  }

  /// Runs a statement to completion and ignores its rows.
  package func run() throws(SQLiteError) {
    while try step() {}
  }

  /// Passes the first row, if there is one, to `body`, and resets the statement.
  package func first<T>(_ body: (Statement) throws(SQLiteError) -> T) throws(SQLiteError) -> T? {
    defer { reset() }
    return try step() ? try body(self) : nil
  }

  /// Returns the result of `body` for each row.
  package func map<T>(_ body: (Statement) throws(SQLiteError) -> T) throws(SQLiteError) -> [T] {
    defer { reset() }
    var all: [T] = []
    while try step() { all.append(try body(self)) }
    return all
  }

  /// Whether the statement was stepped, but has neither run to its end nor been reset
  /// (`sqlite3_stmt_busy`).
  var isRunning: Bool { sqlite3_stmt_busy(handle) != 0 }

  /// Makes the statement ready to be bound and run again, and releases its locks.
  package func reset() {
    // `sqlite3_reset` returns the error of the last step again; `step` has thrown it already.
    sqlite3_reset(handle)
  }

  /// A column as an integer; 0 when it is NULL.
  package func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

  /// A column as an integer, or nil when it is NULL.
  package func optionalInteger(_ column: Int32) -> Int64? {
    // SQLite converts NULL to 0, so only a 0 needs the second call, and zeros are rare.
    let number = integer(column)
    return number == 0 && isNull(column) ? nil : number
  }

  /// A column as text; empty when it is NULL. The byte count delimits the text, so that an embedded NUL
  /// does not cut it. Bytes that are not UTF-8 become U+FFFD.
  package func text(_ column: Int32) -> String {
    guard let start = sqlite3_column_text(handle, column) else { return "" }
    let count = Int(sqlite3_column_bytes(handle, column))
    return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  }

  /// A column as text, or nil when it is NULL.
  package func optionalText(_ column: Int32) -> String? { isNull(column) ? nil : text(column) }

  /// Whether a column is NULL.
  package func isNull(_ column: Int32) -> Bool {
    sqlite3_column_type(handle, column) == SQLITE_NULL
  }
}

// Reads text as the bytes stored in the file: text that is passed on unchanged needs no String.

extension Statement {
  /// Replaces the content of `bytes`, whose capacity it retains, with the text of a column as stored in
  /// the file, which need not be UTF-8. Returns false, and leaves `bytes` empty, if the column is NULL.
  package func readText(_ column: Int32, into bytes: inout [UInt8]) -> Bool {
    bytes.removeAll(keepingCapacity: true)
    guard let start = sqlite3_column_text(handle, column) else { return false }
    let count = Int(sqlite3_column_bytes(handle, column))
    bytes.append(contentsOf: UnsafeBufferPointer(start: start, count: count))
    return true
  }
}
