/// What the kernel told of a process at a moment.
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
    /// It changed its namespaces: unshare(2), setns(2).
    case moved(ProcessToken, ObservedSet)
    /// It exited, or a thread is as its process again. A process whose main thread exits while others
    /// run may still exec, and then goes on.
    case exited(ProcessToken, mayResume: Bool)
    /// It went on by exec after its main thread had exited.
    case resumed(ProcessToken, ObservedSet)
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
  /// What will not change, as far as an event tells it.
  public var facts: ProcessFacts
  /// What may: the name of its last exec; the rest is its parent's until it is read.
  public var description: ProcessDescription
  /// Where it is.
  public var set: ObservedSet

  /// A start with these values.
  public init(
    token: ProcessToken, parent: ProcessToken?, tid: Int32? = nil, facts: ProcessFacts,
    description: ProcessDescription, set: ObservedSet
  ) {
    self.token = token
    self.parent = parent
    self.tid = tid
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
  /// Descriptions that changed since the batch before: of an exec, mostly.
  public var described: [ProcessSample.Redescription] = []

  /// A batch of none yet.
  public init(epoch: Int64) { self.epoch = epoch }

  /// Whether there is nothing to tell.
  public var isEmpty: Bool { events.isEmpty && described.isEmpty }
}
