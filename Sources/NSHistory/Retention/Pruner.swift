// Removes the oldest part of a history.
//
// The watermark moves by a few samples at a time. Each move is one transaction (`PruneStatements`), after which the
// file is whole and every question has its true answer: what was removed is `expired`, what is left answers as
// before. A process that is killed between two moves leaves a history whose watermark is at the last one, and one
// that is killed within a move leaves the file as it was before: SQLite rolls the transaction back. So there is
// nothing to repair, and nothing to remember between two moves.
//
// The rows that had ended could not follow the watermark in later transactions: a reader takes every row of the file
// for part of the history, and would find samples missing that a row begins with. Nor could they go first: for a
// time that is still within the history, a process would seem not to have been there.
//
// A move costs what it removes, and a few microseconds for each membership and each namespace that reaches over the
// watermark. It does not depend on the size of the file: every statement finds its rows by an index.

internal import SQLite

/// Moves the watermark of a history. It has a connection of its own: with foreign keys enforced, the removal of a
/// row would search tables that have no index for that.
final class Pruner {
  private let connection: Connection

  /// What one move of the watermark changed.
  struct Removal: Hashable {
    /// The new watermark.
    var watermark: SequenceNumber
    /// Rows of memberships and short-lived tasks that were removed.
    var removed: Int
    /// Memberships that reach over the watermark.
    var raised: Int
  }

  /// - Parameter connection: a connection that nothing else uses, to a file that no other process writes.
  init(_ connection: Connection) throws(SQLiteError) {
    self.connection = connection
    try connection.execute(PruneStatements.tables)
  }

  /// Returns the watermark, or, where nothing was removed yet, the first sample; nil if there is no sample.
  func watermark() throws(SQLiteError) -> SequenceNumber? {
    try connection.prepare("SELECT seq FROM sample ORDER BY seq LIMIT 1").first { $0.sequence(0) }
  }

  /// Moves the watermark to a later sample, in one transaction.
  ///
  /// - Parameters:
  ///   - watermark: the sequence number of a sample.
  ///   - resumable: tasks whose rows remain, also without a membership.
  func move(
    to watermark: SequenceNumber, resumable: some Sequence<TaskID> = []
  ) throws(SQLiteError) -> Removal {
    try connection.transaction { () throws(SQLiteError) in
      for task in resumable {
        try connection.prepare("INSERT OR IGNORE INTO resumable VALUES (?)").bind(.number(task))
          .run()
      }
      let removal = try remove(before: watermark)
      for table in PruneStatements.emptied + ["resumable"] {
        try connection.prepare("DELETE FROM \(table)").run()
      }
      return removal
    }
  }

  private func remove(before watermark: SequenceNumber) throws(SQLiteError) -> Removal {
    let session = try connection.prepare("SELECT session_id FROM sample WHERE seq = ?")
      .bind(.number(watermark)).first { $0.integer(0) }
    guard let session else {
      throw .corrupt("sample \(watermark) is missing", operation: "remove what is older")
    }
    var removal = Removal(watermark: watermark, removed: 0, raised: 0)
    let firstScan =
      try connection.prepare(PruneStatements.firstScan).bind(.number(watermark))
      .first { $0.optionalInteger(0) } ?? nil
    for sql in PruneStatements.findMemberships { try run(sql, [.number(watermark)]) }
    removal.raised = try count("reaching")
    for sql in PruneStatements.noteNamed { try run(sql, [.number(watermark)]) }
    for sql in PruneStatements.removeNumbers { try run(sql, [.number(watermark)]) }
    // The last of them removes the short-lived tasks.
    removal.removed = try changes() + count("ended")
    for sql in PruneStatements.memberships + PruneStatements.findTasks
      + PruneStatements.descriptions
    { try run(sql, [.number(watermark)]) }
    for (table, column) in [("task_program", "program_id"), ("task_login", "login_id")]
    where try !isEmpty(table) {
      for sql in PruneStatements.facts(table, column) { try run(sql, [.number(watermark)]) }
    }
    for sql in PruneStatements.tasks { try run(sql, [.number(watermark)]) }
    if let firstScan { for sql in PruneStatements.pins { try run(sql, [.integer(firstScan)]) } }
    for sql in PruneStatements.sets { try run(sql, [.number(watermark)]) }
    try repeatWhileChanging(PruneStatements.namespaces)
    for sql in PruneStatements.raiseNamespaces + PruneStatements.cgroups {
      try run(sql, [.number(watermark)])
    }
    if try count("loose_container") > 0 {
      try repeatWhileChanging(PruneStatements.outerContainers)
      try repeatWhileChanging(PruneStatements.containers)
    }
    for sql in PruneStatements.programs { try run(sql, [.number(watermark)]) }
    for sql in PruneStatements.sessions { try run(sql, [.number(watermark), .integer(session)]) }
    return removal
  }

  private func run(_ sql: String, _ values: [Value]) throws(SQLiteError) {
    // A statement takes the parameters that it names.
    let named = sql.contains("?2") ? values : sql.contains("?1") ? [values[0]] : []
    try connection.prepare(sql).bind(named).run()
  }

  private func repeatWhileChanging(_ sql: String) throws(SQLiteError) {
    repeat { try connection.prepare(sql).run() } while try changes() > 0
  }

  private func changes() throws(SQLiteError) -> Int {
    Int(try connection.prepare("SELECT changes()").first { $0.integer(0) } ?? 0)
  }

  private func count(_ table: String) throws(SQLiteError) -> Int {
    Int(try connection.prepare("SELECT COUNT(*) FROM \(table)").first { $0.integer(0) } ?? 0)
  }

  private func isEmpty(_ table: String) throws(SQLiteError) -> Bool {
    try connection.prepare("SELECT NOT EXISTS (SELECT 1 FROM \(table))").first {
      $0.integer(0) == 1
    }
      ?? true
  }
}
