internal import NamespaceModel
internal import SQLite

/// Opens and closes memberships, and says of each what there is to tell of its beginning.
struct MembershipWriter {
  let connection: Connection
  let interner: Interner
  let tasks: TaskWriter
  let pauses: WritePauses

  private var rows: MembershipRows {
    MembershipRows(connection: connection, numbers: tasks.numbers)
  }

  /// Writes what is new, in one transaction that the caller has begun.
  ///
  /// - Parameters:
  ///   - isFirst: whether it is the first sample of its session.
  ///   - confirmed: the last sample up to which it is certain what events reported.
  func write(
    _ backlog: Backlog, into live: inout LiveProcesses, sample: Int64, at start: ClockReading,
    isFirst: Bool, confirmed: Int64
  ) throws(SQLiteError) {
    // What events reported of a process that a sample contradicts is certain only up to the last sample.
    func last(_ token: ProcessToken, _ process: LiveProcesses.Process) -> Int64 {
      backlog.contradicted.contains(token) ? max(process.from, confirmed) : sample - 1
    }
    let before = live
    for token in backlog.disappeared {
      pauses.step()
      guard let process = live[token] else { continue }
      let last = last(token, process)
      try close(process, after: last, before: sample)
      live.remove(token, after: last)
    }
    for (token, links) in backlog.changed {
      pauses.step()
      guard var process = live[token] else { continue }
      let set = try interner.set(links)
      // Away and back while nothing could be written: the gap says that much.
      guard set != process.set else { continue }
      try close(process, after: last(token, process), before: sample)
      let beginning: Beginning? =
        set.isMove(from: process.set)
        ? Beginning(cause: .moved, origin: process.set.id)
        : process.isNoteworthy ? Beginning(cause: .wentOn) : nil
      process.set = set
      process.isNoteworthy = beginning != nil
      process.membership = try rows.open(process.task, set, from: sample, beginning)
      process.from = sample
      live.put(process, token)
    }
    try meet(
      backlog.arrivals, into: &live, before: before, sample: sample, at: start,
      mayBeKnown: isFirst)
    for (token, facts) in backlog.identified {
      guard let process = live[token] else { continue }
      try tasks.identify(process.task, as: facts, at: start)
      live.meet(token)
    }
    for news in backlog.described.values { try describe(news, in: live, at: sample) }
  }

  /// Closes the membership of a process, that is another by a sample. Where it was between the two is
  /// not known, nor how long it was there.
  private func close(
    _ process: LiveProcesses.Process, after last: Int64, before sample: Int64
  ) throws(SQLiteError) {
    try rows.close(process, after: last)
    guard last < sample - 1 else { return }
    var doubt = process
    doubt.membership = try rows.open(
      process.task, try interner.set(NamespaceLink.allCases.map { _ in .unread(.unseen) }),
      from: last + 1, process.isNoteworthy ? Beginning(cause: .wentOn) : nil)
    try rows.close(doubt, after: sample - 1)
  }

  /// Writes down what a process is now.
  func describe(
    _ news: ProcessSample.Redescription, in live: LiveProcesses, at number: Int64
  ) throws(SQLiteError) {
    guard let process = live[news.token] else { return }
    try tasks.descriptions.write(news, of: process.task, at: number)
  }

  private func meet(
    _ arrivals: some Sequence<ProcessSample.Appearance>, into live: inout LiveProcesses,
    before: LiveProcesses, sample: Int64, at start: ClockReading, mayBeKnown: Bool
  ) throws(SQLiteError) {
    let beginnings = BeginningFinder(connection: connection, interner: interner)
    // Where processes of an earlier session were when it ended.
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

/// The rows of memberships: one is open while the process is where it is.
struct MembershipRows {
  let connection: Connection
  let numbers: RowNumbers

  /// Closes the membership of a process, that was there last at a number.
  ///
  /// - Parameter isExact: whether the number behind that is of an event that ended it.
  func close(
    _ process: LiveProcesses.Process, after last: Int64, isExact: Bool = false
  ) throws(SQLiteError) {
    try connection.prepare(
      """
      UPDATE membership SET until_seq = ?1, exact = NULLIF(COALESCE(exact, 0) | ?2, 0)
      WHERE membership_id = ?3
      """
    ).bind(.integer(last), .integer(isExact ? 2 : 0), .integer(process.membership)).run()
  }

  /// Opens one; gives its row.
  ///
  /// - Parameter isExact: whether the number is of an event that began it.
  func open(
    _ task: TaskID, _ set: InternedSet, from number: Int64, _ beginning: Beginning?,
    isExact: Bool = false
  ) throws(SQLiteError) -> Int64 {
    let row = numbers.nextMembership()
    try connection.prepare(
      """
      INSERT INTO membership (membership_id, task_id, set_id, from_seq, cause, origin_set_id, exact)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      """
    ).bind(
      .integer(row), .number(task), .number(set.id), .integer(number),
      .optional(beginning?.cause.rawValue), .number(beginning?.origin),
      isExact ? .integer(1) : .null
    ).run()
    return row
  }
}

/// What there is to tell of the beginning of a membership: see `membership.cause` in
/// `Migrations/V0002_questions.sql`.
struct Beginning {
  let cause: Cause
  /// The set that it moved from, or that its parent was in.
  var origin: NamespaceSetID?

  enum Cause: Int64 {
    case moved = 1
    case startedElsewhere = 2
    case startedInNew = 3
    case wentOn = 4
  }
}

/// Finds out whether there is something to tell of a beginning. What is reported in the end is decided
/// when the question is asked; here nothing that may be reported is left out.
struct BeginningFinder {
  let connection: Connection
  let interner: Interner

  /// Of a process that started at an event, when its parent was in this set.
  func start(in set: InternedSet, of parent: InternedSet?) -> Beginning? {
    start(in: set, of: parent, earlier: parent)
  }

  /// Of a process that is seen for the first time.
  ///
  /// - Parameter earlier: the set of its parent in the sample before: it may have started before its
  ///   parent moved. Nil where the parent is new itself: where that came from is not known.
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

  /// Of a thread that differs from its process for the first time. Where it was before is known only of
  /// one that moved; of one that was there before, or of which nothing is known, there is nothing to
  /// tell.
  ///
  /// - Parameters:
  ///   - isExact: whether an event reported it: then that tells also whether it started.
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

  /// Where an earlier session saw a process last, and whether there was something to tell.
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

  /// Of a process that an earlier session saw.
  func resumption(after last: (set: InternedSet, isNoteworthy: Bool)?, in set: InternedSet)
    -> Beginning?
  {
    guard let last else { return nil }
    if set.isMove(from: last.set) { return Beginning(cause: .moved, origin: last.set.id) }
    return last.isNoteworthy ? Beginning(cause: .wentOn) : nil
  }
}
