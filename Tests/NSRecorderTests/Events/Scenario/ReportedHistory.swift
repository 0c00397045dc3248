// The state that a history has after the reported events and samples.

import NamespaceModel

@testable import NSRecorder

/// The running tasks and their links, according to the reports that were applied so far.
struct ReportedHistory {
  /// A running task, or a zombie.
  struct Task {
    let pid: Int32
    let tid: Int32?
    var parent: ProcessToken?
    var links: [LinkState]
    var comm: [UInt8]?
    var isZombie: Bool { links.contains(.unread(.zombie)) }
  }

  private(set) var tasks: [ProcessToken: Task] = [:]
  private var resumable: [ProcessToken: Task] = [:]
  /// The reports that contradict earlier reports.
  private(set) var faults: [String] = []
  private(set) var lastTime: BootTime = .min

  /// Returns the only process with a PID.
  func process(_ pid: Int32) -> (token: ProcessToken, task: Task)? {
    tasks.first { $0.value.pid == pid && $0.value.tid == nil }.map { ($0.key, $0.value) }
  }

  /// Returns the thread with a TID, as a task of its own.
  func thread(_ tid: Int32) -> (token: ProcessToken, task: Task)? {
    tasks.first { $0.value.tid == tid }.map { ($0.key, $0.value) }
  }

  mutating func apply(_ event: ProcessEvent) {
    if event.boot < lastTime { faults.append("\(event) is before the last") }
    lastTime = event.boot
    switch event.change {
    case .started(let start):
      if start.tid == nil, let known = process(start.facts.pid) {
        faults.append("\(start.facts.pid) starts again, and is \(known.token)")
      }
      add(
        start.token,
        Task(
          pid: start.facts.pid, tid: start.tid, parent: start.parent, links: start.set.links,
          comm: start.description.comm))
    case .moved(let token, let set): move(token, set.links)
    case .described(let token, let description):
      if tasks[token] == nil { faults.append("\(token) has a name, and is not there") }
      tasks[token]?.comm = description.comm
    case .exited(let token, let mayResume):
      let task = tasks.removeValue(forKey: token)
      if task == nil { faults.append("\(token) exits, and is not there") }
      if mayResume { resumable[token] = task }
    case .reaped(let token):
      if tasks.removeValue(forKey: token)?.isZombie != true {
        faults.append("\(token) is reaped, and is no zombie")
      }
    case .resumed(let token, let set):
      guard var task = resumable.removeValue(forKey: token) else {
        faults.append("\(token) is resumed, and was not resumable")
        return
      }
      task.links = set.links
      add(token, task)
    }
  }

  mutating func apply(_ sample: ProcessSample) {
    for token in sample.disappeared where tasks.removeValue(forKey: token) == nil {
      faults.append("\(token) disappears, and is not there")
    }
    for one in sample.appeared {
      add(
        one.token,
        Task(
          pid: one.facts.pid, tid: one.thread?.tid, parent: one.thread?.process, links: one.links,
          comm: one.description.comm))
    }
    for change in sample.changed { move(change.token, change.links) }
    for one in sample.identified where tasks[one.token] == nil {
      faults.append("\(one.token) is identified, and is not there")
    }
    for one in sample.described { tasks[one.token]?.comm = one.description.comm }
  }

  private mutating func add(_ token: ProcessToken, _ task: Task) {
    if tasks[token] != nil { faults.append("\(token) begins, and is there") }
    if let tid = task.tid, let known = thread(tid) {
      faults.append("thread \(tid) begins, and is \(known.token)")
    }
    tasks[token] = task
  }

  private mutating func move(_ token: ProcessToken, _ links: [LinkState]) {
    if tasks[token] == nil { faults.append("\(token) moves, and is not there") }
    tasks[token]?.links = links
  }
}
