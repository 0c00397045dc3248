public import NamespaceModel

/// The answer to a `SharedQuestion`.
public struct SharedAnswer: Sendable {
  /// `shared` in at least one type, `never` in every type, or else `unknown`.
  public var verdict: SharedVerdict
  /// The groups, in the order asked for.
  public var groups: [Group]
  /// One answer a type, in the order asked for.
  public var types: [TypeAnswer]
  /// The processes that are in two groups at least. No process is compared with itself.
  public var inSeveralGroups: [ProcessRecord]
  /// Processes of no known container that were in a container's own namespaces.
  public var outsiders: [Outsider]
  /// What limits it besides what limits every answer: the times in which changes of namespaces were left out.
  public var caveats: [Caveat] = []
  /// The least and the greatest time at which a sample of the whole history began, in nanoseconds
  /// since the epoch; nil when there is none.
  public var recorded: ClosedRange<Int64>?

  /// A group, and what is recorded of it in the time asked for.
  public struct Group: Sendable {
    /// How many processes, each with its threads, were recorded in that time.
    public var processes: Int
    /// The first of them, if they are few.
    public var process: ProcessRecord?
    /// The container of the first.
    public var container: ContainerRecord?
    /// Whether any process or namespace of it was ever recorded.
    public var isKnown: Bool
    /// How many more processes had the PID in that time.
    public var otherIncarnations = 0
    /// How many of the processes are of the container by their namespaces alone: nobody read their cgroup.
    public var byNamespaces = 0
    /// Whether they are too many to be compared: then there is no answer.
    public var isTooLarge = false
  }

  /// The answer for one type.
  public struct TypeAnswer: Sendable {
    /// The type.
    public var type: NamespaceType
    /// The verdict.
    public var verdict: SharedVerdict
    /// Why it is unknown; nil when it is not.
    public var reason: UnknownReason?
    /// Whether events prove it, to the microsecond; or else samples do.
    public var isExact: Bool
    /// Whether they never shared because no two of them were there at one time.
    public var areAtDifferentTimes = false
    /// When which process shared with which others, in the order of time; the first of many.
    public var visits: [Visit]
    /// How many visits there are.
    public var visitCount: Int
    /// What was not observed, and so leaves the verdict unknown, or may hide more visits.
    public var unobserved: [Unobserved]
  }

  /// A time throughout which one process shared a namespace with processes of another group.
  public struct Visit: Sendable, Hashable {
    /// The namespace.
    public var namespace: NamespaceRecord
    /// The process; nil where two groups are one namespace.
    public var process: ProcessRecord?
    /// The place of its group.
    public var group: Int
    /// The place of the other group.
    public var otherGroup: Int
    /// Processes of the other group that were there in that time, at each moment of it at least one;
    /// the first of many. Empty where the other group is the namespace itself.
    public var others: [ProcessRecord]
    /// How many processes of the other group were there in that time.
    public var otherCount: Int
    /// In nanoseconds since the epoch. Where one sample alone saw it, both ends are its beginning.
    public var from: Int64
    /// In nanoseconds since the epoch.
    public var until: Int64
    /// What the beginning is.
    public var beginning: Bound
    /// What the end is.
    public var end: Bound
    /// Whether events prove it.
    public var isExact: Bool
    /// Whether the namespace is the other group's own: its container's, or of its processes one was the first
    /// of all that are recorded in it, and most of them were.
    public var isOthersOwn = false
  }

  /// What the end of a time is. The raw value is the word in every output.
  public enum Bound: String, Sendable, Hashable, CaseIterable {
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
  public struct Unobserved: Sendable, Hashable {
    /// Why.
    public var reason: UnknownReason
    /// The place of the group that it is about.
    public var group: Int
    /// The process; nil where it is about any process of the group, also those that no row tells of: of a
    /// PID without a time, another than those recorded, that may have had it.
    public var process: ProcessRecord?
    /// When it began first, in nanoseconds since the epoch.
    public var from: Int64
    /// When it ended last, in nanoseconds since the epoch.
    public var until: Int64
    /// How long it was in all, in nanoseconds.
    public var length: Int64
  }

  /// A process of no known container, in a namespace that is a container's own: no process of another
  /// container was in it, and it is not initial.
  public struct Outsider: Sendable, Hashable {
    /// The process.
    public var process: ProcessRecord
    /// The place of the container's group.
    public var group: Int
    /// The namespace.
    public var namespace: NamespaceRecord
    /// The first time that it is known to have been there, in nanoseconds since the epoch.
    public var from: Int64
    /// The last.
    public var until: Int64
  }
}

/// The answer to "did any ever share with any?".
public enum SharedVerdict: String, Sendable, Hashable, CaseIterable {
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
