internal import NamespaceModel
internal import SQLite

/// The rows of the processes that are there, as the last committed sample or event has them.
struct LiveProcesses {
  private(set) var processes: [ProcessToken: Process] = [:]
  private var tokens: [Int32: ProcessToken] = [:]
  /// Those whose main thread exited, and that may go on by exec.
  private var paused: [ProcessToken: Process] = [:]
  /// How many of them are in each namespace.
  var presence = NamespacePresence()
  /// How many came or moved.
  var changes = 0
  /// The PIDs that the last scan for pins found to have a file or socket of a namespace open.
  var pinHolders: Set<Int32> = []
  /// Whether one of these has exited since the last `takePinHolderExit`.
  private var hasPinHolderExited = false

  /// A process that is there, and its open membership.
  struct Process {
    let pid: Int32
    /// Of a thread, its number.
    var tid: Int32?
    let task: TaskID
    var membership: Int64
    /// The number of the sample or event that the membership began with.
    var from: Int64
    var set: InternedSet
    /// Whether there was something to tell of how it came to where it is.
    var isNoteworthy: Bool
    /// Whether a sample has observed it.
    var isMet = true
  }

  subscript(token: ProcessToken) -> Process? { processes[token] }

  /// The process with a PID.
  func process(pid: Int32) -> Process? { tokens[pid].flatMap { processes[$0] } }

  /// The one that a process was made by, or that a thread is of.
  func parent(of arrival: ProcessSample.Appearance) -> Process? {
    guard let thread = arrival.thread else { return process(pid: arrival.facts.parentPID) }
    return thread.process.flatMap { processes[$0] ?? paused[$0] }
  }

  /// Takes a process in, or over into another set.
  mutating func put(_ process: Process, _ token: ProcessToken) {
    if let before = processes[token] { presence.leave(before.set, after: process.from - 1) }
    presence.enter(process.set)
    processes[token] = process
    if process.tid == nil { tokens[process.pid] = token }
    changes += 1
  }

  /// A sample has observed the process.
  mutating func meet(_ token: ProcessToken) { processes[token]?.isMet = true }

  /// Forgets a process, that was there last at a number; unless it may go on.
  mutating func remove(_ token: ProcessToken, after last: Int64, mayResume: Bool = false) {
    guard let process = processes.removeValue(forKey: token) else { return }
    presence.leave(process.set, after: last)
    if tokens[process.pid] == token { tokens[process.pid] = nil }
    if mayResume { paused[token] = process }
    if process.tid == nil, pinHolders.contains(process.pid) { hasPinHolderExited = true }
  }

  mutating func takePinHolderExit() -> Bool {
    defer { hasPinHolderExited = false }
    return hasPinHolderExited
  }

  /// Two namespaces turned out to be one: sets that had the one are called otherwise now.
  mutating func rename(_ sets: [NamespaceSetID: InternedSet]) {
    for (token, process) in processes {
      if let set = sets[process.set.id] { processes[token]?.set = set }
    }
    for (token, process) in paused {
      if let set = sets[process.set.id] { paused[token]?.set = set }
    }
    presence.recount(processes.values.lazy.map(\.set))
  }

  /// A process that goes on.
  mutating func resume(_ token: ProcessToken) -> Process? { paused.removeValue(forKey: token) }
}

/// How many processes are in each namespace, and which of them got their first or lost their last.
struct NamespacePresence {
  private var sets: [InternedSet: Int] = [:]
  /// How many sets with a process in them have each namespace.
  private var counts: [Int64: Int] = [:]
  /// Those that were entered or left since the last call of `write`.
  private var touched: [Int64: Touch] = [:]

  /// Whether one of those that were written lost its last process.
  private var hasEmptied = false

  private struct Touch {
    let wasEmpty: Bool
    /// The number of the last sample or event at which a process was in it, when it was left.
    var last: Int64
  }

  mutating func enter(_ set: InternedSet) {
    sets[set, default: 0] += 1
    guard sets[set] == 1 else { return }
    for namespace in set.own { add(1, to: namespace, last: 0) }
  }

  /// - Parameter last: the number of the last sample or event that saw a process in it.
  mutating func leave(_ set: InternedSet, after last: Int64) {
    guard let count = sets[set] else { return }
    sets[set] = count > 1 ? count - 1 : nil
    if count > 1 { return }
    for namespace in set.own { add(-1, to: namespace, last: last) }
  }

  /// Counts anew, because sets and namespaces got other rows. Which were entered or left since the last call of `write`
  /// is kept.
  mutating func recount(_ members: some Sequence<InternedSet>) {
    sets.removeAll()
    counts.removeAll()
    for set in members {
      sets[set, default: 0] += 1
      guard sets[set] == 1 else { continue }
      for namespace in set.own { counts[namespace, default: 0] += 1 }
    }
  }

  private mutating func add(_ change: Int, to namespace: Int64, last: Int64) {
    let before = counts[namespace] ?? 0
    touched[namespace, default: Touch(wasEmpty: before == 0, last: last)].last = last
    counts[namespace] = before + change > 0 ? before + change : nil
  }

  /// Whether a namespace lost its last process, in what was written since the last call.
  mutating func takeEmptied() -> Bool {
    defer { hasEmptied = false }
    return hasEmptied
  }

  /// Writes down which namespaces have got their first process, and which have lost their last.
  mutating func write(on connection: Connection) throws(SQLiteError) {
    for (namespace, touch) in touched {
      let isEmpty = counts[namespace] == nil
      if touch.wasEmpty, !isEmpty {
        try connection.prepare("UPDATE namespace SET last_seq = NULL WHERE namespace_id = ?")
          .bind(.integer(namespace)).run()
      } else if isEmpty {
        hasEmptied = true
        try connection.prepare("UPDATE namespace SET last_seq = ? WHERE namespace_id = ?")
          .bind(.integer(touch.last), .integer(namespace)).run()
      }
    }
    touched.removeAll()
  }
}
