internal import Migrations
internal import NamespaceModel
internal import SQLite

/// Brings a file to the newest schema, each step in a transaction of its own.
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
            .integer(ClockReading.now().wall)
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
