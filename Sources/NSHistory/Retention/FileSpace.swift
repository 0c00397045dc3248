internal import SQLite

/// The size of a history file, and the pages of it that are in use.
struct FileSpace: Hashable {
  let pageSize: Int64
  let pages: Int64
  /// Pages without content, which the next rows use.
  let free: Int64
  /// Whether pages can be cut off the file (`auto_vacuum`).
  let isIncremental: Bool

  init(_ connection: Connection) throws(SQLiteError) {
    func number(_ pragma: String) throws(SQLiteError) -> Int64 {
      try connection.prepare("PRAGMA \(pragma)").first { $0.integer(0) } ?? 0
    }
    pageSize = try number("page_size")
    pages = try number("page_count")
    free = try number("freelist_count")
    isIncremental = try number("auto_vacuum") == Self.incremental
  }

  /// The value of `PRAGMA auto_vacuum` for INCREMENTAL.
  static let incremental: Int64 = 2

  var file: Int64 { pages * pageSize }
  var used: Int64 { (pages - free) * pageSize }

  /// Cuts pages without content off the end of a file, at most `pages` of them.
  static func giveBack(_ pages: Int64, on connection: Connection) throws(SQLiteError) {
    // The pragma has a row for each page, so that it has to be stepped to its end.
    try connection.prepare("PRAGMA incremental_vacuum(\(pages))").run()
  }

  /// The size of the file at a path; 0 if there is none.
  static func size(_ path: String) -> Int64 {
    if case .file(let size) = FileStatus.of(path) { size } else { 0 }
  }
}
