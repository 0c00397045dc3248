/// One pass over every process, told as what differs from the pass before.
///
/// A pass is not atomic: each read in it happened between `start` and `end`.
package struct ProcessSample: Sendable {
  /// Before the first read.
  package var start: ClockReading
  /// After the last read.
  package var end: ClockReading
  /// Processes met for the first time.
  package var appeared: [Appearance] = []
  /// Processes whose links are not what the pass before told.
  package var changed: [Change] = []
  /// Processes and threads told before that are there no more.
  package var disappeared: [ProcessToken] = []
  /// Processes whose description was read again.
  package var described: [Redescription] = []
  /// Facts of processes that so far only events had reported.
  package var identified: [Identification] = []
  /// Of those that appeared, the ones that have the PID and the start time of one that disappeared: at
  /// the limit of open files nothing tells whether they are the same.
  package var unproven: Set<ProcessToken> = []
  /// Of those that changed or disappeared, the ones that events reported otherwise: what they had been
  /// is certain only up to the sample before.
  package var contradicted: Set<ProcessToken> = []
  /// Namespaces that an event had reported without the kernel's id, and that this sample read with it,
  /// through a task that held them all the time.
  package var renamed: [Renaming] = []
  /// Of how many tasks it showed what no event had reported.
  package private(set) var disagreementCount = 0
  /// The first of those.
  package private(set) var disagreements: [Disagreement] = []
  /// So many disagreements are kept of one sample.
  private static let mostDisagreements = 16
  /// How namespaces that were observed for the first time hang together with others.
  package var related: [NamespaceRelations] = []
  /// The inode numbers of the initial net and mnt namespaces, which vary by kernel, as far as they are
  /// known.
  package var initialInodes: [NamespaceType: UInt64] = [:]
  /// Whether the threads of every process were read; if not, only those beside a main thread that has
  /// exited, and that a thread is not told says nothing.
  package var hasThreads = false
  /// Whether the description of every process was read, and not only of some.
  package var hasAllDescriptions = false
  /// Of the threads that were read, those that are no tasks of their own.
  package var companions: [ThreadObservation] = []
  /// How many of what there is.
  package var counts = Counts()

  /// A pass that began at `start` and has told nothing yet.
  package init(start: ClockReading) {
    self.start = start
    end = start
  }

  /// Adds a task of which it showed what no event had reported.
  package mutating func disagree(_ disagreement: Disagreement) {
    disagreementCount += 1
    if disagreements.count < Self.mostDisagreements { disagreements.append(disagreement) }
  }

  /// A process met for the first time; or a thread that is seen for the first time to be where its
  /// process is not. Beside a main thread that has exited each is one of its own.
  package struct Appearance: Sendable {
    /// Its name from now on.
    package var token: ProcessToken
    /// What will not change; of a thread, its process's.
    package var facts: ProcessFacts
    /// Which thread it is; nil for a process.
    package var thread: ThreadFacts?
    /// What may.
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

  /// A thread that is where its process is.
  package struct ThreadObservation: Sendable {
    /// Which thread it is.
    package var thread: ThreadFacts
    /// Its process's number.
    package var pid: Int32
    /// Its links, in the order of `NamespaceLink`; nil where all are its process's.
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
    /// When the last pass began that read the description before, on the boot clock: what differs
    /// changed since then. Nil where that is not known.
    package var since: Int64?

    /// The description a process has now.
    package init(token: ProcessToken, description: ProcessDescription, since: Int64? = nil) {
      self.token = token
      self.description = description
      self.since = since
    }
  }

  /// Facts of a process.
  package struct Identification: Sendable {
    /// Which process.
    package var token: ProcessToken
    /// What will not change of it.
    package var facts: ProcessFacts

    /// The facts of a process.
    package init(token: ProcessToken, facts: ProcessFacts) {
      self.token = token
      self.facts = facts
    }
  }

  /// Another name of a namespace.
  package struct Renaming: Sendable, Hashable {
    /// What it was called up to now.
    package var from: ObservedNamespace
    /// What it is called from now on: with the kernel's id.
    package var to: ObservedNamespace

    /// A namespace that has these two names.
    package init(from: ObservedNamespace, to: ObservedNamespace) {
      self.from = from
      self.to = to
    }
  }

  /// Totals of one pass.
  package struct Counts: Sendable, Hashable {
    /// Processes there.
    package var processes = 0
    /// Distinct namespaces that a link points at.
    package var namespaces = 0
    /// Processes of which a link was denied.
    package var denied = 0
    /// The lowest PID of these; nil when there is none.
    package var firstDenied: Int32?
    /// Processes whose directory may be had and is not held: the limit of open files is reached.
    package var unheld = 0

    /// No process, and nothing denied.
    package init() {}
  }
}
