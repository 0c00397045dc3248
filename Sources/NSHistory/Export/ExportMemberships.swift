internal import SQLite

/// Reads where the processes of an export were. Where all are exported that is one look from one end
/// of an index to the other, beside the one at the processes; otherwise a look for each process.
struct ExportMemberships {
  private let lives: TaskHistoryReader
  private let statement: Statement
  /// The row that is next, of all of them; nil behind the last.
  private var next: Row?
  private let readsAll: Bool

  private struct Row {
    let task: Int64
    let set: Int64
    let from: Int64
    let until: Int64?
    let exact: Int64

    init(_ row: Statement) {
      task = row.integer(0)
      set = row.integer(1)
      from = row.integer(2)
      until = row.optionalInteger(3)
      exact = row.integer(4)
    }
  }

  private static let columns = "task_id, set_id, from_seq, until_seq, exact FROM membership"

  init(_ connection: Connection, _ lives: TaskHistoryReader, readsAll: Bool) throws(SQLiteError) {
    self.lives = lives
    self.readsAll = readsAll
    statement = try connection.prepare(
      readsAll
        ? "SELECT \(Self.columns) ORDER BY task_id, from_seq"
        : "SELECT \(Self.columns) WHERE task_id = ? ORDER BY from_seq")
    if readsAll { try step() }
  }

  /// Lets go of what it reads.
  func close() { statement.reset() }

  /// Replaces what is in `memberships` by those of a process, in the order of time. Processes are to
  /// be asked for in the order of their rows.
  mutating func read(
    of task: Int64, into memberships: inout [Membership]
  ) throws(SQLiteError) {
    memberships.removeAll(keepingCapacity: true)
    if readsAll {
      // Those of no process name nobody.
      while let row = next, row.task < task { try step() }
    } else {
      try statement.bind(.integer(task))
      try step()
    }
    while let row = next, row.task == task {
      let membership = try lives.membership(
        row.set, row.from, row.until, exact: row.exact, of: task)
      try memberships.append(membership, of: task)
      try step()
    }
  }

  private mutating func step() throws(SQLiteError) {
    next = try statement.step() ? Row(statement) : nil
  }
}
