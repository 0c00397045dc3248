internal import CSQLite

/// A failure reported by SQLite: the extended result code, the message, and the operation that failed.
///
/// Bound values never appear in it. See https://www.sqlite.org/rescode.html.
package struct SQLiteError: Error, Sendable, Hashable {
  /// The extended result code, for example `SQLITE_IOERR_WRITE` (778).
  package let extendedCode: Int32
  /// SQLite's own message for the failure.
  package let message: String
  /// The SQL text or the call that failed.
  package let operation: String

  /// Makes an error from an extended result code.
  package init(extendedCode: Int32, message: String, operation: String) {
    self.extendedCode = extendedCode
    self.message = message
    self.operation = operation
  }

  /// Returns the error for a file that SQLite reads without an error, but whose content is impossible:
  /// `SQLITE_CORRUPT`, as SQLite itself reports corruption.
  package static func corrupt(_ message: String, operation: String) -> SQLiteError {
    SQLiteError(extendedCode: SQLITE_CORRUPT, message: message, operation: operation)
  }

  /// Returns the error for rows that were left out of a file on purpose, so that their absence does not mean damage:
  /// `SQLITE_NOTFOUND`, which SQLite itself never returns for a statement.
  package static func notFound(_ message: String, operation: String) -> SQLiteError {
    SQLiteError(extendedCode: SQLITE_NOTFOUND, message: message, operation: operation)
  }

  /// The primary result code: the low byte of the extended one.
  package var code: Int32 { extendedCode & 0xff }

  /// The kind of failure, as far as a caller can act on it.
  package var kind: Kind {
    switch code {
    case SQLITE_BUSY, SQLITE_LOCKED: .busy
    case SQLITE_PERM, SQLITE_AUTH: .denied
    case SQLITE_READONLY: .readOnly
    case SQLITE_IOERR: extendedCode == Self.sharedMemorySize ? .full : .inputOutput
    // No write violates a constraint of an intact file, so a violated one means that the file is damaged.
    case SQLITE_CORRUPT, SQLITE_CONSTRAINT: .corrupt
    case SQLITE_NOTADB: .notADatabase
    case SQLITE_FULL: .full
    case SQLITE_CANTOPEN: .cannotOpen
    case SQLITE_NOTFOUND: .notFound
    case SQLITE_INTERRUPT: .interrupted
    default: .other
    }
  }

  /// `SQLITE_IOERR_SHMSIZE`: the `-shm` file could not be made larger. The device has no room for it.
  private static let sharedMemorySize = SQLITE_IOERR | 19 << 8

  /// The kinds of failure that callers distinguish.
  package enum Kind: Sendable, Hashable {
    case busy, denied, readOnly, inputOutput, corrupt, notADatabase, full
    case cannotOpen, notFound, interrupted, other
  }
}

extension SQLiteError: CustomStringConvertible {
  /// The error as one line.
  package var description: String { "\(message) (SQLite code \(extendedCode)) in: \(operation)" }
}
