internal import NamespaceModel
internal import SQLite

/// Opens and closes memberships, and says of each what there is to tell of its beginning.
struct MembershipWriter {
  let connection: Connection
  let interner: Interner
  let tasks: TaskWriter

  /// Why a membership began: see `membership.cause` in `Migrations/V0002_questions.sql`.
  private enum Cause: Int64 {
    case moved = 1
    case startedElsewhere = 2
    case startedInNew = 3
    case wentOn = 4
  }

  /// What a membership began with.
  private typealias Beginning = (cause: Cause, origin: Int64?)

  /// Writes what is new, in one transaction that the caller has begun.
  func write(
    _ backlog: Backlog, into live: inout LiveProcesses, sample: Int64, at start: ClockReading,
    isFirst: Bool
  ) throws(SQLiteError) {
    let before = live
    for token in backlog.disappeared {
      guard let process = live[token] else { continue }
      try close(process, after: sample - 1)
      live.remove(token)
    }
    for (token, links) in backlog.changed {
      guard var process = live[token] else { continue }
      let set = try interner.set(links)
      // Away and back while nothing could be written: the gap says that much.
      guard set != process.set else { continue }
      try close(process, after: sample - 1)
      let beginning: Beginning? =
        set.isMove(from: process.set)
        ? (.moved, process.set.row) : process.hasCause ? (.wentOn, nil) : nil
      process.set = set
      process.hasCause = beginning != nil
      process.membership = try open(process.task, set, from: sample, beginning)
      live.put(process, token)
    }
    try meet(
      backlog.arrivals, into: &live, before: before, sample: sample, at: start,
      mayBeKnown: isFirst)
    for (token, description) in backlog.described {
      if let process = live[token] { try tasks.describe(process.task, as: description) }
    }
  }

  private func meet(
    _ arrivals: [ProcessSample.Appearance], into live: inout LiveProcesses,
    before: LiveProcesses, sample: Int64, at start: ClockReading, mayBeKnown: Bool
  ) throws(SQLiteError) {
    for arrival in arrivals {
      let parent = live.process(pid: arrival.facts.parentPID)
      let (task, isKnown) = try tasks.row(
        of: arrival, at: start, parent: parent?.task, mayBeKnown: mayBeKnown)
      let set = try interner.set(arrival.links)
      let beginning =
        isKnown
        ? try resumption(of: task, in: set)
        : self.beginning(
          in: set, of: parent, earlier: before.process(pid: arrival.facts.parentPID))
      live.put(
        .init(
          pid: arrival.facts.pid, task: task,
          membership: try open(task, set, from: sample, beginning), set: set,
          hasCause: beginning != nil),
        arrival.token)
    }
  }

  private func beginning(
    in set: InternedSet, of parent: LiveProcesses.Process?, earlier: LiveProcesses.Process?
  ) -> Beginning? {
    guard let parent else {
      let isInNew = set.own.contains(where: interner.created.contains)
      return isInNew || set.sendsChildrenElsewhere ? (.startedInNew, nil) : nil
    }
    let isInNew = set.own.contains {
      interner.created.contains($0) && !parent.set.parts.contains($0)
    }
    // It may have started before its parent moved; and where a parent came from that is new itself
    // is not known.
    let isElsewhere =
      earlier.map { $0.task == parent.task } == true
      && set.isElsewhere(thanChildrenOf: [parent.set, earlier?.set].compactMap(\.self))
    return isInNew || isElsewhere || set.sendsChildrenElsewhere
      ? (.startedElsewhere, parent.set.row) : nil
  }

  /// The beginning of a membership of a process that an earlier session knew.
  private func resumption(of task: Int64, in set: InternedSet) throws(SQLiteError) -> Beginning? {
    let last = try connection.prepare(
      """
      SELECT set_id, cause IS NOT NULL FROM membership WHERE task_id = ?
      ORDER BY from_sample DESC LIMIT 1
      """
    ).bind(.integer(task)).first { ($0.integer(0), $0.integer(1) != 0) }
    guard let last else { return nil }
    if let before = try interner.set(row: last.0), set.isMove(from: before) {
      return (.moved, before.row)
    }
    return last.1 ? (.wentOn, nil) : nil
  }

  private func close(
    _ process: LiveProcesses.Process, after last: Int64
  ) throws(SQLiteError) {
    try connection.prepare("UPDATE membership SET until_sample = ? WHERE membership_id = ?")
      .bind(.integer(last), .integer(process.membership)).run()
  }

  private func open(
    _ task: Int64, _ set: InternedSet, from sample: Int64, _ beginning: Beginning?
  ) throws(SQLiteError) -> Int64 {
    try connection.prepare(
      """
      INSERT INTO membership (task_id, set_id, from_sample, cause, origin_set_id)
      VALUES (?, ?, ?, ?, ?)
      """
    ).bind(
      .integer(task), .integer(set.row), .integer(sample),
      .optional(beginning?.cause.rawValue), .optional(beginning?.origin)
    ).run()
    return connection.lastInsertedRowID
  }
}
