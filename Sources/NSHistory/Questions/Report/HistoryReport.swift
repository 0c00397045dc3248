package import NamespaceModel

/// The question for a report: "Show what happened to these processes, containers and namespaces in this time."
package struct ReportQuestion: Sendable {
  /// The time asked about.
  package var window: TimeWindow
  /// The processes that the user named.
  package var processes: [ProcessSelector]
  /// The namespaces that the user named: the report is about every process that was in them.
  package var namespaces: [NamespaceSelector]
  /// The greatest number of pieces of time that the report holds.
  package var mostPieces: Int
  /// The greatest number of processes and threads that the report holds.
  package var mostLanes: Int

  /// Creates a question; one that names neither a process nor a namespace selects every process that was in a namespace
  /// that is not initial.
  package init(
    in window: TimeWindow = TimeWindow(), processes: [ProcessSelector] = [],
    namespaces: [NamespaceSelector] = [], mostPieces: Int = 500_000, mostLanes: Int = 20_000
  ) {
    self.window = window
    self.processes = processes
    self.namespaces = namespaces
    self.mostPieces = mostPieces
    self.mostLanes = mostLanes
  }

  /// Whether the question names no process and no namespace.
  package var namesNothing: Bool { processes.isEmpty && namespaces.isEmpty }
}

/// The answer to a `ReportQuestion`: the states of processes through time, and all that is known around them.
package struct HistoryReport: Sendable {
  /// The UUID of the history.
  package let history: String
  /// The names of the hosts that were recorded, in the order of their sessions.
  package let hosts: [String]
  /// The number of boots that were recorded in the time.
  package let boots: Int
  /// The time that the report covers; nil if the history has no sample.
  package let time: ClosedRange<WallTime>?
  /// The recorded time of the whole history; nil if it has no sample.
  package let recorded: ClosedRange<WallTime>?
  /// The types, in the order of the states.
  package let types: [NamespaceType]
  /// The processes and threads: those that the user named, then the others.
  package let lanes: [TaskTimeline]
  /// The lists of states to which the pieces of the lanes refer. A list holds one row of states for each sample window
  /// around the time, or one if all rows are equal, and none if there is no sample. A row is parallel to `types`. A
  /// number that is not negative is an index in `namespaces`; any other is a `StateCode`.
  package let states: [[[Int]]]
  /// The namespaces of the states, and those that own them or in which they were made.
  package let namespaces: [Namespace]
  /// What proves the states, through time.
  package let evidence: [EvidencePiece]
  /// The gaps: times with no observation.
  package let gaps: [Gap]
  /// The changes of the lanes that have a mark, each act once, in time order.
  package let changes: [NamespaceChange]
  /// The number of processes and threads that the history holds in the time, with those that are left out.
  package let recordedTasks: Int
  /// The number of selected processes and threads that are left out, because the report would be too large.
  package let leftOutTasks: Int
  /// Whether changes are left out, because there are too many.
  package let leavesOutChanges: Bool
  /// Whether the history is a slice of some processes. Then the report has no others, no changes and no summaries of
  /// namespaces, since those depend on what others did.
  package let isOfSomeProcesses: Bool

  /// One process or thread through time.
  package final class TaskTimeline: Sendable {
    /// The process, with the last description that it had in the time.
    package let process: ProcessRecord
    /// Whether the user named it. A lane that is not named was in a namespace of one that is.
    package let isNamed: Bool
    /// The pieces of time, in order. A piece ends where the next one begins; the last one ends with the time of the
    /// report.
    package let pieces: [Piece]

    init(process: ProcessRecord, isNamed: Bool, pieces: [Piece]) {
      self.process = process
      self.isNamed = isNamed
      self.pieces = pieces
    }
  }

  /// The beginning of a time in which the states of a process did not change.
  package struct Piece: Sendable, Hashable {
    /// The beginning.
    package let from: WallTime
    /// The index in `HistoryReport.states`.
    package let states: Int
  }

  /// The beginning of a time with one kind of evidence.
  package struct EvidencePiece: Sendable, Hashable {
    /// The beginning.
    package let from: WallTime
    /// Whether events reported every change.
    package let isExact: Bool
    /// Why samples are missing; nil where they are not.
    package let missing: MissingSamples?
  }

  /// A time with no observation.
  package struct Gap: Sendable, Hashable {
    /// The end of the last sample before.
    package let from: WallTime
    /// The beginning of the first sample after; earlier than `from` if the clock was set back.
    package let until: WallTime
    /// The cause.
    package let missing: MissingSamples
  }

  /// A namespace with its relations, as indices in `HistoryReport.namespaces`.
  package final class Namespace: Sendable {
    /// The namespace.
    package let namespace: NamespaceRecord
    /// The user namespace that owns it; nil if that is not known.
    package let owner: Int?
    /// The pid or user namespace in which it was made; nil if there is none, or if that is not known.
    package let parent: Int?
    /// Its times, its maker and its pins; nil where they were not read, because the report has too many namespaces.
    package let summary: NamespaceSummary?

    init(namespace: NamespaceRecord, owner: Int?, parent: Int?, summary: NamespaceSummary?) {
      self.namespace = namespace
      self.owner = owner
      self.parent = parent
      self.summary = summary
    }
  }

  /// A state that is no namespace. The numbers stand in the data of a page.
  package enum StateCode: Sendable, Hashable {
    /// It is not known where the link led.
    case unknown(UnknownReason)
    /// The process was not running, or nothing shows whether it was.
    case absent(UnknownReason)
    /// The process started or exited between the two samples around the time.
    case startingOrExiting

    /// The number, which is negative.
    package var rawValue: Int {
      switch self {
      case .unknown(let reason): -1 - Self.index(reason)
      case .absent(let reason): -101 - Self.index(reason)
      case .startingOrExiting: -200
      }
    }

    /// Whether a number is that of `absent`.
    package static func isAbsent(_ code: Int) -> Bool { (-199 ... -101).contains(code) }

    private static func index(_ reason: UnknownReason) -> Int {
      UnknownReason.allCases.firstIndex(of: reason) ?? 0
    }
  }

  /// The greatest number of namespaces whose summaries are read.
  package static let mostSummaries = 1000
  /// The greatest number of changes.
  package static let mostChanges = 10_000
}
