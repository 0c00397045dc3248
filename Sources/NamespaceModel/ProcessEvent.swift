/// One change of a process or thread, as the kernel reported it, with its time.
package struct ProcessEvent: Sendable {
  /// The time of the change.
  package var boot: BootTime
  /// The change.
  package var change: Change

  /// A change at a time.
  package init(boot: BootTime, _ change: Change) {
    self.boot = boot
    self.change = change
  }

  /// The kinds of change.
  package enum Change: Sendable {
    /// The process started: fork(2), clone(2). For a thread: the namespaces of the thread came to
    /// differ from those of its process.
    case started(EventStart)
    /// The process changed its namespaces by unshare(2) or setns(2). A change is also reported when the main
    /// thread exits while other threads still run: the process then has the links of a zombie. When one of
    /// these threads executes a program, another change reports the namespaces of that thread, in which the
    /// process continues.
    case moved(ProcessToken, ObservedSet)
    /// The process exited, which happens when its last thread exits. If `mayResume` is true, the process may
    /// have threads that no event reported. One of them may still call execve(2), so that the process
    /// continues; `resumed` reports that.
    case exited(ProcessToken, mayResume: Bool)
    /// The process was a zombie and had been reaped by this event, because another process got its PID. No event
    /// reports when a zombie is reaped.
    case reaped(ProcessToken)
    /// The process continued although its exit was reported: a thread that no event had reported called
    /// execve(2).
    case resumed(ProcessToken, ObservedSet)
    /// The process changed its name by execve(2), or by PR_SET_NAME of prctl(2). The user and the cgroup, if
    /// present, were read right after the change, and may have had these values before it.
    case described(ProcessToken, ProcessDescription)
  }
}

/// A namespace set: the ten links of a process. All processes with the same links share one object, so that the history
/// records each set once.
package final class ObservedSet: Sendable {
  /// The links in the order of `NamespaceLink`.
  package let links: [LinkState]

  /// A set of these links.
  package init(links: [LinkState]) { self.links = links }
}

/// The start of a process; or, for a thread, the moment at which its namespaces came to differ from those of its
/// process.
package struct EventStart: Sendable {
  /// The token that identifies the task from now on.
  package var token: ProcessToken
  /// The task that created this one; nil if it is not known.
  package var parent: ProcessToken?
  /// The TID, if the task is a thread whose namespaces differ from those of its process; nil for a
  /// process.
  package var tid: Int32?
  /// For a thread, how its namespaces came to differ from those of its process.
  package var origin: ThreadOrigin
  /// The properties that never change, as far as an event reports them.
  package var facts: ProcessFacts
  /// The properties that may change. The name is that of the last exec. Parts that were not read have
  /// the parent's values, and are marked in `inherited`.
  package var description: ProcessDescription
  /// The namespaces of the task.
  package var set: ObservedSet

  /// A start with these values.
  package init(
    token: ProcessToken, parent: ProcessToken?, tid: Int32? = nil,
    origin: ThreadOrigin = .unknown, facts: ProcessFacts, description: ProcessDescription,
    set: ObservedSet
  ) {
    self.token = token
    self.parent = parent
    self.tid = tid
    self.origin = origin
    self.facts = facts
    self.description = description
    self.set = set
  }
}

/// Successive events in time order, which are written together. No event between the first and the last was lost.
package struct EventBatch: Sendable {
  /// The wall-clock time at which the boot clock read 0.
  package var epoch: WallTime
  /// The events in time order.
  package var events: [ProcessEvent] = []

  /// An empty batch.
  package init(epoch: WallTime) { self.epoch = epoch }

  /// Whether the batch has no events to report.
  package var isEmpty: Bool { events.isEmpty }
}
