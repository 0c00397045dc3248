public import NamespaceModel

/// "Did any process of one group ever share a namespace with any process of another?"
public struct SharedQuestion: Sendable {
  /// The groups, in the order asked for; at least two. Every two of them are compared.
  public var groups: [Group]
  /// When.
  public var window: TimeWindow
  /// The types asked for.
  public var types: [NamespaceType]

  /// Whom a question is about.
  public enum Group: Sendable, Hashable {
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
  public static let most = 500_000

  /// A question with these values: two groups or more, and a type or more.
  public init(
    _ groups: [Group], in window: TimeWindow = TimeWindow(),
    types: [NamespaceType] = NamespaceType.allCases
  ) {
    precondition(groups.count >= 2 && !types.isEmpty, "a question is about two groups and a type")
    self.groups = groups
    self.window = window
    self.types = types
  }
}
