internal import NamespaceModel

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
    let task: Int64
    var membership: Int64
    /// The number of the sample or event that the membership began with.
    var from: Int64
    var set: InternedSet
    /// Whether there was something to tell of how it came to where it is.
    var isNoteworthy: Bool
    /// Whether a sample has met it.
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

  /// A sample has met the process.
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
  mutating func rename(_ sets: [Int64: InternedSet]) {
    for (token, process) in processes {
      if let set = sets[process.set.row] { processes[token]?.set = set }
    }
    for (token, process) in paused {
      if let set = sets[process.set.row] { paused[token]?.set = set }
    }
    presence.recount(processes.values.lazy.map(\.set))
  }

  /// A process that goes on.
  mutating func resume(_ token: ProcessToken) -> Process? { paused.removeValue(forKey: token) }
}
