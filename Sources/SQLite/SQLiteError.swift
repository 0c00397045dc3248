internal import CSQLite

/// A failure reported by SQLite: its extended result code, its text, and what was being done.
///
/// Bound values never appear here. See https://www.sqlite.org/rescode.html.
package struct SQLiteError: Error, Sendable, Hashable {
  /// The extended result code, for example `SQLITE_IOERR_WRITE` (778).
  package let extendedCode: Int32
  /// SQLite's own sentence about it.
  package let message: String
  /// The SQL text or the call that failed.
  package let operation: String

  /// Makes an error of an extended result code.
  package init(extendedCode: Int32, message: String, operation: String) {
    self.extendedCode = extendedCode
    self.message = message
    self.operation = operation
  }

  /// The error of a file that SQLite reads without complaint, and that cannot be: as SQLite itself
  /// has it, `SQLITE_CORRUPT`.
  package static func corrupt(_ message: String, operation: String) -> SQLiteError {
    SQLiteError(extendedCode: SQLITE_CORRUPT, message: message, operation: operation)
  }

  /// The primary result code: the low byte of the extended one.
  package var code: Int32 { extendedCode & 0xff }

  /// What kind of trouble it is, as far as a caller can act on it.
  package var kind: Kind {
    switch code {
    case SQLITE_BUSY, SQLITE_LOCKED: .busy
    case SQLITE_PERM, SQLITE_AUTH: .denied
    case SQLITE_READONLY: .readOnly
    case SQLITE_IOERR: .inputOutput
    // The schema refuses what contradicts it: the file is not what was written.
    case SQLITE_CORRUPT, SQLITE_CONSTRAINT: .corrupt
    case SQLITE_NOTADB: .notADatabase
    case SQLITE_FULL: .full
    case SQLITE_CANTOPEN: .cannotOpen
    default: .other
    }
  }

  /// The kinds of trouble a caller tells apart.
  package enum Kind: Sendable, Hashable {
    case busy, denied, readOnly, inputOutput, corrupt, notADatabase, full
    case cannotOpen, other
  }
}

extension SQLiteError: CustomStringConvertible {
  /// The error as one line.
  package var description: String { "\(message) (SQLite code \(extendedCode)) in: \(operation)" }
}
