internal import NamespaceModel
internal import SQLite

/// The database rows of the running processes, as of the last committed sample or event.
struct LiveProcesses {
  private(set) var processes: [ProcessToken: Process] = [:]
  private var tokens: [Int32: ProcessToken] = [:]
  /// Processes whose main thread exited and that may continue, because another thread may call
  /// execve(2).
  private var awaitingExec: [ProcessToken: Process] = [:]
  /// By PID, the process in `awaitingExec` that had the PID last.
  private var awaitingTokens: [Int32: ProcessToken] = [:]
  /// The number of processes in each namespace.
  var presence = NamespacePresence()
  /// The number of calls of `put`: processes that started or changed their set.
  var changes = 0
  /// The PIDs that the last scan for pins found to have a file or socket of a namespace open.
  var pinHolders: Set<Int32> = []
  /// Whether one of the pin holders has exited since the last `takePinHolderExit`.
  private var hasPinHolderExited = false

  /// A running process or thread, and its open membership.
  struct Process {
    let pid: Int32
    /// The TID of a thread; nil for a process.
    var tid: Int32?
    let task: TaskID
    var membership: Int64
    /// The sequence number at which the membership began.
    var from: SequenceNumber
    var set: InternedSet
    /// Whether the beginning of its membership was worth reporting.
    var isNoteworthy: Bool
    /// Whether a sample has observed it.
    var isSampled = true
  }

  subscript(token: ProcessToken) -> Process? { processes[token] }

  /// The process with a PID.
  func process(pid: Int32) -> Process? { tokens[pid].flatMap { processes[$0] } }

  /// The parent of a process, or the process of a thread.
  func parent(of arrival: ProcessSample.Appearance) -> Process? {
    guard let thread = arrival.thread else { return process(pid: arrival.facts.parentPID) }
    return thread.process.flatMap { processes[$0] ?? awaitingExec[$0] }
  }

  /// Adds a process, or moves it to another set.
  mutating func put(_ process: Process, _ token: ProcessToken) {
    if let before = processes[token] { presence.leave(before.set, after: process.from - 1) }
    presence.enter(process.set)
    processes[token] = process
    if process.tid == nil {
      tokens[process.pid] = token
      // Once another process has the PID, the one that awaits an exec cannot continue.
      if let old = awaitingTokens[process.pid], old != token {
        awaitingExec[old] = nil
        awaitingTokens[process.pid] = nil
      }
    }
    changes += 1
  }

  /// Notes that a sample has observed the process.
  mutating func markSampled(_ token: ProcessToken) { processes[token]?.isSampled = true }

  /// Removes a process that was last observed at a sequence number. `mayResume` retains it in `awaitingExec`.
  mutating func remove(_ token: ProcessToken, after last: SequenceNumber, mayResume: Bool = false) {
    guard let process = processes.removeValue(forKey: token) else { return }
    presence.leave(process.set, after: last)
    if tokens[process.pid] == token { tokens[process.pid] = nil }
    if mayResume {
      awaitingExec[token] = process
      if process.tid == nil { awaitingTokens[process.pid] = token }
    }
    if process.tid == nil, pinHolders.contains(process.pid) { hasPinHolderExited = true }
  }

  /// Returns whether a process in `pinHolders` has exited since the last call.
  mutating func takePinHolderExit() -> Bool {
    defer { hasPinHolderExited = false }
    return hasPinHolderExited
  }

  /// Replaces sets after two rows of `namespace` were merged (`NamespaceMerger`): each set that contained the deleted
  /// row, by the set to use from now on.
  mutating func rename(_ sets: [NamespaceSetID: InternedSet]) {
    for (token, process) in processes {
      if let set = sets[process.set.id] { processes[token]?.set = set }
    }
    for (token, process) in awaitingExec {
      if let set = sets[process.set.id] { awaitingExec[token]?.set = set }
    }
    presence.recount(processes.values.lazy.map(\.set))
  }

  /// The tasks of the processes in `awaitingExec`.
  var resumable: [TaskID] { awaitingExec.values.map(\.task) }

  /// Removes a process from `awaitingExec` because it continues, and returns it.
  mutating func resume(_ token: ProcessToken) -> Process? {
    awaitingExec.removeValue(forKey: token)
  }
}

/// The number of processes in each namespace, and the namespaces that got their first process or lost
/// their last.
struct NamespacePresence {
  private var sets: [InternedSet: Int] = [:]
  /// The number of sets with a process in them that contain each namespace.
  private var counts: [Int64: Int] = [:]
  /// The namespaces that processes entered or left since the last call of `write`.
  private var changed: [Int64: PresenceChange] = [:]

  /// Whether a namespace in the last written changes lost its last process.
  private var hasEmptied = false

  private struct PresenceChange {
    let wasEmpty: Bool
    /// The last sequence number at which a process was in the namespace, if one left it.
    var last: SequenceNumber
  }

  mutating func enter(_ set: InternedSet) {
    sets[set, default: 0] += 1
    guard sets[set] == 1 else { return }
    for namespace in set.own { add(1, to: namespace, last: .zero) }
  }

  /// - Parameter last: the last sequence number at which a process was in the set.
  mutating func leave(_ set: InternedSet, after last: SequenceNumber) {
    guard let count = sets[set] else { return }
    sets[set] = count > 1 ? count - 1 : nil
    if count > 1 { return }
    for namespace in set.own { add(-1, to: namespace, last: last) }
  }

  /// Counts the processes again after sets and namespaces got other rows. The namespaces entered or left
  /// since the last call of `write` stay noted.
  mutating func recount(_ members: some Sequence<InternedSet>) {
    sets.removeAll()
    counts.removeAll()
    for set in members {
      sets[set, default: 0] += 1
      guard sets[set] == 1 else { continue }
      for namespace in set.own { counts[namespace, default: 0] += 1 }
    }
  }

  private mutating func add(_ change: Int, to namespace: Int64, last: SequenceNumber) {
    let before = counts[namespace] ?? 0
    changed[namespace, default: PresenceChange(wasEmpty: before == 0, last: last)].last = last
    counts[namespace] = before + change > 0 ? before + change : nil
  }

  /// Returns whether a written change took the last process from a namespace since the previous call.
  mutating func takeEmptied() -> Bool {
    defer { hasEmptied = false }
    return hasEmptied
  }

  /// Writes which namespaces got their first process and which lost their last.
  mutating func write(on connection: Connection) throws(SQLiteError) {
    for (namespace, change) in changed {
      let isEmpty = counts[namespace] == nil
      if change.wasEmpty, !isEmpty {
        try connection.prepare("UPDATE namespace SET last_seq = NULL WHERE namespace_id = ?")
          .bind(.integer(namespace)).run()
      } else if isEmpty {
        hasEmptied = true
        try connection.prepare("UPDATE namespace SET last_seq = ? WHERE namespace_id = ?")
          .bind(.number(change.last), .integer(namespace)).run()
      }
    }
    changed.removeAll()
  }
}
