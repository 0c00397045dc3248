/// One pass over every process, told as what differs from the pass before.
///
/// A pass is not atomic: each read in it happened between `start` and `end`.
public struct ProcessSample: Sendable {
  /// Before the first read.
  public var start: ClockReading
  /// After the last read.
  public var end: ClockReading
  /// Processes met for the first time.
  public var appeared: [Appearance] = []
  /// Processes whose links are not what the pass before told.
  public var changed: [Change] = []
  /// Processes and threads told before that are there no more.
  public var disappeared: [ProcessToken] = []
  /// Processes whose description was read again.
  public var described: [Redescription] = []
  /// Facts of processes that so far only events had reported.
  public var identified: [Identification] = []
  /// Of those that appeared, the ones that have the PID and the start time of one that disappeared: at
  /// the limit of open files nothing tells whether they are the same.
  public var unproven: Set<ProcessToken> = []
  /// Of those that changed or disappeared, the ones that events reported otherwise of: what they had been
  /// is certain only up to the sample before.
  public var contradicted: Set<ProcessToken> = []
  /// Namespaces of which an event had reported without the kernel's id, and that this sample read with it,
  /// through a task that held them all the time.
  public var renamed: [Renaming] = []
  /// Of how many tasks it showed what no event had reported.
  public private(set) var disagreementCount = 0
  /// The first of those.
  public private(set) var disagreements: [Disagreement] = []
  /// So many disagreements are kept of one sample.
  private static let mostDisagreements = 16
  /// How namespaces that were observed for the first time hang together with others.
  public var related: [NamespaceRelations] = []
  /// The inode numbers of the initial net and mnt namespaces, which vary by kernel, as far as they are
  /// known.
  public var initialInodes: [NamespaceType: UInt64] = [:]
  /// Whether the threads of every process were read; if not, only those beside a main thread that has
  /// exited, and that a thread is not told says nothing.
  public var hasThreads = false
  /// Whether the description of every process was read, and not only of some.
  public var hasAllDescriptions = false
  /// Of the threads that were read, those that are no tasks of their own.
  public var companions: [ThreadObservation] = []
  /// How many of what there is.
  public var counts = Counts()

  /// A pass that began at `start` and has told nothing yet.
  public init(start: ClockReading) {
    self.start = start
    end = start
  }

  /// Adds a task of which it showed what no event had reported.
  public mutating func disagree(_ disagreement: Disagreement) {
    disagreementCount += 1
    if disagreements.count < Self.mostDisagreements { disagreements.append(disagreement) }
  }

  /// A process met for the first time; or a thread that is seen for the first time to be where its
  /// process is not. Beside a main thread that has exited each is one of its own.
  public struct Appearance: Sendable {
    /// Its name from now on.
    public var token: ProcessToken
    /// What will not change; of a thread, its process's.
    public var facts: ProcessFacts
    /// Which thread it is; nil for a process.
    public var thread: ThreadFacts?
    /// What may.
    public var description: ProcessDescription
    /// Its links, in the order of `NamespaceLink`.
    public var links: [LinkState]

    /// An appearance with these values.
    public init(
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
  public struct ThreadObservation: Sendable {
    /// Which thread it is.
    public var thread: ThreadFacts
    /// Its process's number.
    public var pid: Int32
    /// Its links, in the order of `NamespaceLink`; nil where all are its process's.
    public var links: [LinkState]?

    /// A thread with these values.
    public init(thread: ThreadFacts, pid: Int32, links: [LinkState]?) {
      self.thread = thread
      self.pid = pid
      self.links = links
    }
  }

  /// A process in another namespace set than before.
  public struct Change: Sendable {
    /// Which process.
    public var token: ProcessToken
    /// Its links now, in the order of `NamespaceLink`.
    public var links: [LinkState]

    /// A change to these links.
    public init(token: ProcessToken, links: [LinkState]) {
      self.token = token
      self.links = links
    }
  }

  /// A description read again.
  public struct Redescription: Sendable {
    /// Which process.
    public var token: ProcessToken
    /// Its description now.
    public var description: ProcessDescription
    /// When the last pass began that read the description before, on the boot clock: what differs
    /// changed since then. Nil where that is not known.
    public var since: Int64?

    /// The description a process has now.
    public init(token: ProcessToken, description: ProcessDescription, since: Int64? = nil) {
      self.token = token
      self.description = description
      self.since = since
    }
  }

  /// Facts of a process.
  public struct Identification: Sendable {
    /// Which process.
    public var token: ProcessToken
    /// What will not change of it.
    public var facts: ProcessFacts

    /// The facts of a process.
    public init(token: ProcessToken, facts: ProcessFacts) {
      self.token = token
      self.facts = facts
    }
  }

  /// Another name of a namespace.
  public struct Renaming: Sendable, Hashable {
    /// What it was called up to now.
    public var from: ObservedNamespace
    /// What it is called from now on: with the kernel's id.
    public var to: ObservedNamespace

    /// A namespace that has these two names.
    public init(from: ObservedNamespace, to: ObservedNamespace) {
      self.from = from
      self.to = to
    }
  }

  /// Totals of one pass.
  public struct Counts: Sendable, Hashable {
    /// Processes there.
    public var processes = 0
    /// Distinct namespaces that a link points at.
    public var namespaces = 0
    /// Processes of which a link was denied.
    public var denied = 0
    /// The lowest PID of these; nil when there is none.
    public var firstDenied: Int32?
    /// Processes whose directory may be had and is not held: the limit of open files is reached.
    public var unheld = 0

    /// No process, and nothing denied.
    public init() {}
  }
}
