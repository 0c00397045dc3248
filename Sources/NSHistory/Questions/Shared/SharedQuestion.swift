package import NamespaceModel

/// The question "Did any process of one group ever share a namespace with any process of another?"
package struct SharedQuestion: Sendable {
  /// The groups, in the order asked for; at least two. Every two of them are compared.
  package var groups: [Group]
  /// The time asked about.
  package var window: TimeWindow
  /// The types asked for.
  package var types: [NamespaceType]

  /// A group that a question compares.
  package enum Group: Sendable, Hashable {
    /// Processes. A PID is a group of one process and its threads; a name or a container stands for every
    /// process that matches it, including processes without a row.
    case processes(ProcessSelector)
    /// Namespaces. A process shares with this group by being in one of them. For other types, the group
    /// consists of the processes that were in these namespaces, for the time in which they were.
    case namespace(NamespaceSelector)
    /// The initial namespaces, which the host uses. A process shares with the host by being in one of them.
    case host
  }

  /// The maximum number of processes and threads of a group that are compared: their presences are stored
  /// in memory.
  package static let most = 500_000

  /// A question with these values: two groups or more, and a type or more.
  package init(
    _ groups: [Group], in window: TimeWindow = TimeWindow(),
    types: [NamespaceType] = NamespaceType.allCases
  ) {
    precondition(groups.count >= 2 && !types.isEmpty, "a question is about two groups and a type")
    self.groups = groups
    self.window = window
    self.types = types
  }
}

/// The answer to a `SharedQuestion`.
package struct SharedAnswer: Sendable {
  /// `shared` in at least one type, `never` in every type, or else `unknown`.
  package var verdict: SharedVerdict
  /// The groups, in the order asked for.
  package var groups: [Group]
  /// One answer a type, in the order asked for.
  package var types: [TypeAnswer]
  /// The processes that are in at least two groups. No process is compared with itself.
  package var inSeveralGroups: [ProcessRecord]
  /// The processes without a known container that were in a container's own namespaces.
  package var outsiders: [Outsider]
  /// The caveats that only this answer has: the times in which the recorder left out changes of namespaces.
  package var caveats: [Caveat] = []
  /// The least and the greatest recorded time, of a slice those of the part that it holds; nil when there is none.
  package var recorded: ClosedRange<WallTime>?

  /// A group, with the facts recorded about it in the time asked about.
  package struct Group: Sendable {
    /// The number of processes that were recorded in that time, each counted with its threads.
    package var processes: Int
    /// The first of these processes; nil if there is none, or if they are too many.
    package var process: ProcessRecord?
    /// The row id of the process of the group if it is the only one; of a thread, of the process to which it belongs.
    package var onlyProcess: Int64?
    /// The container of `process`.
    package var container: ContainerRecord?
    /// The containers of the group that had a recorded process in that time; empty unless the group is given by a
    /// container. Several containers may have one name.
    package var containers: [ContainerRecord] = []
    /// Whether any process or namespace of the group was ever recorded.
    package var isKnown: Bool
    /// The number of further processes that had the PID in that time.
    package var otherIncarnations = 0
    /// Whether processes in the pid namespaces of a PID inside may have had that PID: their PIDs inside are not known.
    package var hasUnknownNumbers = false
    /// The number of processes that belong to the container by their namespaces alone: no read of their own
    /// cgroup exists.
    package var byNamespaces = 0
    /// Whether the processes are too many to be compared: then there is no answer.
    package var isTooLarge = false
  }

  /// The answer for one type.
  package struct TypeAnswer: Sendable {
    /// The type.
    package var type: NamespaceType
    /// The verdict.
    package var verdict: SharedVerdict
    /// The reason for which the verdict is unknown; nil if it is not.
    package var reason: UnknownReason?
    /// Whether events prove the verdict, to the microsecond; otherwise samples do.
    package var isExact: Bool
    /// Whether the verdict is `never` because no two processes of the groups were running at one time.
    package var areAtDifferentTimes = false
    /// The visits, in time order; only the first if there are many.
    package var visits: [Visit]
    /// The number of all visits.
    package var visitCount: Int
    /// The unobserved times, which leave the verdict unknown or may hide more visits.
    package var unobserved: [Unobserved]
  }

  /// An interval throughout which one process shared a namespace with processes of another group.
  package struct Visit: Sendable, Hashable {
    /// The namespace.
    package var namespace: NamespaceRecord
    /// The visiting process, with the last description that it had in the visit; nil if both groups are the same
    /// namespace.
    package var process: ProcessRecord?
    /// The index of its group.
    package var group: Int
    /// The index of the other group.
    package var otherGroup: Int
    /// The processes of the other group that were in the namespace during the visit, at least one at each
    /// moment; only the first if there are many. Empty if the other group is the namespace itself.
    package var others: [ProcessRecord]
    /// The number of processes of the other group that were in the namespace during the visit.
    package var otherCount: Int
    /// The beginning. If only one sample saw the visit, both ends are the
    /// beginning of that sample.
    package var from: WallTime
    /// The end.
    package var until: WallTime
    /// The kind of the beginning.
    package var beginning: Bound
    /// The kind of the end.
    package var end: Bound
    /// Whether events prove the visit.
    package var isExact: Bool
    /// Whether the namespace belongs to the other group: it is an own namespace of its container; or one of
    /// its processes was the first of all recorded processes in it, and at least half of its processes were
    /// in it.
    package var isOthersOwn = false
  }

  /// The kind of a bound of an interval. The raw value is the word in every output.
  package enum Bound: String, Sendable, Hashable, CaseIterable {
    /// An event reports the time of the bound.
    case exact
    /// A sample saw the sharing; it can have begun earlier, or have continued, up to one sample interval.
    case sampled
    /// The range asked about begins or ends here; the sharing does not.
    case range
    /// The sharing still held in the last sample, and the recorder is still running.
    case open
  }

  /// A time in which something on which the verdict depends was not observed.
  package struct Unobserved: Sendable, Hashable {
    /// The reason.
    package var reason: UnknownReason
    /// The index of the group whose processes were not observed.
    package var group: Int
    /// The process; nil if any process of the group is meant, including processes without a row. For a PID
    /// without a time, also an unrecorded process that may have had the PID.
    package var process: ProcessRecord?
    /// The beginning of the first such time.
    package var from: WallTime
    /// The end of the last such time.
    package var until: WallTime
    /// The total length, in nanoseconds.
    package var length: Int64
  }

  /// A process without a known container in a namespace that is a container's own: no process of another
  /// container was in the namespace, and it is not initial.
  package struct Outsider: Sendable, Hashable {
    /// The process.
    package var process: ProcessRecord
    /// The index of the container's group.
    package var group: Int
    /// The namespace.
    package var namespace: NamespaceRecord
    /// The first time at which the process is known to have been there.
    package var from: WallTime
    /// The last such time.
    package var until: WallTime
    /// The container that its cgroup named before; nil if it named none.
    package var earlierContainer: ContainerRecord?
  }
}

/// The answer to the question "Did any process ever share a namespace with any other?"
package enum SharedVerdict: String, Sendable, Hashable, CaseIterable {
  /// Proven: a process of one group and one of another were in one namespace at one moment.
  case shared
  /// Proven: events reported every change of the groups' processes, and no two of them shared; or no two of
  /// them were running at one time.
  case never
  /// Neither is proven; the answer gives the reasons.
  case unknown

  /// Returns the verdict on several types, or several pairs of groups.
  init(of verdicts: [SharedVerdict]) {
    self =
      verdicts.contains(.shared) ? .shared : verdicts.contains(.unknown) ? .unknown : .never
  }
}
