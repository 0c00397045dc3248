/// What the kernel reported a process at a moment.
public struct ProcessEvent: Sendable {
  /// Nanoseconds of the boot clock.
  public var boot: Int64
  /// What happened.
  public var change: Change

  /// A change at a moment.
  public init(boot: Int64, _ change: Change) {
    self.boot = boot
    self.change = change
  }

  /// What happened to a process.
  public enum Change: Sendable {
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
public final class ObservedSet: Sendable {
  /// In the order of `NamespaceLink`.
  public let links: [LinkState]

  /// A set of these links.
  public init(links: [LinkState]) { self.links = links }
}

/// A process, or a thread, as it starts.
public struct EventStart: Sendable {
  /// Its name from now on.
  public var token: ProcessToken
  /// Who made it; nil where that is not known.
  public var parent: ProcessToken?
  /// Of a thread whose namespaces differ from its process's, its number.
  public var tid: Int32?
  /// Of a thread, how it came to be where it is.
  public var origin: ThreadOrigin
  /// What will not change, as far as an event reports it.
  public var facts: ProcessFacts
  /// What may: the name of its last exec. Parts that were not read are its parent's, and say so.
  public var description: ProcessDescription
  /// Where it is.
  public var set: ObservedSet

  /// A start with these values.
  public init(
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
public struct EventBatch: Sendable {
  /// What the wall clock showed when the boot clock showed 0, in nanoseconds since the epoch.
  public var epoch: Int64
  /// In order of time.
  public var events: [ProcessEvent] = []

  /// A batch of none yet.
  public init(epoch: Int64) { self.epoch = epoch }

  /// Whether there is nothing to tell.
  public var isEmpty: Bool { events.isEmpty }
}
