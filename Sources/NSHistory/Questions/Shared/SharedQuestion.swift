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

/// A group of a `SharedQuestion`, as far as it is recorded.
struct SharedGroup {
  let place: Int
  /// Its processes and threads that were there in the time asked for, in the order of their rows.
  var members: [Member] = []
  /// The whole lives of them, by row, where it is known who they all are: such a group is small.
  var lives: [Int64: TaskHistory] = [:]
  /// The namespaces that it is, by type: a process shares with it by being there.
  var namespaces: [NamespaceType: [NamespaceRecord]] = [:]
  /// Whether processes may have belonged to it that no row tells of.
  var isOpen = false
  /// Whether it is by PIDs inside a pid namespace, and those of some processes there are not known.
  var hasUnknownNumbers = false
  /// Whether it is by a name, and of processes that no sample observed only their last is kept.
  var hasForgottenNames = false
  /// When none of its processes certainly had the PID that it is given by: where nothing observed that time,
  /// another may have had it then, and be the one that is meant.
  var vacant = SampleWindowSet()
  /// Whether it is a container.
  var isContainer = false
  /// The rows of its containers.
  var containerRows: Set<Int64> = []
  /// What its containers count as: see `OwnNamespaces.group`.
  var containers: Set<String> = []
  /// Whether any process or namespace of it was ever recorded.
  var isKnown = true
  /// How many more processes had its PID in the time asked for.
  var otherIncarnations = 0

  /// How many processes and threads it has, if they are too many to be compared; else 0.
  var excess = 0

  /// A process or thread. Of these there may be very many: what else is known of one is read when it is
  /// told of.
  struct Member {
    /// Its row.
    let task: Int64
    /// The row of its process: its own, or of a thread that of its process.
    let owner: Int64
    /// Its memberships in the time asked for, while it belonged to the group.
    let memberships: [Membership]
    /// When it may have belonged to the group or not: between two reads of its control group that
    /// differ.
    var uncertain = SampleWindowSet()
    /// All its memberships in the time asked for, where there is such a time.
    var all: [Membership] = []
    /// The row of the container that it is of by its namespaces, as nobody read its cgroup; nil otherwise.
    var enclosure: Int64?
  }

  /// Whether, for a type, it is namespaces and not processes.
  func isNamespace(_ type: NamespaceType) -> Bool { namespaces[type] != nil }

  /// How many of the processes are of a container by their namespaces alone.
  var enclosedCount: Int { Set(members.lazy.filter { $0.enclosure != nil }.map(\.owner)).count }

  /// How many processes, each with its threads.
  var processCount: Int { excess > 0 ? excess : Set(members.map(\.owner)).count }
}
