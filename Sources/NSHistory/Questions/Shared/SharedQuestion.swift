package import NamespaceModel

/// "Did any process of one group ever share a namespace with any process of another?"
package struct SharedQuestion: Sendable {
  /// The groups, in the order asked for; at least two. Every two of them are compared.
  package var groups: [Group]
  /// When.
  package var window: TimeWindow
  /// The types asked for.
  package var types: [NamespaceType]

  /// Whom a question is about.
  package enum Group: Sendable, Hashable {
    /// Processes. A PID is a group of one process and its threads; a name or a container stands for
    /// every process of it, those that no row tells of included.
    case processes(ProcessSelector)
    /// Namespaces. A process shares with this group by being in one of them. Of other types, the
    /// group is the processes that were in them, while they were.
    case namespace(NamespaceSelector)
    /// The initial namespaces, which are the host's. A process shares with the host by being in one.
    case host
  }

  /// How many processes and threads of a group are compared: where each was is kept in memory.
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
  /// The processes that are in two groups at least. No process is compared with itself.
  package var inSeveralGroups: [ProcessRecord]
  /// Processes of no known container that were in a container's own namespaces.
  package var outsiders: [Outsider]
  /// What limits it besides what limits every answer: the times in which changes of namespaces were left out.
  package var caveats: [Caveat] = []
  /// The least and the greatest time at which a sample of the whole history began, in nanoseconds
  /// since the epoch; nil when there is none.
  package var recorded: ClosedRange<Int64>?

  /// A group, and what is recorded of it in the time asked for.
  package struct Group: Sendable {
    /// How many processes, each with its threads, were recorded in that time.
    package var processes: Int
    /// The first of them, if they are few.
    package var process: ProcessRecord?
    /// The container of the first.
    package var container: ContainerRecord?
    /// Whether any process or namespace of it was ever recorded.
    package var isKnown: Bool
    /// How many more processes had the PID in that time.
    package var otherIncarnations = 0
    /// How many of the processes are of the container by their namespaces alone: nobody read their cgroup.
    package var byNamespaces = 0
    /// Whether they are too many to be compared: then there is no answer.
    package var isTooLarge = false
  }

  /// The answer for one type.
  package struct TypeAnswer: Sendable {
    /// The type.
    package var type: NamespaceType
    /// The verdict.
    package var verdict: SharedVerdict
    /// Why it is unknown; nil when it is not.
    package var reason: UnknownReason?
    /// Whether events prove it, to the microsecond; or else samples do.
    package var isExact: Bool
    /// Whether they never shared because no two of them were there at one time.
    package var areAtDifferentTimes = false
    /// When which process shared with which others, in the order of time; the first of many.
    package var visits: [Visit]
    /// How many visits there are.
    package var visitCount: Int
    /// What was not observed, and so leaves the verdict unknown, or may hide more visits.
    package var unobserved: [Unobserved]
  }

  /// A time throughout which one process shared a namespace with processes of another group.
  package struct Visit: Sendable, Hashable {
    /// The namespace.
    package var namespace: NamespaceRecord
    /// The process; nil where two groups are one namespace.
    package var process: ProcessRecord?
    /// The place of its group.
    package var group: Int
    /// The place of the other group.
    package var otherGroup: Int
    /// Processes of the other group that were there in that time, at each moment of it at least one;
    /// the first of many. Empty where the other group is the namespace itself.
    package var others: [ProcessRecord]
    /// How many processes of the other group were there in that time.
    package var otherCount: Int
    /// In nanoseconds since the epoch. Where one sample alone saw it, both ends are its beginning.
    package var from: Int64
    /// In nanoseconds since the epoch.
    package var until: Int64
    /// What the beginning is.
    package var beginning: Bound
    /// What the end is.
    package var end: Bound
    /// Whether events prove it.
    package var isExact: Bool
    /// Whether the namespace is the other group's own: its container's, or of its processes one was the first
    /// of all that are recorded in it, and most of them were.
    package var isOthersOwn = false
  }

  /// What the end of a time is. The raw value is the word in every output.
  package enum Bound: String, Sendable, Hashable, CaseIterable {
    /// An event reports when it was.
    case exact
    /// A sample saw it; it can have begun earlier, or gone on later, up to the next one.
    case sampled
    /// The range that was asked for ends here; the sharing does not.
    case range
    /// It still held in the last sample, and the recorder is still running.
    case open
  }

  /// A time in which something was not observed that the verdict depends on.
  package struct Unobserved: Sendable, Hashable {
    /// Why.
    package var reason: UnknownReason
    /// The place of the group that it is about.
    package var group: Int
    /// The process; nil where it is about any process of the group, also those that no row tells of: of a
    /// PID without a time, another than those recorded, that may have had it.
    package var process: ProcessRecord?
    /// When it began first, in nanoseconds since the epoch.
    package var from: Int64
    /// When it ended last, in nanoseconds since the epoch.
    package var until: Int64
    /// How long it was in all, in nanoseconds.
    package var length: Int64
  }

  /// A process of no known container, in a namespace that is a container's own: no process of another
  /// container was in it, and it is not initial.
  package struct Outsider: Sendable, Hashable {
    /// The process.
    package var process: ProcessRecord
    /// The place of the container's group.
    package var group: Int
    /// The namespace.
    package var namespace: NamespaceRecord
    /// The first time that it is known to have been there, in nanoseconds since the epoch.
    package var from: Int64
    /// The last.
    package var until: Int64
  }
}

/// The answer to "did any ever share with any?".
package enum SharedVerdict: String, Sendable, Hashable, CaseIterable {
  /// Proven: a process of one group and one of another were in one namespace at one moment.
  case shared
  /// Proven: events reported all that every process of the groups did, and no two of them shared; or
  /// no two of them were there at one time.
  case never
  /// Neither is proven, for reasons that are given.
  case unknown

  /// The verdict on several types, or several pairs of groups.
  init(of verdicts: [SharedVerdict]) {
    self =
      verdicts.contains(.shared) ? .shared : verdicts.contains(.unknown) ? .unknown : .never
  }
}
