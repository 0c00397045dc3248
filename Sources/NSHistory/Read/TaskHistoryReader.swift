internal import SQLite

/// Reads the histories of processes and threads: which namespaces each was in, and when.
final class TaskHistoryReader {
  let connection: Connection
  private let index: SampleIndex
  private let sets: SetReader
  private let shortLivedTasks: ShortLivedTaskReader
  let descriptions: DescriptionReader
  /// Determines which containers the processes were in.
  let containers: ContainerRule
  /// The histories that were read last. A history with many memberships takes long to read and is requested
  /// once for each of them: such histories are in `long`, so that the many short ones do not evict them.
  private var known = BoundedCache<TaskID, TaskHistory>(limit: 256)
  /// The long histories that were read last. The limit is the number of all their memberships.
  private var long = BoundedCache<TaskID, TaskHistory>(limit: 1 << 20)

  /// A history with more memberships than this is long.
  private static let mostOfShort = 64

  init(_ connection: Connection, _ index: SampleIndex, _ sets: SetReader) {
    self.connection = connection
    self.index = index
    self.sets = sets
    containers = ContainerRule(connection, index, sets)
    shortLivedTasks = ShortLivedTaskReader(connection, index)
    descriptions = DescriptionReader(connection)
  }

  /// Returns the history of every process that had a PID, in the order in which the processes were observed,
  /// without the histories of threads.
  func histories(pid: Int64) throws(SQLiteError) -> [TaskHistory] {
    let rows = try connection.prepare(
      "\(Self.columns) WHERE pid = ? AND tid IS NULL ORDER BY task_id"
    )
    .bind(.integer(pid)).map { ProcessRecord($0, from: 0) }
    var histories: [TaskHistory] = []
    for row in rows { if let history = try history(row) { histories.append(history) } }
    let shortLivedTasks = try shortLivedTasks.histories(pid: pid).map(resolved)
    guard !shortLivedTasks.isEmpty else { return histories }
    return (histories + shortLivedTasks).sorted { $0.firstSample < $1.firstSample }
  }

  /// Returns the history of every thread that had this PID and TID, in the order in which the threads were
  /// observed.
  func histories(thread number: TaskNumber) throws(SQLiteError) -> [TaskHistory] {
    guard let tid = number.tid else { return [] }
    return try threads("tid = ?", pid: number.pid, [.integer(tid)])
  }

  /// Returns the histories of those threads of a process whose namespaces differed from its own at some time. A
  /// process that no sample observed (`short_lived_task` in `Migrations`) has none, because it has no row to
  /// which a thread could refer.
  func threads(of process: ProcessRecord) throws(SQLiteError) -> [TaskHistory] {
    guard process.tid == nil, !process.task.isShortLived else { return [] }
    return try threads(
      "tid IS NOT NULL AND parent_task_id = ?", pid: process.pid, [.number(process.task)])
  }

  private func threads(
    _ condition: String, pid: Int64, _ values: [Value]
  ) throws(SQLiteError) -> [TaskHistory] {
    let rows = try connection.prepare(
      "\(Self.columns) WHERE pid = ? AND \(condition) ORDER BY task_id"
    ).bind([.integer(pid)] + values).map { ProcessRecord($0, from: 0) }
    var histories: [TaskHistory] = []
    for row in rows { if let history = try history(row) { histories.append(history) } }
    return histories
  }

  /// Returns the history of one task, by its row id; nil if no sample or event recorded it.
  func history(of task: TaskID) throws(SQLiteError) -> TaskHistory? {
    if let history = known[task] ?? long[task] { return history }
    let history = try unresolved(task: task).map(resolved)
    if let history { store(history) }
    return history
  }

  /// Returns the history of one task with the containers that the cgroups name, whether read or inherited,
  /// without `ContainerRule`.
  func unresolved(task: TaskID) throws(SQLiteError) -> TaskHistory? {
    if task.isShortLived { return try shortLivedTasks.history(of: task) }
    let row = try connection.prepare("\(Self.columns) WHERE task_id = ?").bind(.number(task))
      .first { ProcessRecord($0, from: 0) }
    return try row.flatMap(unresolved)
  }

  private func resolved(_ history: TaskHistory) throws(SQLiteError) -> TaskHistory {
    var history = history
    history.process = try containers.resolved(history.process, history.memberships, self)
    return history
  }

  private func store(_ history: TaskHistory) {
    let count = history.memberships.count
    if count > Self.mostOfShort {
      long.insert(history, for: history.process.task, weight: count)
    } else {
      known.insert(history, for: history.process.task)
    }
  }

  /// Returns the parent that a process had when it was first seen; nil if that is not known.
  func parent(of process: ProcessRecord) throws(SQLiteError) -> ProcessRecord? {
    try parentRow(of: process.task).flatMap(history(of:))?.process
  }

  /// Returns the row id of the parent that a task had when it was first seen; nil if that is not known.
  func parentRow(of task: TaskID) throws(SQLiteError) -> TaskID? {
    let sql =
      task.isShortLived
      ? "SELECT parent_task_id FROM short_lived_task WHERE from_seq = -?"
      : "SELECT parent_task_id FROM task WHERE task_id = ?"
    return try connection.prepare(sql).bind(.number(task)).first { $0.optionalTask(0) } ?? nil
  }

  /// Returns the first sample or event at which a task was there.
  func firstNumber(of task: TaskID) throws(SQLiteError) -> SequenceNumber? {
    guard !task.isShortLived else { return task.startingEvent }
    return try connection.prepare(
      "SELECT from_seq FROM membership WHERE task_id = ? ORDER BY from_seq LIMIT 1"
    ).bind(.number(task)).first { $0.sequence(0) }
  }

  private func history(_ row: ProcessRecord) throws(SQLiteError) -> TaskHistory? {
    try unresolved(row).map(resolved)
  }

  private func unresolved(_ row: ProcessRecord) throws(SQLiteError) -> TaskHistory? {
    let memberships = try memberships(of: row.task)
    guard let first = memberships.first, let last = memberships.last else { return nil }
    var process = row
    process.past = try descriptions.past(of: row)
    try setReadings(of: &process)
    let found = try index.point(first.from)
    process.firstSeen =
      first.beginsExactly
      ? found.wall : SamplePoint.firstSeen(at: found.wall, start: process.start)
    // An `unseen` membership shows no time at which the process still existed.
    let seen = last.isUnseen ? last.from - 1 : last.until
    process.lastSeen = max(
      process.firstSeen,
      try index.point(last.endsExactly ? last.until + 1 : max(seen, first.from)).wall)
    process.isOpen = last.isOpen
    let isThread = process.tid != nil
    return TaskHistory(
      process: process, memberships: memberships,
      foundBySample: found.isExact && !first.beginsExactly && !isThread ? found : nil,
      isStartReported: first.beginsExactly && !isThread ? try isStart(found, of: process) : false,
      thread: isThread ? try threadBounds(row.task, first, last) : nil)
  }

  /// Sets when the programs of a process were read (`RecordedProgram.reading`).
  func setReadings(of process: inout ProcessRecord) throws(SQLiteError) {
    process.description.program = try withReading(process.description.program)
    for index in process.past.indices {
      process.past[index].description.program = try withReading(
        process.past[index].description.program)
    }
  }

  private func withReading(_ program: RecordedProgram?) throws(SQLiteError) -> RecordedProgram? {
    guard let program, let number = program.number else { return program }
    let point = try index.point(number)
    return RecordedProgram(
      program, read: .init(time: point.wall, isAfterExec: point.isEvent))
  }

  /// The longest time that may pass between the start time of a process and the event that reports the start.
  private static let longestFork: Int64 = 1_000_000_000

  /// Returns whether the first event about a process reported its start. An exec can be the first event about an older
  /// process: one whose main thread had exited when a recorder started, or when it lost events.
  private func isStart(
    _ event: SamplePoint, of process: ProcessRecord
  ) throws(SQLiteError) -> Bool {
    guard let start = process.startBoot else { return false }
    if event.boot <= start &+ PIDHistory.startTimeTolerance { return true }
    guard event.boot <= start &+ Self.longestFork else { return false }
    return try index.isExact(from: start, until: event.id)
  }

  private func threadBounds(
    _ task: TaskID, _ first: Membership, _ last: Membership
  ) throws(SQLiteError) -> TaskHistory.ThreadBounds {
    let recorded = try connection.prepare(
      "SELECT cause, origin_set_id FROM membership WHERE task_id = ? AND from_seq = ?"
    ).bind(.number(task), .number(first.from)).first {
      ($0.optionalInteger(0), $0.optionalSet(1))
    }
    let beginning: TaskHistory.ThreadBounds.Beginning =
      switch (recorded?.0, recorded?.1) {
      case (1, let origin?): .moved(from: origin)
      case (nil, _) where !first.beginsExactly: .unknown
      default: .started
      }
    let end = index.session(of: last.from)?.last
    return .init(beginning: beginning, isLost: !last.isOpen && last.until == end)
  }

  /// The query for the columns of `ProcessRecord`, and the tables that hold them.
  static let columns = """
    SELECT \(ProcessRecord.columns) FROM task \(ProcessRecord.joins)
    """

  func memberships(of task: TaskID) throws(SQLiteError) -> [Membership] {
    if task.isShortLived { return try shortLivedTasks.history(of: task)?.memberships ?? [] }
    let rows = try connection.prepare(
      """
      SELECT set_id, from_seq, until_seq, exact FROM membership WHERE task_id = ?
      ORDER BY from_seq
      """
    ).bind(.number(task)).map {
      ($0.set(0), $0.sequence(1), $0.optionalSequence(2), $0.integer(3))
    }
    var memberships: [Membership] = []
    for (set, from, until, exact) in rows {
      try append(set, from, until, exact: exact, of: task, to: &memberships)
    }
    return memberships
  }

  private func isUnseen(_ set: NamespaceSetID) throws(SQLiteError) -> Bool {
    try sets.links(of: set).values.allSatisfy { $0 == .unread(.unseen) }
  }

  /// Appends the memberships of a row from its columns: one, or two for the open membership of a zombie, which is split
  /// after the last sample. No event reports when a zombie is reaped, so nothing is known of the zombie since then.
  func append(
    _ set: NamespaceSetID, _ from: SequenceNumber, _ until: SequenceNumber?, exact: Int64,
    of task: TaskID, to memberships: inout [Membership]
  ) throws(SQLiteError) {
    let membership = try membership(set, from, until, exact: exact, of: task)
    guard until == nil, membership.from < membership.until,
      try sets.links(of: membership.set).values.contains(.unread(.zombie))
    else { return try memberships.append(membership, of: task) }
    let sample =
      try connection.prepare("SELECT MAX(seq) FROM sample WHERE seq <= ?")
      .bind(.number(membership.until)).first { $0.optionalSequence(0) } ?? nil
    let last = max(membership.from, sample ?? membership.from)
    guard last < membership.until else { return try memberships.append(membership, of: task) }
    try memberships.append(
      Membership(
        set: membership.set, from: membership.from, until: last, isOpen: false,
        startsSession: membership.startsSession, beginsExactly: membership.beginsExactly),
      of: task)
    try memberships.append(
      Membership(
        set: .unseen, from: last + 1, until: membership.until, isOpen: membership.isOpen,
        startsSession: false, isUnseen: true),
      of: task)
  }

  /// Returns those memberships of a task that overlap a range of samples.
  func memberships(
    of task: TaskID, in samples: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) -> [Membership] {
    if task.isShortLived {
      return try memberships(of: task).filter {
        $0.from <= samples.upperBound && $0.until >= samples.lowerBound
      }
    }
    let rows = try connection.prepare(
      """
      SELECT set_id, from_seq, until_seq, exact FROM membership
      WHERE task_id = ?1 AND from_seq <= ?3 AND (until_seq IS NULL OR until_seq >= ?2)
      ORDER BY from_seq
      """
    ).bind(
      .number(task), .number(samples.lowerBound), .number(samples.upperBound))
    defer { rows.reset() }
    var memberships: [Membership] = []
    while try rows.step() {
      try append(
        rows.set(0), rows.sequence(1), rows.optionalSequence(2), exact: rows.integer(3), of: task,
        to: &memberships)
    }
    // One part of a row that was split may lie outside.
    memberships.removeAll { $0.from > samples.upperBound || $0.until < samples.lowerBound }
    return memberships
  }

  /// Creates a membership from its columns.
  private func membership(
    _ set: NamespaceSetID, _ from: SequenceNumber, _ until: SequenceNumber?, exact: Int64,
    of task: TaskID
  ) throws(SQLiteError) -> Membership {
    guard let session = index.session(of: from) else {
      throw .corrupt("task \(task.rawValue) was in no sample", operation: "read memberships")
    }
    let end = until ?? session.last
    guard from <= end, end <= session.last else {
      throw .corrupt("times of task \(task.rawValue) overlap", operation: "read memberships")
    }
    return Membership(
      set: set, from: from, until: end, isOpen: session.isOpen && end == session.last,
      startsSession: session.first == from, beginsExactly: exact & 1 != 0,
      endsExactly: exact & 2 != 0 && end < session.last,
      isUnseen: exact == 0 && session.hasEvents ? try isUnseen(set) : false)
  }
}

/// Reads processes that started and exited between two samples, as events reported: see `short_lived_task` in
/// `Migrations`.
struct ShortLivedTaskReader {
  private let connection: Connection
  private let index: SampleIndex

  init(_ connection: Connection, _ index: SampleIndex) {
    self.connection = connection
    self.index = index
  }

  /// Returns the histories of all short-lived tasks that had a PID, in the order in which they started.
  func histories(pid: Int64) throws(SQLiteError) -> [TaskHistory] {
    try histories("r.pid = ? ORDER BY r.from_seq", .integer(pid))
  }

  /// Returns the history of one task; nil if the file has no such row.
  func history(of task: TaskID) throws(SQLiteError) -> TaskHistory? {
    try histories("r.from_seq = ?", .number(task.startingEvent)).first
  }

  private func histories(_ condition: String, _ value: Value) throws(SQLiteError) -> [TaskHistory] {
    let rows = try connection.prepare(
      """
      SELECT r.from_seq, r.length, r.pid, r.set_id, r.comm, r.uid, path,
        COALESCE(a.pid, o.pid, 0), r.provenance, \(RecordedDescription.columns)
      FROM short_lived_task AS r LEFT JOIN cgroup ON cgroup.cgroup_id = r.cgroup_id
        \(RecordedDescription.joins("r"))
        LEFT JOIN task AS a ON a.task_id = r.parent_task_id
        LEFT JOIN short_lived_task AS o ON o.from_seq = -r.parent_task_id
      WHERE \(condition)
      """
    ).bind(value).map(Row.init)
    return try rows.map(history)
  }

  private struct Row {
    let from: SequenceNumber
    let length: Int64
    let pid: Int64
    let set: NamespaceSetID
    let description: RecordedDescription

    init(_ row: Statement) {
      from = row.sequence(0)
      length = row.integer(1)
      pid = row.integer(2)
      set = row.set(3)
      description = RecordedDescription(
        comm: row.optionalText(4), uid: row.optionalInteger(5), parentPID: row.integer(7),
        cgroup: row.optionalText(6), provenance: row.optionalInteger(8), programRead: from, row,
        joined: 9)
    }
  }

  private func history(_ row: Row) throws(SQLiteError) -> TaskHistory {
    guard let session = index.session(of: row.from) else {
      throw Membership.stray(shortLivedTask: row.from)
    }
    let membership = try Membership(
      shortLivedTask: row.from, length: row.length, set: row.set, in: session)
    let start = try index.point(row.from)
    var description = row.description
    if let program = description.program, program.number != nil {
      description.program = RecordedProgram(
        program, read: .init(time: start.wall, isAfterExec: true))
    }
    let process = ProcessRecord(
      task: TaskID(shortLivedFrom: row.from), boot: session.boot, space: session.space,
      pid: row.pid, tid: nil,
      start: start.wall, startBoot: start.boot, description: description, hasPast: false,
      makerPID: row.description.parentPID == 0 ? nil : row.description.parentPID,
      isKernelThread: false, nspid: [], firstSeen: start.wall,
      lastSeen: try index.point(membership.until + 1).wall, isOpen: false)
    return TaskHistory(process: process, memberships: [membership], isStartReported: true)
  }
}
