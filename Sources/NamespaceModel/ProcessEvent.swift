/// What the kernel reported of a process at a moment.
package struct ProcessEvent: Sendable {
  /// Nanoseconds of the boot clock.
  package var boot: Int64
  /// What happened.
  package var change: Change

  /// A change at a moment.
  package init(boot: Int64, _ change: Change) {
    self.boot = boot
    self.change = change
  }

  /// What happened to a process.
  package enum Change: Sendable {
    /// It started: fork(2), clone(2). Or a thread came to differ from its process.
    case started(EventStart)
    /// It changed its namespaces: unshare(2), setns(2). Or the main thread of a process exited while
    /// others run on, and its links are those of a zombie; or one of these executed a program, and the
    /// process goes on where that thread was.
    case moved(ProcessToken, ObservedSet)
    /// It exited: a process exits with its last thread. One that may have threads that were never
    /// reported may still exec, and then goes on.
    case exited(ProcessToken, mayResume: Bool)
    /// It went on by exec after it was reported to have exited.
    case resumed(ProcessToken, ObservedSet)
    /// It took another name: execve(2), or PR_SET_NAME of prctl(2). Its user and its cgroup, where they
    /// are given, were read right after that, and may have been so before.
    case described(ProcessToken, ProcessDescription)
  }
}

/// The links of a process, as one object for all who have the same: the one object is what is
/// recorded once.
package final class ObservedSet: Sendable {
  /// In the order of `NamespaceLink`.
  package let links: [LinkState]

  /// A set of these links.
  package init(links: [LinkState]) { self.links = links }
}

/// A process, or a thread, as it starts.
package struct EventStart: Sendable {
  /// Its name from now on.
  package var token: ProcessToken
  /// Who made it; nil where that is not known.
  package var parent: ProcessToken?
  /// Of a thread whose namespaces differ from its process's, its number.
  package var tid: Int32?
  /// Of a thread, how it came to be where it is.
  package var origin: ThreadOrigin
  /// What will not change, as far as an event reports it.
  package var facts: ProcessFacts
  /// What may: the name of its last exec. Parts that were not read are its parent's, and say so.
  package var description: ProcessDescription
  /// Where it is.
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

/// Events in the order of time, with nothing lost in between.
package struct EventBatch: Sendable {
  /// What the wall clock showed when the boot clock showed 0, in nanoseconds since the epoch.
  package var epoch: Int64
  /// In order of time.
  package var events: [ProcessEvent] = []

  /// A batch of none yet.
  package init(epoch: Int64) { self.epoch = epoch }

  /// Whether there is nothing to tell.
  package var isEmpty: Bool { events.isEmpty }
}
