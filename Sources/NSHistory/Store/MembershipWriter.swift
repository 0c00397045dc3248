internal import NamespaceModel
internal import SQLite

/// Opens and closes memberships, and says of each what there is to tell of its beginning.
struct MembershipWriter {
  let connection: Connection
  let interner: Interner
  let tasks: TaskWriter

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
        ? Beginning(cause: .moved, origin: process.set.row)
        : process.hasCause ? Beginning(cause: .wentOn) : nil
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
    let beginnings = BeginningFinder(connection: connection, interner: interner)
    // Where processes of an earlier session were when it ended.
    var resumed: [Int64: InternedSet] = [:]
    for arrival in arrivals {
      let parent = live.process(pid: arrival.facts.parentPID)
      let (task, isKnown) = try tasks.row(
        of: arrival, at: start, parent: parent?.task, mayBeKnown: mayBeKnown)
      let set = try interner.set(arrival.links)
      let beginning: Beginning?
      if isKnown {
        let last = try beginnings.last(of: task)
        resumed[task] = last?.set
        beginning = beginnings.resumption(after: last, in: set)
      } else {
        let earlier = before.process(pid: arrival.facts.parentPID)
        beginning = beginnings.start(
          in: set, of: parent,
          earlier: parent.flatMap { $0.task == earlier?.task ? earlier?.set : resumed[$0.task] })
      }
      live.put(
        .init(
          pid: arrival.facts.pid, task: task,
          membership: try open(task, set, from: sample, beginning), set: set,
          hasCause: beginning != nil),
        arrival.token)
    }
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
