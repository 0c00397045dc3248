internal import CSQLite

/// One connection to a SQLite file.
///
/// Two threads must not use a connection at the same time: SQLite opens it without its own mutexes.
package final class Connection {
  let handle: OpaquePointer
  private var prepared: [String: Statement] = [:]
  private var progress: (() -> Void)?

  /// How a file is opened.
  package enum Access: Sendable {
    /// For reading. The file must exist; the connection does not modify it.
    case readOnly
    /// For reading a file that no process writes: SQLite takes no lock and creates no `-shm` file.
    case immutable
    /// For reading and writing; the file is made when it does not exist.
    case readWrite
    /// For reading, like `immutable` or like `readOnly`, while files that are attached to the connection (`ATTACH`)
    /// can be written. SQLite opens an attached file with the access of the connection, so the connection itself is
    /// opened for writing, and the URI limits this file to reading.
    case readOnlyBesideAttached(isImmutable: Bool)
  }

  /// Opens `path`. SQLite reads nothing from the file before the first statement runs.
  ///
  /// The corresponding C function is `sqlite3_open_v2`.
  package init(path: String, access: Access) throws(SQLiteError) {
    var flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI | SQLITE_OPEN_EXRESCODE
    switch access {
    case .readOnly, .immutable: flags |= SQLITE_OPEN_READONLY
    case .readWrite, .readOnlyBesideAttached: flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
    }
    let uri = Self.uri(path: path) + access.parameters
    var opened: OpaquePointer?
    let code = sqlite3_open_v2(uri, &opened, flags, nil)
    guard let opened, code == SQLITE_OK else {
      let message = opened.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
      sqlite3_close_v2(opened)
      throw SQLiteError(extendedCode: code, message: message, operation: "open")
    }
    handle = opened
  }

  deinit {
    prepared.removeAll()
    sqlite3_close_v2(handle)
  }

  /// Returns the `file:` URI of a path, because only a URI can carry the `immutable` parameter.
  /// Percent-encodes every byte outside the plain set, so no part of a path can be parsed as a
  /// parameter.
  package static func uri(path: String) -> String {
    let digits = Array("0123456789ABCDEF")
    // The prefix `file://` (an empty authority) or `file:./` keeps SQLite from parsing the start of the
    // path as something else.
    var uri = path.hasPrefix("/") ? "file://" : "file:./"
    for byte in path.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."),
        UInt8(ascii: "-"), UInt8(ascii: "_"):
        uri.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        uri += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
      }
    }
    return uri
  }

  /// Ends the statement that is running, which then fails as interrupted (`sqlite3_interrupt`).
  package func interrupt() { sqlite3_interrupt(handle) }

  /// How long a statement waits for another connection's lock before it fails as busy.
  package func setBusyTimeout(milliseconds: Int32) {
    sqlite3_busy_timeout(handle, milliseconds)
  }

  /// Calls `body` after every `steps` instructions of SQLite's virtual machine while a statement runs.
  ///
  /// The corresponding C function is `sqlite3_progress_handler`.
  package func onProgress(every steps: Int32, _ body: @escaping () -> Void) {
    progress = body
    sqlite3_progress_handler(
      handle, steps,
      { context in
        guard let context else { return 0 }
        Unmanaged<Connection>.fromOpaque(context).takeUnretainedValue().progress?()
        return 0
      }, Unmanaged.passUnretained(self).toOpaque())
  }

  /// The SQL text of every statement in the cache.
  package var statements: [String] { Array(prepared.keys) }

  /// Runs SQL text, which may hold several statements, and discards any result rows.
  package func execute(_ sql: String) throws(SQLiteError) {
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    guard code == SQLITE_OK else { throw error(code, operation: sql) }
  }

  /// Returns a statement for this text, ready to bind. The connection prepares each text once and caches
  /// the statement. If the cached statement is still running, the caller gets a new one of its own.
  package func prepare(_ sql: String) throws(SQLiteError) -> Statement {
    if let statement = prepared[sql] {
      guard !statement.isRunning else { return try Statement(sql, on: self) }
      statement.reset()
      return statement
    }
    let statement = try Statement(sql, on: self)
    prepared[sql] = statement
    return statement
  }

  /// The rowid of the last `INSERT` (`sqlite3_last_insert_rowid`).
  package var lastInsertedRowID: Int64 { sqlite3_last_insert_rowid(handle) }

  /// Whether no transaction is open. SQLite rolls a transaction back on its own after some failures.
  package var isInAutocommit: Bool { sqlite3_get_autocommit(handle) != 0 }

  func error(_ code: Int32, operation: String) -> SQLiteError {
    SQLiteError(
      extendedCode: code, message: String(cString: sqlite3_errmsg(handle)), operation: operation)
  }
}

extension Connection.Access {
  /// The parameters of the URI of a file (uri.html).
  fileprivate var parameters: String {
    switch self {
    case .readOnly, .readWrite: ""
    case .immutable: "?immutable=1"
    case .readOnlyBesideAttached(let isImmutable): isImmutable ? "?mode=ro&immutable=1" : "?mode=ro"
    }
  }
}
