internal import NamespaceModel

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
    let parent: Int64?
    /// Of the event that started it.
    let number: Int64
  }

  /// Where a process was made, and by whom.
  struct Parent {
    let task: Int64
    let set: InternedSet

    init(task: Int64, set: InternedSet) {
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
    running[token].map { Parent(task: -$0.number, set: $0.set) }
  }

  mutating func begin(
    _ start: EventStart, _ set: InternedSet, parent: Int64?, _ number: Int64
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
