internal import NamespaceModel

/// The rows of the processes that are there, as the last committed sample has them.
struct LiveProcesses {
  private(set) var processes: [ProcessToken: Process] = [:]
  private var tokens: [Int32: ProcessToken] = [:]
  /// How many of them are in each namespace.
  var presence = NamespacePresence()
  /// How many came or moved.
  var changes = 0

  /// A process that is there, and its open membership.
  struct Process {
    let pid: Int32
    let task: Int64
    var membership: Int64
    var set: InternedSet
    /// Whether there was something to tell of how it came to where it is.
    var hasCause: Bool
  }

  subscript(token: ProcessToken) -> Process? { processes[token] }

  /// The process with a PID.
  func process(pid: Int32) -> Process? { tokens[pid].flatMap { processes[$0] } }

  /// Takes a process in, or over into another set.
  mutating func put(_ process: Process, _ token: ProcessToken) {
    if let before = processes[token] { presence.leave(before.set) }
    presence.enter(process.set)
    processes[token] = process
    tokens[process.pid] = token
    changes += 1
  }

  /// Forgets a process.
  mutating func remove(_ token: ProcessToken) {
    guard let process = processes.removeValue(forKey: token) else { return }
    presence.leave(process.set)
    if tokens[process.pid] == token { tokens[process.pid] = nil }
  }
}
