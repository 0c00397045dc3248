// Removes the oldest part of a history.
//
// The watermark is the first sample that is left. It moves by a few samples at a time. Each move is one transaction
// (`PruneStatements`), after which the file is consistent and every question has its true answer: `expired` for the
// time that was removed, and the same answer as before for the time that is left. A process that is killed between two
// moves leaves a history whose watermark is that of the last move, and one that is killed within a move leaves the file
// as it was before: SQLite rolls the transaction back. So there is nothing to repair, and no state to store between two
// moves.
//
// The rows that ended before the watermark have to be removed in the same transaction that moves it. If they were
// removed later, a reader would meanwhile find rows that begin at samples that are gone. If they were removed earlier,
// a process would seem not to have been there at a time that is still within the history.
//
// The cost of a move is that of the rows that it removes, and a few microseconds for each membership and each namespace
// that reaches over the watermark. It does not depend on the size of the file: every statement finds its rows by an
// index.

internal import SQLite

/// Moves the watermark of a history. The pruner needs a connection of its own, on which SQLite does not enforce foreign
/// keys: otherwise the removal of a row would search tables that have no index for such a search.
final class Pruner {
  private let connection: Connection

  /// The result of one move of the watermark.
  struct Removal: Hashable {
    /// The new watermark.
    var watermark: SequenceNumber
    /// The number of memberships and short-lived tasks that were removed.
    var removed: Int
    /// The number of memberships that hold at the new watermark and began before it or with it.
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
    // The last of these statements removes the short-lived tasks, so `changes()` is their number.
    removal.removed = try changes() + count("ended")
    for sql in PruneStatements.memberships + PruneStatements.findTasks
      + PruneStatements.descriptions
    { try run(sql, [.number(watermark)]) }
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
    // Binds only the parameters that occur in the statement.
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
}
