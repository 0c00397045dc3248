internal import NamespaceModel
internal import SQLite

/// Writes events that follow one another: each gets a number, and what it changed begins or ends with
/// that.
struct EventWriter {
  let connection: Connection
  let interner: Interner
  let tasks: TaskWriter
  let keeps: ShortLived
  let pauses: WritePauses

  private var rows: MembershipRows {
    MembershipRows(connection: connection, numbers: tasks.numbers)
  }
  private var beginnings: BeginningFinder {
    BeginningFinder(connection: connection, interner: interner)
  }

  /// Writes events of one batch, in one transaction that the caller has begun. Gives how many numbers
  /// were used, and when each was.
  func write(
    _ events: ArraySlice<ProcessEvent>, epoch: Int64, into live: inout LiveProcesses,
    first: Int64, makers: MakerWriter
  ) throws(SQLiteError) -> [Int64] {
    var shortLivedTasks = ShortLivedTasks(events)
    var times: [Int64] = []
    for event in events {
      pauses.step()
      let number = first + Int64(times.count)
      interner.begin(number)
      switch event.change {
      case .started(let start):
        let now = ClockReading(wall: epoch &+ event.boot, boot: event.boot, monotonic: event.boot)
        guard try begin(start, &live, &shortLivedTasks, number, now, makers) else { continue }
      case .moved(let token, let set):
        guard try move(token, set, &live, number) else { continue }
        try makers.moved(live[token]?.task, at: event.boot)
      case .resumed(let token, let set):
        guard try resume(token, set, &live, number) else { continue }
      case .described(let token, let description):
        guard !shortLivedTasks.describe(token, description), let task = live[token]?.task,
          try tasks.descriptions.write(
            description, of: task, at: number,
            after: description.mayBeOlder ? nil : number - 1, isEvent: !description.mayBeOlder)
        else { continue }
      case .exited(let token, let mayResume):
        if let shortLivedTask = shortLivedTasks.end(token) {
          guard let shortLivedTask else { continue }
          live.presence.leave(shortLivedTask.set, after: number - 1)
          try insert(shortLivedTask, until: number - 1)
        } else if let process = live[token] {
          try end(process, token, &live, number, mayResume)
        } else {
          continue
        }
      }
      times.append(event.boot)
    }
    return times
  }

  /// Whether it is to be kept.
  private func begin(
    _ start: EventStart, _ live: inout LiveProcesses, _ shortLivedTasks: inout ShortLivedTasks,
    _ number: Int64, _ now: ClockReading, _ makers: MakerWriter
  ) throws(SQLiteError) -> Bool {
    let set = try interner.set(start.set)
    let parent = start.parent.flatMap {
      shortLivedTasks.parent($0) ?? live[$0].map(ShortLivedTasks.Parent.init)
    }
    let beginning =
      start.tid == nil
      ? beginnings.start(in: set, of: parent?.set)
      : try beginnings.thread(in: set, start.origin, isExact: true, of: parent?.set)
    if start.tid == nil, beginning == nil, parent != nil, shortLivedTasks.contains(start.token) {
      guard keeps == .all else {
        shortLivedTasks.leaveOut(start.token)
        return false
      }
      shortLivedTasks.begin(start, set, parent: parent?.task, number)
      live.presence.enter(set)
      return true
    }
    let task = try tasks.insert(start, at: now, number: number, parent: parent?.task)
    if start.tid == nil {
      try makers.cloned(set, by: parent)
    } else if case .moved = start.origin {
      try makers.moved(task, at: now.boot)
    }
    live.put(
      .init(
        pid: start.facts.pid, tid: start.tid, task: task,
        membership: try rows.open(
          task, set, from: number, beginning, isExact: start.tid == nil || start.origin != .unknown
        ),
        from: number, set: set, isNoteworthy: beginning != nil, isMet: false),
      start.token)
    return true
  }

  private func move(
    _ token: ProcessToken, _ links: ObservedSet, _ live: inout LiveProcesses, _ number: Int64
  ) throws(SQLiteError) -> Bool {
    let set = try interner.set(links)
    guard var process = live[token], process.set != set else { return false }
    try rows.close(process, after: number - 1, isExact: true)
    let beginning: Beginning? =
      set.isMove(from: process.set)
      ? Beginning(cause: .moved, origin: process.set.id)
      : process.isNoteworthy ? Beginning(cause: .wentOn) : nil
    process.set = set
    process.isNoteworthy = beginning != nil
    process.membership = try rows.open(process.task, set, from: number, beginning, isExact: true)
    process.from = number
    live.put(process, token)
    return true
  }

  private func resume(
    _ token: ProcessToken, _ links: ObservedSet, _ live: inout LiveProcesses, _ number: Int64
  ) throws(SQLiteError) -> Bool {
    guard var process = live.resume(token) else { return false }
    process.set = try interner.set(links)
    process.from = number
    process.membership = try rows.open(
      process.task, process.set, from: number,
      process.isNoteworthy ? Beginning(cause: .wentOn) : nil,
      isExact: true)
    live.put(process, token)
    return true
  }

  private func end(
    _ process: LiveProcesses.Process, _ token: ProcessToken, _ live: inout LiveProcesses,
    _ number: Int64, _ mayResume: Bool
  ) throws(SQLiteError) {
    // A thread has a row because it was elsewhere than its process.
    let isChanged = process.isNoteworthy || process.tid != nil
    if !process.isMet, !mayResume, keeps == .none || (keeps == .changed && !isChanged) {
      try tasks.remove(process.task)
    } else {
      try rows.close(process, after: number - 1, isExact: true)
    }
    live.remove(token, after: number - 1, mayResume: mayResume)
  }

  private func insert(
    _ shortLivedTask: ShortLivedTasks.ShortLivedTask, until last: Int64
  ) throws(SQLiteError) {
    let description = shortLivedTask.start.description
    try connection.prepare(
      """
      INSERT INTO short_lived_task (from_seq, length, pid, set_id, parent_task_id, comm, uid, cgroup_id,
        provenance)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      """
    ).bind(
      .integer(shortLivedTask.number), .integer(last - shortLivedTask.number),
      .integer(Int64(shortLivedTask.start.facts.pid)), .number(shortLivedTask.set.id),
      .number(shortLivedTask.parent),
      .optional(description.comm.map { SystemText.escaped($0) }), .optional(description.uid),
      .optional(try interner.cgroup(description.cgroup)),
      description.inherited.isEmpty ? .null : .integer(description.inherited.rawValue)
    ).run()
  }
}

/// The processes that start and exit among the events of one batch, do not move and have one name: what is
/// `short_lived_task` in `Migrations`, unless there is something to tell of how they started.
struct ShortLivedTasks {
  private var candidates: Set<ProcessToken> = []
  private var running: [ProcessToken: ShortLivedTask] = [:]
  private var leftOut: Set<ProcessToken> = []

  /// One that has started.
  struct ShortLivedTask {
    var start: EventStart
    let set: InternedSet
    let parent: TaskID?
    /// Of the event that started it.
    let number: Int64
  }

  /// Where a process was made, and by whom.
  struct Parent {
    let task: TaskID
    let set: InternedSet

    init(task: TaskID, set: InternedSet) {
      self.task = task
      self.set = set
    }

    init(_ process: LiveProcesses.Process) { self.init(task: process.task, set: process.set) }
  }

  init(_ events: ArraySlice<ProcessEvent>) {
    /// By the name that each started with.
    var started: [ProcessToken: [UInt8]?] = [:]
    for event in events {
      switch event.change {
      case .started(let start):
        started[start.token] = .some(start.description.comm)
        // The row of a thread names that of its process.
        if start.tid != nil, let process = start.parent { started[process] = nil }
      case .moved(let token, _), .resumed(let token, _), .exited(let token, mayResume: true):
        started[token] = nil
      case .described(let token, let description):
        // A name has an interval of its own only beside a row of `task`.
        if let name = description.comm, let first = started[token], first != name {
          started[token] = nil
        }
      case .exited(let token, mayResume: false):
        if started[token] != nil { candidates.insert(token) }
      }
    }
  }

  /// Whether a process exits in the batch and does not move until then.
  func contains(_ token: ProcessToken) -> Bool { candidates.contains(token) }

  /// One of them that is running.
  func parent(_ token: ProcessToken) -> Parent? {
    running[token].map { Parent(task: TaskID(shortLivedFrom: $0.number), set: $0.set) }
  }

  mutating func begin(
    _ start: EventStart, _ set: InternedSet, parent: TaskID?, _ number: Int64
  ) {
    running[start.token] = ShortLivedTask(start: start, set: set, parent: parent, number: number)
  }

  /// Describes one of them, running or left out, anew: it is known by its last description. False of any
  /// other process.
  mutating func describe(_ token: ProcessToken, _ description: ProcessDescription) -> Bool {
    guard running[token] != nil else { return leftOut.contains(token) }
    running[token]?.start.description.update(description)
    return true
  }

  /// It is not to be kept.
  mutating func leaveOut(_ token: ProcessToken) { leftOut.insert(token) }

  /// Ends one of them, and gives it, or nil within where it is not to be kept; nil for any other
  /// process.
  mutating func end(_ token: ProcessToken) -> ShortLivedTask?? {
    if let shortLivedTask = running.removeValue(forKey: token) { return .some(shortLivedTask) }
    return leftOut.remove(token) == nil ? nil : .some(nil)
  }
}
