internal import Migrations
internal import NamespaceModel
internal import SQLite

/// Makes a history file of the rows of a replica, to cut a slice out of it.
///
/// The file is complete as far as the replica is, so that the one rule that chooses the rows of a slice (`SliceRows`)
/// chooses the same rows as in the file that was shipped. It is made in one transaction without a journal, and is of no
/// use if that fails.
package final class ReplicaFile {
  private let path: String
  private let connection: Connection
  private var statements: [String: String] = [:]

  /// Begins a new file.
  ///
  /// - Parameters:
  ///   - path: the path of the file, which is not there yet, or is empty.
  ///   - uuid: the UUID of the history.
  package init(_ path: String, of uuid: String) throws(HistoryError) {
    self.path = path
    do throws(SQLiteError) {
      connection = try Connection(path: path, access: .readWrite)
      for pragma in ["journal_mode = OFF", "synchronous = OFF", "cache_size = -65536"] {
        try connection.execute("PRAGMA \(pragma)")
      }
      try Migrator.migrate(connection, from: 0)
      try connection.execute("BEGIN")
      try connection.prepare("UPDATE history SET uuid = ?").bind(.text(uuid)).run()
    } catch { throw HistoryError(error, "write", path) }
  }

  /// The newest version of a file's schema that this program can make.
  package static var version: Int64 { Migration.all.last?.version ?? 0 }

  private func run(_ sql: String, _ values: Value...) throws(SQLiteError) {
    try connection.prepare(sql).bind(values).run()
  }

  /// Returns SQL that was made before, or makes it.
  private func sql(
    _ key: String, _ make: (ReplicaSQL) throws(SQLiteError) -> String
  ) throws(SQLiteError) -> String {
    if let known = statements[key] { return known }
    let made = try make(ReplicaSQL(connection))
    statements[key] = made
    return made
  }

  private func insert(_ table: String, _ body: String, at path: String? = nil) throws(SQLiteError) {
    let sql = try sql("\(table) \(path ?? "")") { (sql) throws(SQLiteError) in
      guard let path else { return try sql.insertion(table) }
      return try sql.insertions(table, at: path)
    }
    try run(sql, .text(body))
  }

  /// Adds a row of the replica: the body of a `ReplicaBatch.Row`.
  ///
  /// - Parameter key: the key of a task, which is negative for a short-lived one.
  package func add(
    _ kind: ReplicaBatch.Kind, part: Int16 = 0, key: Int64 = 0, _ body: String
  ) throws(HistoryError) {
    do throws(SQLiteError) {
      switch kind {
      case .task, .openTask:
        guard key > 0 else { return try insert("short_lived_task", body) }
        let task = try sql("task") { (sql) throws(SQLiteError) in
          try sql.insertion("task").replacing("?1, '$", with: "?1, '$[0]")
        }
        try run(task, .text(body))
        try insert("membership", body, at: "$[1]")
        try insert("past_description", body, at: "$[2]")
      case .run:
        for (position, (table, _)) in ReplicaSQL.runTables.enumerated() {
          try insert(table, body, at: "$[\(position)]")
        }
      case .piece:
        guard let part = ReplicaPart(rawValue: part) else {
          throw .corrupt("a row is of the unknown part \(part)", operation: "read a replica")
        }
        guard part == .namespaceSet else { return try insert(part.table, body) }
        try run(
          "INSERT INTO namespace_set VALUES (json_extract(?1, '$[0]'), json_extract(?1, '$[1]'))",
          .text(body))
        try run(
          """
          INSERT INTO namespace_set_link SELECT json_extract(?1, '$[0]'), json_extract(value, '$[0]'),
            json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each(?1, '$[2]')
          """, .text(body))
      case .namespace: try insert("namespace", body)
      case .container: try insert("container", body)
      case .goneTask, .goneNamespace, .mark: break
      }
    } catch { throw HistoryError(error, "write", path) }
  }

  /// Completes the file.
  ///
  /// - Parameters:
  ///   - header: the header of the replica.
  ///   - missing: the number up to which the replica has nothing; nil if nothing is missing.
  package func finish(header: String, missing: Int64?) throws(HistoryError) {
    do throws(SQLiteError) {
      try connection.execute("DELETE FROM row_number")
      try run(
        """
        INSERT INTO row_number SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]')
        FROM json_each(?, '$.row_number')
        """, .text(header))
      try connection.execute("DELETE FROM sqlite_sequence")
      try run(
        """
        INSERT INTO sqlite_sequence SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]')
        FROM json_each(?, '$.sequence')
        """, .text(header))
      // Where the recorder of a session died, the session is of the file of the host, and so not one of a copy. It is
      // made one of this file.
      let file = FileIdentity(path: path)
      try run(
        """
        UPDATE session_file SET device = ?, inode = ?
        WHERE session_id IN (SELECT session_id FROM session WHERE end_reason IS NULL)
        """,
        .integer(file?.deviceNumber ?? 0), .integer(file?.inodeNumber ?? 0))
      try run(
        """
        INSERT INTO session_file (session_id, device, inode, copied)
        SELECT value, 0, 0, 1 FROM json_each(?, '$.unended') WHERE TRUE
        ON CONFLICT (session_id) DO UPDATE SET copied = 1
        """, .text(header))
      try connection.execute("COMMIT")
      guard let missing else { return }
      let first =
        try connection.prepare("SELECT MIN(seq) FROM sample WHERE seq > ?")
        .bind(.integer(missing)).first { $0.optionalSequence(0) } ?? nil
      guard let first else {
        throw .corrupt("it has no sample after \(missing)", operation: "read a replica")
      }
      // Where the file had lost its beginning before it was shipped, its rows begin at the watermark already.
      let begins = try connection.prepare("SELECT MIN(seq) FROM sample").first { $0.sequence(0) }
      if begins == first, try isRaised(to: first) {
        try run("UPDATE history SET watermark_seq = ?", .number(first))
      } else {
        _ = try Pruner(connection).move(to: first)
      }
    } catch { throw HistoryError(error, "write", path) }
  }

  /// Whether no session begins before a number.
  private func isRaised(to first: SequenceNumber) throws(SQLiteError) -> Bool {
    try connection.prepare("SELECT MIN(first_seq) FROM session").first { $0.sequence(0) == first }
      ?? false
  }
}
