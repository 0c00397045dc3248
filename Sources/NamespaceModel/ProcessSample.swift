/// The result of one pass over every process, as differences from the previous pass.
///
/// A pass is not atomic: each read in it happened between `start` and `end`.
package struct ProcessSample: Sendable {
  /// The clocks before the first read of the pass.
  package var start: ClockReading
  /// The clocks after the last read of the pass.
  package var end: ClockReading
  /// Processes observed for the first time.
  package var appeared: [Appearance] = []
  /// Processes whose links differ from those that the previous pass reported.
  package var changed: [Change] = []
  /// Processes and threads that an earlier pass reported and that no longer exist.
  package var disappeared: [ProcessToken] = []
  /// Processes whose description was read again.
  package var described: [Redescription] = []
  /// Facts of processes that only events had reported until now.
  package var identified: [Identification] = []
  /// The tokens in `appeared` whose PID and start time equal those of a process in `disappeared`. At the
  /// limit of open files the source has no open directory of the earlier process, so it cannot prove
  /// whether both are one process.
  package var unproven: Set<ProcessToken> = []
  /// The tokens in `changed` and `disappeared` for which events had reported something else. The event
  /// reports on such a task are certain only up to the previous sample.
  package var contradicted: Set<ProcessToken> = []
  /// Namespaces that an event had reported without the kernel's id. This sample read the id through a
  /// task that was in the namespace the whole time.
  package var renamed: [Renaming] = []
  /// The number of tasks for which the sample shows a state that no event had reported.
  package private(set) var disagreementCount = 0
  /// The first of these disagreements, at most `mostDisagreements`.
  package private(set) var disagreements: [Disagreement] = []
  /// The most disagreements that one sample stores.
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

  /// A process observed for the first time, or a thread first observed in other namespaces than its
  /// process. If the main thread of the process has exited, each remaining thread is such a task.
  package struct Appearance: Sendable {
    /// The token that identifies it in this and later samples.
    package var token: ProcessToken
    /// The facts that never change; for a thread, those of its process.
    package var facts: ProcessFacts
    /// Which thread it is; nil for a process.
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

  /// A thread that is in the same namespaces as its process.
  package struct ThreadObservation: Sendable {
    /// Which thread it is.
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

  /// A process in another namespace set than before.
  package struct Change: Sendable {
    /// Which process.
    package var token: ProcessToken
    /// Its links now, in the order of `NamespaceLink`.
    package var links: [LinkState]

    /// A change to these links.
    package init(token: ProcessToken, links: [LinkState]) {
      self.token = token
      self.links = links
    }
  }

  /// A description read again.
  package struct Redescription: Sendable {
    /// Which process.
    package var token: ProcessToken
    /// Its description now.
    package var description: ProcessDescription
    /// When the last pass that read the previous description began, on the boot clock: any difference
    /// arose after that. Nil if that time is not known.
    package var since: BootTime?

    /// The description a process has now.
    package init(token: ProcessToken, description: ProcessDescription, since: BootTime? = nil) {
      self.token = token
      self.description = description
      self.since = since
    }
  }

  /// Facts of a process.
  package struct Identification: Sendable {
    /// Which process.
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
    /// Processes whose directory the source may open but does not hold, because the limit of open files
    /// is reached.
    package var unheld = 0

    /// No process, and nothing denied.
    package init() {}
  }
}
