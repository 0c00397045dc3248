internal import NamespaceModel
internal import SQLite

/// Writes consecutive events. Each event gets a sequence number, at which the memberships that it
/// changes begin or end.
struct EventWriter {
  let connection: Connection
  let interner: Interner
  let tasks: TaskWriter
  let retains: ShortLived
  let pauses: WritePauses

  private var rows: MembershipRows {
    MembershipRows(connection: connection, numbers: tasks.numbers)
  }
  private var beginnings: BeginningFinder {
    BeginningFinder(connection: connection, interner: interner)
  }

  /// Writes the events of one batch, in a transaction that the caller has begun. Returns the boot-clock
  /// time of each event that got a sequence number; the sequence numbers are consecutive, beginning
  /// with `first`.
  ///
  /// - Parameter sample: the last sample of the session; nil if there is none.
  func write(
    _ events: ArraySlice<ProcessEvent>, epoch: WallTime, into live: inout LiveProcesses,
    first: SequenceNumber, after sample: SequenceNumber?, makers: MakerWriter
  ) throws(SQLiteError) -> [BootTime] {
    var shortLivedTasks = ShortLivedTasks(events)
    var times: [BootTime] = []
    for event in events {
      pauses.step()
      let number = first + Int64(times.count)
      interner.begin(number)
      switch event.change {
      case .started(let start):
        let now = ClockReading(
          wall: event.boot.wall(epoch: epoch), boot: event.boot,
          monotonic: event.boot.nanoseconds)
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
      case .reaped(let token):
        if let process = live[token] {
          // No event reports when a zombie is reaped: it is certain to exist only up to the last sample.
          let last = min(max(process.from, sample ?? process.from), number - 1)
          try rows.close(process, after: last, unseenBefore: number, interner)
          live.remove(token, after: last)
        }
        continue
      }
      times.append(event.boot)
    }
    return times
  }

  /// Writes a start. Returns false if the process is not to be recorded (`ShortLived`).
  private func begin(
    _ start: EventStart, _ live: inout LiveProcesses, _ shortLivedTasks: inout ShortLivedTasks,
    _ number: SequenceNumber, _ now: ClockReading, _ makers: MakerWriter
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
      guard retains == .all else {
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
        from: number, set: set, isNoteworthy: beginning != nil, isSampled: false),
      start.token)
    return true
  }

  private func move(
    _ token: ProcessToken, _ links: ObservedSet, _ live: inout LiveProcesses,
    _ number: SequenceNumber
  ) throws(SQLiteError) -> Bool {
    let set = try interner.set(links)
    guard var process = live[token], process.set != set else { return false }
    try rows.close(process, after: number - 1, isExact: true)
    let beginning: Beginning? =
      set.isMove(from: process.set)
      ? Beginning(cause: .moved, origin: process.set.id)
      : process.isNoteworthy ? Beginning(cause: .continued) : nil
    process.set = set
    process.isNoteworthy = beginning != nil
    process.membership = try rows.open(process.task, set, from: number, beginning, isExact: true)
    process.from = number
    live.put(process, token)
    return true
  }

  private func resume(
    _ token: ProcessToken, _ links: ObservedSet, _ live: inout LiveProcesses,
    _ number: SequenceNumber
  ) throws(SQLiteError) -> Bool {
    guard var process = live.resume(token) else { return false }
    process.set = try interner.set(links)
    process.from = number
    process.membership = try rows.open(
      process.task, process.set, from: number,
      process.isNoteworthy ? Beginning(cause: .continued) : nil,
      isExact: true)
    live.put(process, token)
    return true
  }

  private func end(
    _ process: LiveProcesses.Process, _ token: ProcessToken, _ live: inout LiveProcesses,
    _ number: SequenceNumber, _ mayResume: Bool
  ) throws(SQLiteError) {
    // A thread has a row only because its namespaces differ from those of its process.
    let isChanged = process.isNoteworthy || process.tid != nil
    if !process.isSampled, !mayResume, retains == .none || (retains == .changed && !isChanged) {
      try tasks.remove(process.task)
    } else {
      try rows.close(process, after: number - 1, isExact: true)
    }
    live.remove(token, after: number - 1, mayResume: mayResume)
  }

  private func insert(
    _ shortLivedTask: ShortLivedTasks.ShortLivedTask, until last: SequenceNumber
  ) throws(SQLiteError) {
    let description = shortLivedTask.start.description
    let program = try interner.programs.row(description.program)
    let login = try interner.programs.row(description.login)
    interner.programs.use(program, login, at: shortLivedTask.number)
    try connection.prepare(
      """
      INSERT INTO short_lived_task (from_seq, length, pid, set_id, parent_task_id, comm, uid, cgroup_id,
        provenance, program_id, login_id)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """
    ).bind(
      .number(shortLivedTask.number), .integer(last - shortLivedTask.number),
      .integer(Int64(shortLivedTask.start.facts.pid)), .number(shortLivedTask.set.id),
      .number(shortLivedTask.parent),
      .optional(description.comm.map { SystemText.escaped($0) }), .optional(description.uid),
      .optional(try interner.cgroup(description.cgroup)),
      description.inherited.isEmpty ? .null : .integer(description.inherited.rawValue),
      .optional(program), .optional(login)
    ).run()
  }
}

/// The processes that start and exit within one batch, with the same namespaces, the same name and the same program
/// throughout. They become rows of `short_lived_task` (see `Migrations`), unless the way they started
/// is worth reporting.
struct ShortLivedTasks {
  private var candidates: Set<ProcessToken> = []
  private var running: [ProcessToken: ShortLivedTask] = [:]
  private var leftOut: Set<ProcessToken> = []

  /// A short-lived process that has started.
  struct ShortLivedTask {
    var start: EventStart
    let set: InternedSet
    let parent: TaskID?
    /// The sequence number of the event that started the process.
    let number: SequenceNumber
  }

  /// The parent of a new process: its row, and the namespace set that it was in.
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
    /// The name and the program of each process at its start.
    var started: [ProcessToken: (name: [UInt8]?, program: Program?)] = [:]
    for event in events {
      switch event.change {
      case .started(let start):
        // The row of a short-lived process has room for one parent, the process that made it.
        let isMadeByParent =
          start.description.parentPID.map { $0 == start.facts.parentPID } ?? true
        if isMadeByParent {
          started[start.token] = (start.description.comm, start.description.program)
        }
        // The row of a thread refers to the row of its process, so the process gets a row in `task`.
        if start.tid != nil, let process = start.parent { started[process] = nil }
      case .moved(let token, _), .resumed(let token, _), .reaped(let token),
        .exited(let token, mayResume: true):
        started[token] = nil
      case .described(let token, let description):
        // Only a process with a row in `task` can have several names or programs, each with an interval.
        guard let first = started[token] else { break }
        if let name = description.comm, first.name != name { started[token] = nil }
        if let program = description.program, first.program != program { started[token] = nil }
      case .exited(let token, mayResume: false):
        if started[token] != nil { candidates.insert(token) }
      }
    }
  }

  /// Whether a process starts and exits in the batch with the same namespaces, the same name and the same program
  /// throughout.
  func contains(_ token: ProcessToken) -> Bool { candidates.contains(token) }

  /// Returns a running short-lived process as the parent of another process; nil for any other process.
  func parent(_ token: ProcessToken) -> Parent? {
    running[token].map { Parent(task: TaskID(shortLivedFrom: $0.number), set: $0.set) }
  }

  mutating func begin(
    _ start: EventStart, _ set: InternedSet, parent: TaskID?, _ number: SequenceNumber
  ) {
    running[start.token] = ShortLivedTask(start: start, set: set, parent: parent, number: number)
  }

  /// Updates the description of a short-lived process that is running, because its row holds the latest
  /// description. Ignores a process that is left out. Returns false for any other process.
  mutating func describe(_ token: ProcessToken, _ description: ProcessDescription) -> Bool {
    guard running[token] != nil else { return leftOut.contains(token) }
    running[token]?.start.description.update(description)
    return true
  }

  /// Marks a short-lived process that is not to be recorded.
  mutating func leaveOut(_ token: ProcessToken) { leftOut.insert(token) }

  /// Ends a short-lived process and returns it; returns `.some(nil)` for one that was left out, and nil
  /// for any other process.
  mutating func end(_ token: ProcessToken) -> ShortLivedTask?? {
    if let shortLivedTask = running.removeValue(forKey: token) { return .some(shortLivedTask) }
    return leftOut.remove(token) == nil ? nil : .some(nil)
  }
}
