// Identifies a history file and its version by the two integers that SQLite reserves for this in the header of
// a file (pragma.html#pragma_application_id, pragma_user_version), and by the `migration` table, which lists
// the migrations that were applied.

internal import Migrations
internal import NamespaceModel
internal import SQLite

enum HistoryFile {
  /// Returns the sample before which retention has removed what had ended; nil where nothing was removed.
  static func watermark(_ connection: Connection) throws(SQLiteError) -> SequenceNumber? {
    try connection.prepare("SELECT watermark_seq FROM history WHERE history_id = 1")
      .first { $0.optionalSequence(0) } ?? nil
  }

  /// Whether the history was cut out of another one.
  static func isSlice(_ connection: Connection) throws(SQLiteError) -> Bool {
    try connection.prepare("SELECT EXISTS (SELECT 1 FROM slice WHERE slice_id = 1)").first {
      $0.integer(0) == 1
    }
      ?? false
  }

  /// Whether retention has removed the beginning of the history.
  static func isPruned(_ connection: Connection) throws(SQLiteError) -> Bool {
    try watermark(connection) != nil
  }

  /// The application id: `NSHS`, as bytes 68 to 71 of the file.
  static let applicationID: Int64 = 0x4E53_4853

  /// The kind of a file, as far as its header and its schema show it.
  enum Identity: Equatable {
    /// The file is empty, or a database without tables.
    case blank
    /// A history of this version.
    case history(version: Int64)
    /// A database of another program.
    case foreign
  }

  static func identify(_ connection: Connection) throws(SQLiteError) -> Identity {
    let id = try connection.prepare("PRAGMA application_id").first { $0.integer(0) } ?? 0
    if id == applicationID {
      return .history(version: try version(connection))
    }
    let tables = try connection.prepare("SELECT count(*) FROM sqlite_schema")
      .first { $0.integer(0) }
    return id == 0 && tables == 0 ? .blank : .foreign
  }

  /// Returns the error for an operation that is not possible on a slice, because a slice lacks rows of the history
  /// that it was cut out of.
  static func slice(_ operation: String, _ path: String, remedy: String) -> HistoryError {
    HistoryError(
      .outsideSlice, operation, path,
      reason: "it is a slice, which was cut out of another history", remedy: remedy)
  }

  /// Throws if a directory, a device, a FIFO or a socket is at the path.
  static func requireRegular(
    _ status: FileStatus, _ kind: HistoryError.Kind, _ operation: String, _ path: String
  ) throws(HistoryError) {
    guard let (reason, remedy) = status.refusal else { return }
    throw HistoryError(kind, operation, path, reason: reason, remedy: remedy)
  }

  /// Returns the error for a file with nothing in it.
  static func blank(_ operation: String, _ path: String) -> HistoryError {
    HistoryError(
      .notAHistory, operation, path,
      reason: "it is empty: nothing was recorded into it, or it was copied without its -wal file",
      remedy: "record first: nshist record --db \(path)")
  }

  /// Throws unless the file is a history that this program can read.
  static func requireReadable(
    _ identity: Identity, _ connection: Connection, operation: String, path: String
  ) throws(HistoryError) {
    switch identity {
    case .blank:
      throw blank(operation, path)
    case .foreign:
      throw HistoryError(
        .notAHistory, operation, path, reason: "it is another program's database",
        remedy: "give the path of a history that nshist recorded")
    case .history(let version):
      try requireSchema(of: version, connection, operation: operation, path: path)
    }
  }

  /// Throws unless the migrations that made the schema are those that this program knows. A file that was made by a
  /// build from before the first release has another first migration, so its checksum does not match.
  private static func requireSchema(
    of version: Int64, _ connection: Connection, operation: String, path: String
  ) throws(HistoryError) {
    let applied: [(version: Int64, checksum: String)]
    do {
      applied = try connection.prepare("SELECT version, checksum FROM migration ORDER BY version")
        .map { ($0.integer(0), $0.text(1)) }
    } catch { throw HistoryError(error, operation, path) }
    let known = Migration.all.prefix(applied.count)
    let isWhole = version == applied.last?.version && known.count == applied.count
    guard isWhole || version > newest,
      zip(known, applied).allSatisfy({ ($0.version, $0.checksum) == $1 })
    else {
      throw HistoryError(
        .notAHistory, operation, path,
        reason: "its schema was made by another build of nshist, from before the first release",
        remedy: "read it with the build that made it, or record into another file with --db")
    }
    guard version <= newest else {
      throw HistoryError(
        .newer, operation, path,
        reason: "it has version \(version), made by a newer nshist (this one knows \(newest))",
        remedy: "use that newer nshist")
    }
  }

  private static var newest: Int64 { Migration.all.last?.version ?? 0 }

  private static func version(_ connection: Connection) throws(SQLiteError) -> Int64 {
    try connection.prepare("PRAGMA user_version").first { $0.integer(0) } ?? 0
  }
}

/// Migrates a file to the newest schema, with a transaction for each migration.
enum Migrator {
  static func migrate(_ connection: Connection, from version: Int64) throws(SQLiteError) {
    for migration in Migration.all where migration.version > version {
      try connection.transaction { () throws(SQLiteError) in
        if migration.version == 1 {
          try connection.execute("PRAGMA application_id = \(HistoryFile.applicationID)")
          try connection.execute(table)
        }
        try connection.execute(migration.sql)
        try connection.execute("PRAGMA user_version = \(migration.version)")
        try connection.prepare("INSERT INTO migration VALUES (?, ?, ?, ?)")
          .bind(
            .integer(migration.version), .text(migration.name), .text(migration.checksum),
            .wall(ClockReading.now().wall)
          ).run()
      }
    }
  }

  private static let table = """
    CREATE TABLE migration (
      version    INTEGER PRIMARY KEY,
      name       TEXT NOT NULL,
      checksum   TEXT NOT NULL,
      applied_ns INTEGER NOT NULL
    ) STRICT
    """
}
