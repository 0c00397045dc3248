internal import SQLite

/// Which processes a question is about.
package indirect enum ProcessSelector: Sendable, Hashable {
  /// Every process that had a PID; with a time, in nanoseconds since the epoch, the one that may
  /// have had it then, or within so many nanoseconds: a time that was cut to its last digit stands for
  /// all that the digit does.
  case pid(Int64, alive: Int64? = nil, within: Int64 = 0)
  /// A thread other than the main one, from when on its namespaces differed from its process's; with a
  /// time, the one that may have had its numbers then, as for `pid`.
  case thread(TaskNumber, alive: Int64? = nil, within: Int64 = 0)
  /// Every process with this name, as the kernel has it or as it is shown (`SystemText`).
  case comm(String)
  /// Every process of the containers that have this name, or else whose id begins with it, and of
  /// those inside them.
  case container(String)
  /// Every process that had a PID as it is seen inside pid namespaces (`pid_namespaces(7)`).
  case inner(Int64, PIDNamespaces)
  /// Of the processes that are selected, and were there in the time asked for, the last one: of a
  /// PID the process that has it now, or else the one that had it last. This is what a bare PID
  /// means to a person.
  case latest(ProcessSelector)

  /// Pid namespaces.
  package enum PIDNamespaces: Sendable, Hashable {
    /// Those that are selected.
    case selected(NamespaceSelector)
    /// Those that the processes of containers are in, by name or the beginning of an id.
    case container(String)
  }

  /// The time at which a process with a PID is meant; nil for none.
  package var alive: Int64? {
    switch self {
    case .pid(_, let alive, _), .thread(_, let alive, _): alive
    case .latest(let all): all.alive
    case .comm, .container, .inner: nil
    }
  }

  /// The PID of which the last process is meant; nil of every other selector.
  package var latestPID: Int64? {
    switch self {
    case .latest(.pid(let pid, _, _)), .latest(.inner(let pid, _)): pid
    default: nil
    }
  }

  /// Whether the PID is one that a pid namespace or a container sees.
  package var isByInnerPID: Bool {
    switch self {
    case .latest(let all): all.isByInnerPID
    case .inner: true
    default: false
    }
  }
}

extension HistoryReader {
  /// What tells whether a process is one of those that are selected. Of a PID without a time it is any
  /// that had it.
  ///
  /// - Parameter countsOutsiders: whether those who came into a container from outside are of it.
  package func matcher(
    _ selector: ProcessSelector, countsOutsiders: Bool = true
  ) throws(HistoryError) -> (ProcessRecord) -> Bool {
    switch selector {
    case .pid(let pid, alive: nil, _): return { $0.pid == pid }
    case .thread(let number, alive: nil, _): return { $0.number == number }
    case .comm, .container:
      let isMeant = try reading(.processes([selector])) { (reading) throws(SQLiteError) in
        try DescriptionMatcher(selector, in: reading.connection)
      }
      return { process in
        process.askedDescriptions.contains { isMeant?.matches($0) == true }
          || countsOutsiders && process.outsideOf.contains { isMeant?.matches($0) == true }
      }
    case .latest(let all): return try matcher(all, countsOutsiders: countsOutsiders)
    case .inner, .pid, .thread:
      let meant = Set(try processes(selector).map(\.id))
      return { meant.contains($0.id) }
    }
  }
}

/// The number of a process, or the two of a thread: `4711`, `4711/4713`.
package struct TaskNumber: Sendable, Hashable, CustomStringConvertible {
  /// The PID, as the recorder saw it.
  package let pid: Int64
  /// Of a thread other than the main one, its own number; nil for a process.
  package let tid: Int64?

  /// The number of a process or of one of its threads.
  package init(pid: Int64, tid: Int64? = nil) {
    self.pid = pid
    self.tid = tid
  }

  /// As every output has it.
  package var description: String { tid.map { "\(pid)/\($0)" } ?? String(pid) }
}

extension ProcessRecord {
  /// Its PID, and of a thread its own number.
  package var number: TaskNumber { TaskNumber(pid: pid, tid: tid) }
}
