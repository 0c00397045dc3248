internal import NamespaceModel
internal import SQLite

/// Gives processes their rows.
struct TaskWriter {
  let connection: Connection
  let interner: Interner
  let space: Int64
  let ticksPerSecond: Int64
  let descriptions: DescriptionWriter
  let numbers: RowNumbers

  /// The row of a process, or a thread, that was just met.
  ///
  /// - Parameters:
  ///   - mayBeKnown: whether an earlier session can have met it. Within a session, a held directory
  ///     already told it from every other process, even of one PID and start.
  ///   - number: the sample or event that it was observed at.
  ///   - parent: the row of its parent, if that is known.
  ///   - isMaker: whether an event reported that the parent made it.
  func row(
    of arrival: ProcessSample.Appearance, at start: ClockReading, number: Int64, parent: TaskID?,
    mayBeKnown: Bool, isMaker: Bool = false
  ) throws(SQLiteError) -> (task: TaskID, isKnown: Bool) {
    // No row has what tells a thread from one that had its number before.
    if mayBeKnown, arrival.thread == nil, let known = try find(arrival.facts) {
      try descriptions.write(arrival.description, ofResumed: known, at: number)
      return (known, true)
    }
    let facts = arrival.facts
    let row = numbers.nextTask()
    try connection.prepare(
      """
      INSERT INTO task (task_id, space_id, pid, start_ticks, parent_pid, kernel_thread, nspid,
                        start_wall_ns, comm, uid, cgroup_id, parent_task_id, tid, provenance)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """
    ).bind(
      .number(row), .integer(space), .integer(Int64(facts.pid)),
      .optional(facts.startTicks.map(Int64.init(bitPattern:))),
      .integer(Int64(facts.parentPID)), .integer(facts.isKernelThread ? 1 : 0),
      Self.nspid(facts),
      .optional(startWall(facts, start)),
      .optional(arrival.description.comm.map { SystemText.escaped($0) }),
      .optional(arrival.description.uid),
      .optional(try interner.cgroup(arrival.description.cgroup)), .number(parent),
      .optional(arrival.thread.map { Int64($0.tid) }),
      Provenance(arrival.description.inherited, hasMaker: isMaker).value
    ).run()
    return (row, false)
  }

  /// A new row, of a process or a thread that an event reported.
  func insert(
    _ start: EventStart, at now: ClockReading, number: Int64, parent: TaskID?
  ) throws(SQLiteError) -> TaskID {
    let (task, _) = try row(
      of: .init(
        token: start.token, facts: start.facts,
        thread: start.tid.map { ThreadFacts(tid: $0, process: start.parent) },
        description: start.description, links: []),
      at: now, number: number, parent: parent, mayBeKnown: false,
      isMaker: start.tid == nil && start.parent != nil)
    return task
  }

  /// Writes down what only a sample could tell of a process.
  func identify(
    _ row: TaskID, as facts: ProcessFacts, at now: ClockReading
  ) throws(SQLiteError) {
    try connection.prepare(
      """
      UPDATE task SET start_ticks = COALESCE(?2, start_ticks), kernel_thread = ?3, nspid = ?4,
        start_wall_ns = COALESCE(?5, start_wall_ns)
      WHERE task_id = ?1
      """
    ).bind(
      .number(row), .optional(facts.startTicks.map(Int64.init(bitPattern:))),
      .integer(facts.isKernelThread ? 1 : 0), Self.nspid(facts),
      .optional(startWall(facts, now))
    ).run()
  }

  /// Removes a process that is not to be kept, with where it was.
  func remove(_ row: TaskID) throws(SQLiteError) {
    // Nobody is to be reported as the maker of whom nothing is known.
    try connection.prepare(
      """
      UPDATE namespace SET maker_task_id = NULL, maker_certain = NULL WHERE maker_task_id = ?
      """
    ).bind(.number(row)).run()
    // A pin scan may have found what the process held open: that stays, with its PID.
    try connection.prepare("UPDATE pin SET task_id = NULL WHERE task_id = ?")
      .bind(.number(row)).run()
    for table in ["membership", "past_description", "task"] {
      try connection.prepare("DELETE FROM \(table) WHERE task_id = ?").bind(.number(row)).run()
    }
  }

  /// The value of `task.nspid`: nearly all processes have one PID only.
  private static func nspid(_ facts: ProcessFacts) -> Value {
    facts.nspid == [facts.pid]
      ? .null : .text(facts.nspid.map(String.init).joined(separator: " "))
  }

  /// The process of an earlier session with this PID and start, if it must be the same: it was
  /// seen after the clock tick of its start had passed, and a later user of the PID would have
  /// started in a later tick.
  private func find(_ facts: ProcessFacts) throws(SQLiteError) -> TaskID? {
    guard let ticks = facts.startTicks else { return nil }
    let last = try connection.prepare(
      """
      SELECT t.task_id,
        (SELECT (SELECT s.boot_ns FROM sample AS s WHERE s.seq <= m.until_seq
                 ORDER BY s.seq DESC LIMIT 1)
         FROM membership AS m WHERE m.task_id = t.task_id ORDER BY m.from_seq DESC LIMIT 1)
      FROM task AS t WHERE t.space_id = ? AND t.pid = ? AND t.start_ticks = ? AND t.tid IS NULL
      ORDER BY t.task_id DESC LIMIT 1
      """
    ).bind(
      .integer(space), .integer(Int64(facts.pid)), .integer(Int64(bitPattern: ticks))
    )
    .first { ($0.task(0), $0.integer(1)) }
    guard let last, let tickEnd = ClockTicks.nanoseconds(ticks &+ 1, perSecond: ticksPerSecond),
      last.1 > tickEnd
    else { return nil }
    return last.0
  }

  private func startWall(_ facts: ProcessFacts, _ now: ClockReading) -> Int64? {
    facts.startTicks.flatMap { ClockTicks.wall($0, perSecond: ticksPerSecond, at: now) }
  }
}

/// The numbers of new rows in the tables that grow fastest. A number is an identity: it is never given twice, whatever
/// is removed and whoever records next, so the greatest one is kept in the file (`row_number`).
final class RowNumbers {
  private let connection: Connection
  private var task: Int64
  private var membership: Int64
  /// What the file has, as far as is certain.
  private var written: (task: Int64, membership: Int64)

  init(_ connection: Connection) throws(SQLiteError) {
    self.connection = connection
    // A table may have a greater number in a file that was edited.
    func last(_ table: String, _ column: String) throws(SQLiteError) -> Int64 {
      let last =
        try connection.prepare(
          """
          SELECT MAX(COALESCE((SELECT last FROM row_number WHERE name = ?), 0),
            COALESCE((SELECT MAX(\(column)) FROM \(table)), 0))
          """
        ).bind(.text(table)).first { $0.integer(0) } ?? 0
      guard last < Int64.max / 2 else {
        throw .corrupt("\(table) has the row number \(last)", operation: "begin a session")
      }
      return last
    }
    task = try last("task", "task_id")
    membership = try last("membership", "membership_id")
    written = (task, membership)
  }

  /// The number of a new row of `task`.
  func nextTask() -> TaskID {
    task += 1
    return TaskID(rawValue: task)
  }

  /// The number of a new row of `membership`.
  func nextMembership() -> Int64 {
    membership += 1
    return membership
  }

  /// Writes the greatest numbers into the file, at the end of each transaction that gave any.
  func write() throws(SQLiteError) {
    if task != written.task { try write("task", task) }
    if membership != written.membership { try write("membership", membership) }
  }

  /// The transaction was committed: the file has the numbers.
  func commit() { written = (task, membership) }

  private func write(_ table: String, _ last: Int64) throws(SQLiteError) {
    try connection.prepare("UPDATE row_number SET last = ?2 WHERE name = ?1")
      .bind(.text(table), .integer(last)).run()
  }
}
