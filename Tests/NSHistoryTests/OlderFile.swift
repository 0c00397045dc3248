// A file of an older version of the schema, made from one of the newest.

import Migrations
import SQLite

enum OlderFile {
  /// Makes a file of the version, with all that a newer one holds of its columns.
  static func copy(_ new: String, into old: String, version: Int) throws {
    let connection = try Connection(path: old, access: .readWrite)
    try connection.execute(
      """
      PRAGMA journal_mode = WAL; PRAGMA application_id = 0x4E534853;
      CREATE TABLE migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL,
        checksum TEXT NOT NULL, applied_ns INTEGER NOT NULL) STRICT;
      """)
    for migration in Migration.all[..<version] {
      try connection.execute(migration.sql)
      try connection.prepare("INSERT INTO migration VALUES (?, ?, ?, 0)")
        .bind(.integer(migration.version), .text(migration.name), .text(migration.checksum)).run()
    }
    try connection.execute("PRAGMA user_version = \(version); ATTACH '\(new)' AS new")
    let tables = try connection.prepare(
      "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name <> 'migration'"
    ).map { $0.text(0) }
    for table in tables {
      let columns = try connection.prepare("SELECT name FROM pragma_table_info('\(table)', 'main')")
        .map { $0.text(0) }.joined(separator: ", ")
      try connection.execute(
        "INSERT INTO main.\(table) (\(columns)) SELECT \(columns) FROM new.\(table)")
    }
    try connection.execute("DETACH new")
  }
}
