internal import NamespaceModel
internal import SQLite

/// Opens and closes memberships, and stores the cause of each if it is worth reporting.
struct MembershipWriter {
  let connection: Connection
  let interner: Interner
  let tasks: TaskWriter
  let pauses: WritePauses

  private var rows: MembershipRows {
    MembershipRows(connection: connection, numbers: tasks.numbers)
  }

  /// Writes the changes of a backlog, in a transaction that the caller has begun.
  ///
  /// - Parameters:
  ///   - isFirst: whether the sample is the first of its session.
  ///   - previous: the sample before, which observed every zombie that this sample misses for the first time; nil if
  ///     the session has none.
  ///   - confirmed: the last sample that confirmed what events had reported.
  func write(
    _ backlog: Backlog, into live: inout LiveProcesses, sample: SequenceNumber,
    at start: ClockReading,
    isFirst: Bool, previous: SequenceNumber?, confirmed: SequenceNumber
  ) throws(SQLiteError) {
    // If a sample contradicts the events of a process, these are certain only up to the last confirming
    // sample.
    func last(_ token: ProcessToken, _ process: LiveProcesses.Process) -> SequenceNumber {
      backlog.contradicted.contains(token) ? max(process.from, confirmed) : sample - 1
    }
    // No event reports when a zombie is reaped: it is certain to exist only up to the last sample that observed it.
    func lastOfDisappeared(
      _ token: ProcessToken, _ process: LiveProcesses.Process
    ) -> SequenceNumber {
      let last = last(token, process)
      guard process.set.isZombie, let previous else { return last }
      return min(last, max(process.from, previous))
    }
    let before = live
    for token in backlog.disappeared {
      pauses.step()
      guard let process = live[token] else { continue }
      let last = lastOfDisappeared(token, process)
      try rows.close(process, after: last, unseenBefore: sample, interner)
      live.remove(token, after: last)
    }
    for (token, links) in backlog.changed {
      pauses.step()
      guard var process = live[token] else { continue }
      let set = try interner.set(links)
      // The process left the set and came back while nothing could be written; the recorded gap covers
      // this.
      guard set != process.set else { continue }
      try rows.close(process, after: last(token, process), unseenBefore: sample, interner)
      let beginning: Beginning? =
        set.isMove(from: process.set)
        ? Beginning(cause: .moved, origin: process.set.id)
        : process.isNoteworthy ? Beginning(cause: .continued) : nil
      process.set = set
      process.isNoteworthy = beginning != nil
      process.membership = try rows.open(process.task, set, from: sample, beginning)
      process.from = sample
      live.put(process, token)
    }
    try writeArrivals(
      backlog.arrivals, into: &live, before: before, sample: sample, at: start,
      mayBeKnown: isFirst)
    for (token, facts) in backlog.identified {
      guard let process = live[token] else { continue }
      try tasks.identify(process.task, as: facts, at: start)
      live.markSampled(token)
    }
    for redescription in backlog.described.values {
      try describe(redescription, in: live, at: sample)
    }
  }

  /// Writes a new description of a process.
  func describe(
    _ redescription: ProcessSample.Redescription, in live: LiveProcesses, at number: SequenceNumber
  ) throws(SQLiteError) {
    guard let process = live[redescription.token] else { return }
    try tasks.descriptions.write(redescription, of: process.task, at: number)
  }

  private func writeArrivals(
    _ arrivals: some Sequence<ProcessSample.Appearance>, into live: inout LiveProcesses,
    before: LiveProcesses, sample: SequenceNumber, at start: ClockReading, mayBeKnown: Bool
  ) throws(SQLiteError) {
    let beginnings = BeginningFinder(connection: connection, interner: interner)
    // The sets that processes of an earlier session were in when it ended.
    var resumed: [TaskID: InternedSet] = [:]
    for arrival in arrivals {
      pauses.step()
      // The parent of a thread is its process.
      let parent = live.parent(of: arrival)
      let (task, isKnown) = try tasks.row(
        of: arrival, at: start, number: sample, parent: parent?.task, mayBeKnown: mayBeKnown)
      let set = try interner.set(arrival.links)
      let beginning: Beginning?
      if let thread = arrival.thread {
        beginning = try beginnings.thread(
          in: set, thread.origin, isExact: false, of: parent?.set)
      } else if isKnown {
        let last = try beginnings.last(of: task)
        resumed[task] = last?.set
        beginning = beginnings.resumption(after: last, in: set)
      } else {
        let earlier = before.parent(of: arrival)
        beginning = beginnings.start(
          in: set, of: parent?.set,
          earlier: parent.flatMap { $0.task == earlier?.task ? earlier?.set : resumed[$0.task] })
      }
      live.put(
        .init(
          pid: arrival.facts.pid, tid: arrival.thread?.tid, task: task,
          membership: try rows.open(task, set, from: sample, beginning), from: sample, set: set,
          isNoteworthy: beginning != nil),
        arrival.token)
    }
  }
}

/// The rows of table `membership`: each task has one open row while it stays in a set.
struct MembershipRows {
  let connection: Connection
  let numbers: RowNumbers

  /// Closes the membership of a process at the sequence number at which it was last observed in it.
  ///
  /// - Parameter isExact: whether the next sequence number is an event that ended the membership.
  func close(
    _ process: LiveProcesses.Process, after last: SequenceNumber, isExact: Bool = false
  ) throws(SQLiteError) {
    try connection.prepare(
      """
      UPDATE membership SET until_seq = ?1, exact = NULLIF(COALESCE(exact, 0) | ?2, 0)
      WHERE membership_id = ?3
      """
    ).bind(.number(last), .integer(isExact ? 2 : 0), .integer(process.membership)).run()
  }

  /// Closes the membership of a process at the sequence number at which it was last certainly in it. An `unseen`
  /// membership fills the sequence numbers from there to `next`, as it is not known where the process was, or whether it
  /// still existed.
  func close(
    _ process: LiveProcesses.Process, after last: SequenceNumber, unseenBefore next: SequenceNumber,
    _ interner: Interner
  ) throws(SQLiteError) {
    try close(process, after: last)
    guard last < next - 1 else { return }
    var gap = process
    gap.membership = try open(
      process.task, try interner.unseenSet(), from: last + 1,
      process.isNoteworthy ? Beginning(cause: .continued) : nil)
    try close(gap, after: next - 1)
  }

  /// Opens a membership and returns its row.
  ///
  /// - Parameter isExact: whether the sequence number is an event that began the membership.
  func open(
    _ task: TaskID, _ set: InternedSet, from number: SequenceNumber, _ beginning: Beginning?,
    isExact: Bool = false
  ) throws(SQLiteError) -> Int64 {
    let row = numbers.nextMembership()
    try connection.prepare(
      """
      INSERT INTO membership (membership_id, task_id, set_id, from_seq, cause, origin_set_id, exact)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      """
    ).bind(
      .integer(row), .number(task), .number(set.id), .number(number),
      .optional(beginning?.cause.rawValue), .number(beginning?.origin),
      isExact ? .integer(1) : .null
    ).run()
    return row
  }
}

/// Why a membership began, if that is worth reporting: see `membership.cause` in
/// `Migrations/V0001_history.sql`.
struct Beginning {
  let cause: Cause
  /// The set that the task left, or the set of the parent that started it.
  var origin: NamespaceSetID?

  enum Cause: Int64 {
    case moved = 1
    case startedElsewhere = 2
    case startedInNew = 3
    case continued = 4
  }
}

/// Decides whether the beginning of a membership may be worth reporting. A query makes the final
/// decision; this type leaves out nothing that a query may report.
struct BeginningFinder {
  let connection: Connection
  let interner: Interner

  /// The beginning of a process whose start an event reported, with the set that its parent was in.
  func start(in set: InternedSet, of parent: InternedSet?) -> Beginning? {
    start(in: set, of: parent, earlier: parent)
  }

  /// The beginning of a process that a sample observed for the first time.
  ///
  /// - Parameter earlier: the set of its parent in the previous sample, as the process may have started
  ///   before its parent moved. Nil if the parent is new too, so that its earlier set is not known.
  func start(
    in set: InternedSet, of parent: InternedSet?, earlier: InternedSet?
  ) -> Beginning? {
    let isInNew =
      !interner.created.isEmpty
      && set.own.contains {
        interner.created.contains($0) && parent?.parts.contains($0) != true
      }
    guard let parent else {
      return isInNew || set.sendsChildrenElsewhere ? Beginning(cause: .startedInNew) : nil
    }
    let isElsewhere =
      earlier.map { set.isElsewhere(thanChildrenOf: [parent, $0]) } ?? false
    return isInNew || isElsewhere || set.sendsChildrenElsewhere
      ? Beginning(cause: .startedElsewhere, origin: parent.id) : nil
  }

  /// The beginning of a thread that differs from its process for the first time. The earlier set is
  /// known only for a thread that moved. A thread that existed before, or of unknown origin, has no
  /// beginning to report.
  ///
  /// - Parameters:
  ///   - isExact: whether an event reported the thread, and with it whether the thread started.
  ///   - process: the set of its process.
  func thread(
    in set: InternedSet, _ origin: ThreadOrigin, isExact: Bool, of process: InternedSet?
  ) throws(SQLiteError) -> Beginning? {
    switch origin {
    case .moved(let links):
      return Beginning(cause: .moved, origin: try interner.set(links).id)
    case .started:
      if let beginning = start(in: set, of: nil) { return beginning }
      return isExact
        ? nil
        : process.map { Beginning(cause: .startedElsewhere, origin: $0.id) }
          ?? Beginning(cause: .startedInNew)
    case .unknown: return nil
    }
  }

  /// Returns the last recorded set of a process, and whether the beginning of that membership was
  /// noteworthy.
  func last(of task: TaskID) throws(SQLiteError) -> (set: InternedSet, isNoteworthy: Bool)? {
    let last = try connection.prepare(
      """
      SELECT set_id, cause IS NOT NULL FROM membership WHERE task_id = ?
      ORDER BY from_seq DESC LIMIT 1
      """
    ).bind(.number(task)).first { ($0.set(0), $0.integer(1) != 0) }
    guard let last, let set = try interner.set(last.0) else { return nil }
    return (set, last.1)
  }

  /// The beginning of a process that an earlier session recorded.
  func resumption(after last: (set: InternedSet, isNoteworthy: Bool)?, in set: InternedSet)
    -> Beginning?
  {
    guard let last else { return nil }
    if set.isMove(from: last.set) { return Beginning(cause: .moved, origin: last.set.id) }
    return last.isNoteworthy ? Beginning(cause: .continued) : nil
  }
}
