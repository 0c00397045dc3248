/// A sample: the result of one pass over every process in `/proc`, as differences from the previous sample.
///
/// A pass is not atomic: each read in it happened between `start` and `end`.
package struct ProcessSample: Sendable {
  /// The clocks before the first read of the pass.
  package var start: ClockReading
  /// The clocks after the last read of the pass.
  package var end: ClockReading
  /// Processes, and threads that are tasks of their own, observed for the first time.
  package var appeared: [Appearance] = []
  /// Processes and threads whose links differ from those that the previous pass reported.
  package var changed: [Change] = []
  /// Processes and threads that an earlier pass reported and that no longer exist.
  package var disappeared: [ProcessToken] = []
  /// Processes and threads whose description was read again.
  package var described: [Redescription] = []
  /// Facts of processes that only events had reported until now.
  package var identified: [Identification] = []
  /// The tokens in `appeared` whose PID and start time equal those of a process in `disappeared`. Both may
  /// be the same process: at the limit of open files, the source held no open directory of the earlier
  /// process, which would distinguish the two.
  package var unproven: Set<ProcessToken> = []
  /// The tokens in `changed` and `disappeared` of tasks for which events had reported another state. The
  /// reports by events about such a task are certain only up to the previous sample.
  package var contradicted: Set<ProcessToken> = []
  /// Namespaces that an event had reported without the kernel's id, and whose id this sample read through a
  /// task that was in the namespace all the time since that event.
  package var renamed: [Renaming] = []
  /// The number of tasks for which the sample shows a state that no event had reported.
  package private(set) var disagreementCount = 0
  /// The first of these disagreements, at most `mostDisagreements`.
  package private(set) var disagreements: [Disagreement] = []
  /// The greatest number of disagreements that one sample stores.
  private static let mostDisagreements = 16
  /// The owners and parents of namespaces observed for the first time.
  package var related: [NamespaceRelations] = []
  /// The inode numbers of the initial net and mnt namespaces, which vary by kernel, as far as they are
  /// known.
  package var initialInodes: [NamespaceType: UInt64] = [:]
  /// Whether the source read the threads of every process. If false, it read only the threads of
  /// processes whose main thread has exited, and a thread that is absent from the sample may still
  /// exist.
  package var hasThreads = false
  /// Whether `threadObservations` has all threads that are no tasks of their own, and not only those whose links may
  /// differ from the links of their process.
  package var hasSharingThreads = false
  /// Whether the source read the description of every process, not only of some.
  package var hasAllDescriptions = false
  /// The threads that the source read and that the history does not record as tasks of their own.
  package var threadObservations: [ThreadObservation] = []
  /// Totals of the pass.
  package var counts = Counts()

  /// A sample of a pass that began at `start`, with no differences yet.
  package init(start: ClockReading) {
    self.start = start
    end = start
  }

  /// Adds a task for which the sample shows a state that no event had reported.
  package mutating func disagree(_ disagreement: Disagreement) {
    disagreementCount += 1
    if disagreements.count < Self.mostDisagreements { disagreements.append(disagreement) }
  }

  /// A task that a sample observes for the first time: a process, or a thread that is now in other namespaces than its
  /// process. If the main thread of a process has exited, each remaining thread is a task of its own.
  package struct Appearance: Sendable {
    /// The token that identifies the task in this and later samples.
    package var token: ProcessToken
    /// The facts that never change; for a thread, those of its process.
    package var facts: ProcessFacts
    /// The facts of the thread; nil for a process.
    package var thread: ThreadFacts?
    /// The description, which may change.
    package var description: ProcessDescription
    /// Its links, in the order of `NamespaceLink`.
    package var links: [LinkState]

    /// An appearance with these values.
    package init(
      token: ProcessToken, facts: ProcessFacts, thread: ThreadFacts? = nil,
      description: ProcessDescription, links: [LinkState]
    ) {
      self.token = token
      self.facts = facts
      self.thread = thread
      self.description = description
      self.links = links
    }
  }

  /// A thread that is no task of its own, because it is in the same namespaces as its process. Its links for
  /// children, and links that could not be read, may differ from those of its process.
  package struct ThreadObservation: Sendable {
    /// The facts of the thread.
    package var thread: ThreadFacts
    /// The PID of its process.
    package var pid: Int32
    /// Its links, in the order of `NamespaceLink`; nil if all equal those of its process.
    package var links: [LinkState]?

    /// A thread with these values.
    package init(thread: ThreadFacts, pid: Int32, links: [LinkState]?) {
      self.thread = thread
      self.pid = pid
      self.links = links
    }
  }

  /// A process or thread whose links differ from those in the previous sample.
  package struct Change: Sendable {
    /// The process or thread.
    package var token: ProcessToken
    /// Its present links, in the order of `NamespaceLink`.
    package var links: [LinkState]

    /// A change to these links.
    package init(token: ProcessToken, links: [LinkState]) {
      self.token = token
      self.links = links
    }
  }

  /// The description of a process that the source had described before and has read again.
  package struct Redescription: Sendable {
    /// The process.
    package var token: ProcessToken
    /// Its present description.
    package var description: ProcessDescription
    /// The start, on the boot clock, of the last pass that read the previous description: any difference
    /// arose after that. Nil if that time is not known.
    package var since: BootTime?

    /// A description with these values.
    package init(token: ProcessToken, description: ProcessDescription, since: BootTime? = nil) {
      self.token = token
      self.description = description
      self.since = since
    }
  }

  /// The facts of a process that only an event had reported until now.
  package struct Identification: Sendable {
    /// The process.
    package var token: ProcessToken
    /// The facts, which never change.
    package var facts: ProcessFacts

    /// The facts of a process.
    package init(token: ProcessToken, facts: ProcessFacts) {
      self.token = token
      self.facts = facts
    }
  }

  /// A change of the name by which samples and events identify a namespace.
  package struct Renaming: Sendable, Hashable {
    /// The name up to now, without the kernel's id.
    package var from: ObservedNamespace
    /// The name from now on, with the kernel's id.
    package var to: ObservedNamespace

    /// A namespace that has these two names.
    package init(from: ObservedNamespace, to: ObservedNamespace) {
      self.from = from
      self.to = to
    }
  }

  /// Totals of one pass.
  package struct Counts: Sendable, Hashable {
    /// The processes that exist.
    package var processes = 0
    /// Distinct namespaces that a link points at.
    package var namespaces = 0
    /// Processes with a link that the source was not permitted to read.
    package var denied = 0
    /// The lowest PID of the denied processes; nil when there is none.
    package var firstDenied: Int32?
    /// Processes whose directory the source could open but does not hold open from pass to pass, because
    /// the limit of open files is reached.
    package var notHeldOpen = 0

    /// Counts that are all 0.
    package init() {}
  }
}
