internal import NamespaceModel
internal import SQLite

/// Writes the rows of processes and threads.
struct TaskWriter {
  let connection: Connection
  let interner: Interner
  let space: Int64
  let ticksPerSecond: Int64
  let descriptions: DescriptionWriter
  let numbers: RowNumbers

  /// Returns the row of a process or thread that was just observed for the first time in this session,
  /// and whether an earlier session has recorded it. Inserts the row if it is new.
  ///
  /// - Parameters:
  ///   - mayBeKnown: whether an earlier session may have recorded it. Within a session, the /proc directory that the
  ///     recorder holds open distinguishes it from every other process, even one with the same PID and start time.
  ///   - number: the sample or event at which it was observed.
  ///   - parent: the row of its parent; nil if that is not known.
  ///   - isMaker: whether an event reported that the parent created it.
  func row(
    of arrival: ProcessSample.Appearance, at start: ClockReading, number: SequenceNumber,
    parent: TaskID?,
    mayBeKnown: Bool, isMaker: Bool = false
  ) throws(SQLiteError) -> (task: TaskID, isKnown: Bool) {
    // No row holds the facts that distinguish a thread from an earlier one with the same TID.
    if mayBeKnown, arrival.thread == nil, let known = try find(arrival.facts) {
      try descriptions.write(arrival.description, ofResumed: known, at: number)
      return (known, true)
    }
    let facts = arrival.facts
    let row = numbers.nextTask()
    let program = try interner.programs.row(arrival.description.program)
    let isProgramRead = program != nil && !arrival.description.inherited.contains(.program)
    try connection.prepare(
      """
      INSERT INTO task (task_id, space_id, pid, start_ticks, parent_pid, kernel_thread, nspid,
                        start_wall_ns, comm, uid, cgroup_id, parent_task_id, tid, provenance,
                        program_id, program_seq, login_id, last_parent_pid)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """
    ).bind(
      .number(row), .integer(space), .integer(Int64(facts.pid)),
      .optional(facts.startTicks.map(Int64.init(bitPattern:))),
      .integer(Int64(facts.parentPID)), .integer(facts.isKernelThread ? 1 : 0),
      Self.nspid(facts),
      .wall(startWall(facts, start)),
      .optional(arrival.description.comm.map { SystemText.escaped($0) }),
      .optional(arrival.description.uid),
      .optional(try interner.cgroup(arrival.description.cgroup)), .number(parent),
      .optional(arrival.thread.map { Int64($0.tid) }),
      Provenance(arrival.description.inherited, hasMaker: isMaker).value,
      .optional(program), isProgramRead ? .number(number) : .null,
      .optional(try interner.programs.row(arrival.description.login)),
      .optional(
        arrival.description.parentPID.flatMap { $0 == facts.parentPID ? nil : Int64($0) })
    ).run()
    return (row, false)
  }

  /// Inserts the row of a process or a thread that an event reported.
  func insert(
    _ start: EventStart, at now: ClockReading, number: SequenceNumber, parent: TaskID?
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

  /// Writes the facts of a process that only a sample can read.
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
      .wall(startWall(facts, now))
    ).run()
  }

  /// Deletes a process that is not to be recorded, with its memberships and descriptions.
  func remove(_ row: TaskID) throws(SQLiteError) {
    // A namespace must not name a creator that has no row.
    try connection.prepare(
      """
      UPDATE namespace SET maker_task_id = NULL, maker_certain = NULL WHERE maker_task_id = ?
      """
    ).bind(.number(row)).run()
    // A scan may have found a pin that the process held open. The row of the pin remains, with the PID.
    try connection.prepare("UPDATE pin SET task_id = NULL WHERE task_id = ?")
      .bind(.number(row)).run()
    for table in ["membership", "past_description", "task"] {
      try connection.prepare("DELETE FROM \(table) WHERE task_id = ?").bind(.number(row)).run()
    }
  }

  /// Returns the value of `task.nspid`: NULL for a process with one PID only, as nearly all processes
  /// have.
  private static func nspid(_ facts: ProcessFacts) -> Value {
    facts.nspid == [facts.pid]
      ? .null : .text(facts.nspid.map(String.init).joined(separator: " "))
  }

  /// Returns the process of an earlier session with this PID and start time, if it must be the same: it
  /// was observed after the clock tick of its start had passed, and a later process with the PID would
  /// have started in a later tick.
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
    .first { ($0.task(0), $0.bootTime(1)) }
    guard let last, let tickEnd = ClockTicks.boot(ticks &+ 1, perSecond: ticksPerSecond),
      last.1 > tickEnd
    else { return nil }
    return last.0
  }

  private func startWall(_ facts: ProcessFacts, _ now: ClockReading) -> WallTime? {
    facts.startTicks.flatMap { ClockTicks.wall($0, perSecond: ticksPerSecond, at: now) }
  }
}

/// Allocates row ids in the tables that grow fastest. A row id is an identity that is never reused,
/// even if rows are deleted or another recorder continues, so the file stores the greatest one
/// (`row_number`).
final class RowNumbers {
  private let connection: Connection
  private var task: Int64
  private var membership: Int64
  /// The greatest row ids that the file certainly holds.
  private var written: (task: Int64, membership: Int64)

  init(_ connection: Connection) throws(SQLiteError) {
    self.connection = connection
    // In a file that was edited, a table may have a greater row id than `row_number`.
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

  /// Allocates the id of a new row of `task`.
  func nextTask() -> TaskID {
    task += 1
    return TaskID(rawValue: task)
  }

  /// Allocates the id of a new row of `membership`.
  func nextMembership() -> Int64 {
    membership += 1
    return membership
  }

  /// Writes the greatest row ids into the file, at the end of each transaction that allocated any.
  func write() throws(SQLiteError) {
    if task != written.task { try write("task", task) }
    if membership != written.membership { try write("membership", membership) }
  }

  /// Notes that the transaction was committed, so that the file holds the row ids.
  func commit() { written = (task, membership) }

  private func write(_ table: String, _ last: Int64) throws(SQLiteError) {
    try connection.prepare("UPDATE row_number SET last = ?2 WHERE name = ?1")
      .bind(.text(table), .integer(last)).run()
  }
}
