internal import NamespaceModel
internal import SQLite

/// Reads the groups of a `SharedQuestion`: the processes that belonged to each in the time asked about.
struct GroupReader {
  let reading: HistorySnapshot
  let time: ObservedTime
  let types: [NamespaceType]

  func group(
    _ group: SharedQuestion.Group, _ index: Int
  ) throws(SQLiteError) -> SharedGroup {
    var found = SharedGroup(index: index)
    switch group {
    case .host:
      for type in types {
        found.namespaces[type] = try reading.namespaces.lifetimes(
          where: "type = ? AND initial = 1", [.integer(Int64(type.rawValue))]
        ).map(\.namespace)
      }
    case .namespace(let selector): try read(selector, into: &found)
    case .processes(let selector): try read(selector, into: &found)
    }
    return found
  }

  private func read(
    _ selector: NamespaceSelector, into group: inout SharedGroup
  ) throws(SQLiteError) {
    let namespaces = try NamespaceFinder(reading: reading).lifetimes(selector).map(\.namespace)
    group.namespaces[selector.type] = namespaces
    group.isKnown = !namespaces.isEmpty
    if !group.isKnown { try reading.index.requireWhole("the namespace") }
    guard types.contains(where: { $0 != selector.type }) else { return }
    group.isOpen = true
    let rows = Set(namespaces.map(\.id))
    let tasks = try members(of: namespaces)
    guard isWithinLimit(tasks, &group) else { return }
    for task in tasks {
      var inside: [Membership] = []
      for membership in try reading.taskHistories.memberships(of: task, in: time.samples) {
        let there = try reading.sets.links(of: membership.set)[selector.type.link]?.namespace
        if let there, rows.contains(there.id) { inside.append(membership) }
      }
      try add(task, inside, to: &group)
    }
  }

  private func members(of namespaces: [NamespaceRecord]) throws(SQLiteError) -> [TaskID] {
    var tasks: Set<TaskID> = []
    for namespace in namespaces {
      tasks.formUnion(
        try reading.connection.prepare(
          "SELECT DISTINCT member FROM (\(IntervalOverlapQuery.inNamespace("m.task_id AS member")))"
        ).bind(time.index.values(time.samples, namespace)).map { $0.task(0) })
    }
    return tasks.sorted()
  }

  private func read(
    _ selector: ProcessSelector, into group: inout SharedGroup
  ) throws(SQLiteError) {
    let finder = ProcessFinder(reading: reading)
    switch selector {
    case .comm, .container:
      group.isOpen = true
      if case .container(let text) = selector {
        group.isContainer = true
        group.containerRows = try ContainerFinder(connection: reading.connection).rows(text)
      } else {
        // The file lacks some names: for a process that no sample observed, the name before its first
        // program, and some of the names if it had many; in a file of an earlier recorder, all names before
        // its last program.
        group.hasForgottenNames = true
      }
      guard let described = try finder.described(selector) else { return }
      group.isKnown = try described.isAnyRecorded
      if !group.isKnown { try reading.index.requireWhole("every name") }
      try add(described, selector, to: &group)
    default:
      let found = try finder.incarnations(selector, in: time.window)
      let ever =
        found.histories.isEmpty ? try finder.histories(selector, in: TimeWindow()) : found.histories
      group.isKnown = !ever.isEmpty
      group.otherIncarnations = found.others
      group.hasUnknownNumbers = try hasUnknownNumbers(selector)
      for history in found.histories {
        for one in [history] + (try reading.taskHistories.threads(of: history.process)) {
          group.histories[one.process.task] = one
          try add(
            one.process.task,
            reading.taskHistories.memberships(of: one.process.task, in: time.samples),
            to: &group)
        }
      }
      group.timeWithoutPID = try UnusedPIDFinder(time: time).sampleWindows(
        of: selector, found.histories)
    }
  }

  private func isWithinLimit(_ tasks: [TaskID], _ group: inout SharedGroup) -> Bool {
    if tasks.count > SharedQuestion.most { group.tooManyCount = tasks.count }
    return group.tooManyCount == 0
  }

  private func hasUnknownNumbers(_ selector: ProcessSelector) throws(SQLiteError) -> Bool {
    switch selector {
    case .latest(let all): return try hasUnknownNumbers(all)
    case .inner(let number, let namespaces):
      return try NestedPIDResolver(reading: reading).histories(number, in: namespaces, time.window)
        .unknown
        > 0
    default: return false
    }
  }

  /// Adds the matching tasks of the time asked about. Reads the whole history of a task only if it is
  /// needed.
  private func add(
    _ described: DescribedTasks, _ selector: ProcessSelector, to group: inout SharedGroup
  ) throws(SQLiteError) {
    guard let matcher = try DescriptionMatcher(selector, in: reading.connection) else { return }
    let tasks = try described.tasks(in: time.samples)
    guard isWithinLimit(tasks, &group) else { return }
    var visited: Set<[Int64]> = []
    for task in tasks {
      let kind = try kind(of: task)
      let isNew =
        matcher.isOfContainers && (task.isShortLived || visited.insert(kind.cgroup).inserted)
      let isUncertain = matcher.isOfContainers && kind.isInherited
      guard isNew || isUncertain || kind.hasPast,
        let history = try reading.taskHistories.history(of: task)
      else {
        try add(task, reading.taskHistories.memberships(of: task, in: time.samples), to: &group)
        continue
      }
      // A process belongs to the group while it has the name, or while its cgroup belongs to the container.
      let limited = matcher.limited(history)
      if matcher.isOfContainers {
        group.containers.formUnion(OwnNamespaces.groups(of: [limited]))
        for one in Self.containers(of: limited) { group.containerRecords[one.id] = one }
      }
      let uncertain = Self.uncertain(limited.limits ?? [], of: history)
      try add(
        task, limited.memberships.filter(isThere), uncertain,
        uncertain.isEmpty ? [] : history.memberships.filter(isThere),
        matcher.isOfContainers ? Self.enclosure(of: limited) : nil, to: &group)
    }
  }

  /// Returns the row of the container to which a process belongs by its namespaces, and not by its
  /// inherited cgroup, in the time in which it matches the question.
  private static func enclosure(of limited: TaskHistory) -> Int64? {
    let descriptions =
      limited.limits?.map(\.description) ?? limited.process.descriptionSpans.map(\.description)
    return descriptions.lazy.filter { $0.named != $0.container }
      .compactMap { $0.enclosure?.container.row }.first
  }

  /// Returns the containers of a process in the time in which it matches the question.
  private static func containers(of limited: TaskHistory) -> [ContainerRecord] {
    let descriptions =
      limited.limits?.map(\.description) ?? limited.process.descriptionSpans.map(\.description)
    return descriptions.compactMap(\.container)
  }

  /// Returns whether a process had earlier descriptions, and its cgroup with the provenance of that.
  private func kind(
    of task: TaskID
  ) throws(SQLiteError) -> (hasPast: Bool, cgroup: [Int64], isInherited: Bool) {
    guard !task.isShortLived else { return (false, [], false) }
    return try reading.connection.prepare(
      "SELECT has_past, cgroup_id, provenance FROM task WHERE task_id = ?"
    ).bind(.number(task)).first { row in
      (
        row.integer(0) == 1, [row.integer(1), row.integer(2)],
        Provenance(row.optionalInteger(2)).inherited.contains(.cgroup)
      )
    } ?? (false, [], false)
  }

  private func isThere(_ membership: Membership) -> Bool {
    membership.from <= time.samples.upperBound && membership.until >= time.samples.lowerBound
  }

  /// Returns the times before and after the spans of a description in which it is uncertain whether the
  /// description held.
  private static func uncertain(
    _ spans: [ProcessRecord.DescriptionSpan], of history: TaskHistory
  ) -> SampleWindowSet {
    var ranges: [Range<SequenceNumber>] = []
    for span in spans {
      if !span.beginsExactly, span.possibleFrom < span.certain.lowerBound {
        ranges.append(span.possibleFrom..<span.certain.lowerBound)
      }
      if !span.endsExactly, span.certain.upperBound < span.possibleUntil {
        ranges.append(span.certain.upperBound..<span.possibleUntil)
      }
    }
    return SampleWindowSet(ranges).intersection(history.firstSample - 1..<history.lastSample + 1)
  }

  /// Adds a process or thread, if it was running in the time asked about.
  private func add(
    _ task: TaskID, _ memberships: [Membership], _ uncertain: SampleWindowSet = .init(),
    _ all: [Membership] = [], _ enclosure: Int64? = nil, to group: inout SharedGroup
  ) throws(SQLiteError) {
    guard !memberships.isEmpty || !uncertain.intersection(time.asked).isEmpty else { return }
    group.members.append(
      .init(
        task: task, owner: try owner(of: task), memberships: memberships, uncertain: uncertain,
        all: all, enclosure: enclosure))
  }

  /// Returns a process that may belong to a group.
  func member(_ task: TaskID) throws(SQLiteError) -> SharedGroup.Member {
    .init(
      task: task, owner: try owner(of: task),
      memberships: try reading.taskHistories.memberships(of: task, in: time.samples))
  }

  private func owner(of task: TaskID) throws(SQLiteError) -> TaskID {
    guard !task.isShortLived else { return task }
    let isThread = try reading.connection.prepare(
      "SELECT tid IS NOT NULL FROM task WHERE task_id = ?"
    ).bind(.number(task)).first { $0.integer(0) == 1 }
    guard isThread == true, let thread = try reading.taskHistories.history(of: task) else {
      return task
    }
    return try reading.taskHistories.parent(of: thread.process)?.task ?? task
  }
}

extension NamespaceSelector {
  /// The type of the selected namespaces.
  package var type: NamespaceType {
    switch self {
    case .inode(let type, _), .kernelID(let type, _), .of(let type, _): type
    }
  }
}

/// The recorded part of a group of a `SharedQuestion`.
struct SharedGroup {
  let index: Int
  /// Its processes and threads in the time asked about, in the order of their rows.
  var members: [Member] = []
  /// The whole histories of the members, by row, if all members are known: such a group is small.
  var histories: [TaskID: TaskHistory] = [:]
  /// The namespaces of which the group consists, by type: a process shares with the group by being in one
  /// of them.
  var namespaces: [NamespaceType: [NamespaceRecord]] = [:]
  /// Whether processes without a row may have belonged to the group.
  var isOpen = false
  /// Whether the group is given by a PID inside a pid namespace, in which the PIDs of some processes are
  /// not known.
  var hasUnknownNumbers = false
  /// Whether the group is given by a name: the file lacks some names of processes that no sample observed.
  var hasForgottenNames = false
  /// The time in which none of its processes certainly had the PID by which the group is given. In the part of it that
  /// was not observed, another process may have had that PID, and be the one that the question means.
  var timeWithoutPID = SampleWindowSet()
  /// Whether the group is given by a container.
  var isContainer = false
  /// The rows of the containers that match the question.
  var containerRows: Set<Int64> = []
  /// The containers of its processes, by id, if it is given by a container.
  var containerRecords: [String: ContainerRecord] = [:]
  /// The keys under which its containers count as one: see `OwnNamespaces.group`.
  var containers: Set<String> = []
  /// Whether any process or namespace of the group was ever recorded.
  var isKnown = true
  /// The number of further processes that had its PID in the time asked about.
  var otherIncarnations = 0

  /// The number of its processes and threads if they are too many to be compared; otherwise 0.
  var tooManyCount = 0

  /// A process or thread of the group. There may be very many members, so anything else about one is read
  /// only when it is reported.
  struct Member {
    /// The row of the process or thread.
    let task: TaskID
    /// The row of the process; for a thread, that of its process.
    let owner: TaskID
    /// Its memberships in the time asked for, while it belonged to the group.
    let memberships: [Membership]
    /// The time in which it is uncertain whether the member belonged to the group: between two reads of its
    /// description that differ.
    var uncertain = SampleWindowSet()
    /// All its memberships in the time asked about, if `uncertain` is not empty; otherwise none.
    var all: [Membership] = []
    /// The row of the container to which the member belongs by its namespaces, because no read of its own
    /// cgroup exists; nil otherwise.
    var enclosure: Int64?
  }

  /// Whether the group consists of namespaces, and not of processes, for a type.
  func isNamespace(_ type: NamespaceType) -> Bool { namespaces[type] != nil }

  /// The number of processes that belong to a container by their namespaces alone.
  var enclosedCount: Int { Set(members.lazy.filter { $0.enclosure != nil }.map(\.owner)).count }

  /// The number of processes, each counted with its threads.
  var processCount: Int { tooManyCount > 0 ? tooManyCount : Set(members.map(\.owner)).count }
}
