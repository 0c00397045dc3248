/// A failure reported by SQLite: its extended result code, its text, and what was being done.
///
/// Bound values never appear here. See https://www.sqlite.org/rescode.html.
public struct SQLiteError: Error, Sendable, Hashable {
  /// The extended result code, for example `SQLITE_IOERR_WRITE` (778).
  public let extendedCode: Int32
  /// SQLite's own sentence about it.
  public let message: String
  /// The SQL text or the call that failed.
  public let operation: String

  /// Makes an error of an extended result code.
  public init(extendedCode: Int32, message: String, operation: String) {
    self.extendedCode = extendedCode
    self.message = message
    self.operation = operation
  }

  /// The primary result code: the low byte of the extended one.
  public var code: Int32 { extendedCode & 0xff }

  /// What kind of trouble it is, as far as a caller can act on it.
  public var kind: Kind {
    switch code {
    case 5, 6: .busy  // SQLITE_BUSY, SQLITE_LOCKED
    case 3, 23: .denied  // SQLITE_PERM, SQLITE_AUTH
    case 8: .readOnly  // SQLITE_READONLY
    case 9: .interrupted  // SQLITE_INTERRUPT
    case 10: .inputOutput  // SQLITE_IOERR
    case 11: .corrupt  // SQLITE_CORRUPT
    case 26: .notADatabase  // SQLITE_NOTADB
    case 13: .full  // SQLITE_FULL
    case 14: .cannotOpen  // SQLITE_CANTOPEN
    default: .other
    }
  }

  /// The kinds of trouble a caller tells apart.
  public enum Kind: Sendable, Hashable {
    case busy, denied, readOnly, interrupted, inputOutput, corrupt, notADatabase, full
    case cannotOpen, other
  }
}

extension SQLiteError: CustomStringConvertible {
  /// The error as one line.
  public var description: String { "\(message) (SQLite code \(extendedCode)) in: \(operation)" }
}
