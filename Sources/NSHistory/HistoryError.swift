package import SQLite

/// Why a history file could not be read or written: what, on what, why, and what to do about it.
public struct HistoryError: Error, Sendable, Hashable {
  /// What was to be done, as a verb phrase: "read", "record into".
  public let operation: String
  /// The file it was to be done on.
  public let path: String
  /// What kind of failure it is.
  public let kind: Kind
  /// Why, as a clause.
  public let reason: String
  /// What to do about it, as a clause; empty when there is nothing to be done.
  public let remedy: String
  /// The failure of SQLite that it is; nil for none.
  package let sqlite: SQLiteError?

  /// The kinds of failure that a caller tells apart.
  public enum Kind: Sendable, Hashable, CaseIterable {
    /// There is no such file.
    case missing
    /// It is corrupt, or not a history file.
    case notAHistory
    /// A newer program made it.
    case newer
    /// It is a slice, and does not hold what was asked about.
    case outsideSlice
    /// It cannot be made.
    case cannotCreate
    /// The device failed, or is full.
    case inputOutput
    /// Another recorder, or another program, holds it.
    case busy
    /// The user may not.
    case denied
  }

  /// An error with these parts.
  package init(
    _ kind: Kind, _ operation: String, _ path: String, reason: String, remedy: String,
    sqlite: SQLiteError? = nil
  ) {
    self.kind = kind
    self.operation = operation
    self.path = path
    self.reason = reason
    self.remedy = remedy
    self.sqlite = sqlite
  }

  /// The error that a failure of SQLite is, with the remedy for its kind.
  package init(_ error: SQLiteError, _ operation: String, _ path: String) {
    let (kind, remedy): (Kind, String) =
      switch error.kind {
      case .busy: (.busy, "another program holds it locked: end that one")
      case .denied: (.denied, "use a file you may write, or another user")
      case .readOnly: (.denied, "make the file and its folder writable, or use another --db")
      case .cannotOpen: (.cannotCreate, "check that its folder exists and that you may use it")
      case .corrupt:
        (.notAHistory, "keep a copy, then save what is readable: sqlite3 \(path) .recover")
      case .notADatabase: (.notAHistory, "give the path of a history that nshist recorded")
      case .full: (.inputOutput, "make room on the device")
      case .inputOutput: (.inputOutput, "check the device and the kernel's log")
      case .other: (.inputOutput, "this is a fault in nshist: report it, please")
      }
    self.init(
      kind, operation, path, reason: error.message, remedy: remedy, sqlite: error)
  }
}

extension HistoryError: CustomStringConvertible {
  /// The error as one line. Of a failure of SQLite it ends with the extended result code
  /// (https://www.sqlite.org/rescode.html), and where that is to be reported with what failed.
  public var description: String {
    var line = "cannot \(operation) \(path): \(reason)"
    if !remedy.isEmpty { line += "; \(remedy)" }
    guard let sqlite else { return line }
    line += " (SQLite code \(sqlite.extendedCode)"
    if sqlite.kind == .other {
      let words = sqlite.operation.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      line += " in: \(SystemText.sanitized(words))"
    }
    return line + ")"
  }
}
