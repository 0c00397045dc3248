package import SQLite

/// A failure to read or write a history file: the operation, the file, the reason and the remedy.
public struct HistoryError: Error, Sendable, Hashable {
  /// The operation that failed, as a verb phrase: "read", "record into".
  public let operation: String
  /// The path of the file.
  public let path: String
  /// The kind of failure.
  public let kind: Kind
  /// The reason, as a clause.
  public let reason: String
  /// The remedy, as a clause; empty if there is none.
  public let remedy: String
  /// The SQLite error that caused the failure; nil if SQLite reported none.
  package let sqlite: SQLiteError?

  /// The kinds of failure that callers distinguish.
  public enum Kind: Sendable, Hashable, CaseIterable {
    /// There is no such file.
    case missing
    /// The file is corrupt, or is not a history file.
    case notAHistory
    /// A newer version of the program made the file.
    case newer
    /// The file is a slice, and does not hold the data that a query asks for.
    case outsideSlice
    /// The file cannot be created or opened.
    case cannotCreate
    /// The device failed or is full, or nshist has a fault.
    case inputOutput
    /// Another recorder or program has locked the file.
    case busy
    /// The user has no permission to read or write the file.
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

  /// Converts a SQLite error, with the remedy for its kind.
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
      case .notFound: (.outsideSlice, "ask the history that it was cut out of")
      case .interrupted: (.inputOutput, "start again")
      case .other: (.inputOutput, "this is a fault in nshist: report it, please")
      }
    self.init(
      kind, operation, path, reason: error.message, remedy: remedy, sqlite: error)
  }
}

extension HistoryError: CustomStringConvertible {
  /// The error as one line. For a SQLite error the line ends with the extended result code
  /// (https://www.sqlite.org/rescode.html), and for a kind that the user is to report, also with the
  /// SQLite operation that failed.
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
