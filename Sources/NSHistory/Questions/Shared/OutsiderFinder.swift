internal import NamespaceModel
internal import SQLite

/// Finds the processes without a known container that were in namespaces of the groups.
struct OutsiderFinder {
  let reading: HistorySnapshot
  let time: ObservedTime
  let groups: [SharedGroup]

  /// The result of the search.
  struct Found {
    var outsiders: [SharedAnswer.Outsider] = []
    /// The processes that may have belonged to a container: no sample read them, or their own cgroup was
    /// not read.
    var uncertain: [Uncertain] = []
  }

  /// A process that may have belonged to a container.
  struct Uncertain {
    let member: SharedGroup.Member
    /// The index of the only group to which it may have belonged, by its namespaces; nil for any group.
    let group: Int?
  }

  func find(_ types: [NamespaceType]) throws(SQLiteError) -> Found {
    var found = Found()
    guard groups.contains(where: \.isContainer) else { return found }
    var visited: Set<TaskID> = []
    for group in groups { visited.formUnion(group.members.lazy.map(\.task)) }
    // The time in which each task was of a group: it may have left the cgroup of a container and be an outsider since.
    var memberships: [TaskID: [Membership]] = [:]
    for member in groups.lazy.flatMap(\.members) {
      memberships[member.task, default: []] += member.memberships
    }
    let reader = GroupReader(reading: reading, time: time, types: types)
    for group in groups {
      for member in group.members where member.enclosure != nil {
        guard let history = try reading.taskHistories.history(of: member.task) else { continue }
        try add(history, reader, to: &found)
      }
    }
    for group in groups {
      for namespace in try namespaces(of: group, types) {
        var isOwn: Bool?
        for task in try withoutContainer(in: namespace) {
          guard let history = try reading.taskHistories.history(of: task) else { continue }
          let isKnown = history.process.container != nil
          if !isKnown, group.isContainer, isOwn == nil {
            isOwn = try OwnNamespaces.isOwn(namespace, group.containers, reading)
          }
          if !isKnown, isOwn == true,
            let one = try outsider(history, group, namespace, besides: memberships[task] ?? [])
          {
            found.outsiders.append(one)
          }
          if visited.insert(task).inserted, try isUncertain(history) {
            try add(history, reader, to: &found)
          }
        }
      }
    }
    return found
  }

  /// Adds a process that may have belonged to a container; if its namespaces are those of one container,
  /// only to the groups of that container.
  private func add(
    _ history: TaskHistory, _ reader: GroupReader, to found: inout Found
  ) throws(SQLiteError) {
    let member = try reader.member(history.process.task)
    guard let home = try reading.containers.home(of: history) else {
      return found.uncertain.append(.init(member: member, group: nil))
    }
    for group in groups where group.containerRows.contains(home) {
      found.uncertain.append(.init(member: member, group: group.index))
    }
  }

  /// Returns the namespaces of a group or of its members, without initial ones.
  private func namespaces(
    of group: SharedGroup, _ types: [NamespaceType]
  ) throws(SQLiteError) -> [NamespaceRecord] {
    var order: [NamespaceRecord] = []
    for type in types {
      var there = group.namespaces[type] ?? []
      if there.isEmpty {
        var visited: Set<Int64> = []
        for set in Set(group.members.lazy.flatMap { $0.memberships.lazy.map(\.set) }).sorted() {
          let namespace = try reading.sets.links(of: set)[type.link]?.namespace
          if let namespace, visited.insert(namespace.id).inserted { there.append(namespace) }
        }
      }
      order += there.filter { $0.isInitial != true }
    }
    return order
  }

  /// Returns the tasks that were in a namespace in the time asked about and whose cgroup is not of a
  /// container, or is not their own but inherited; in the order of their rows.
  private func withoutContainer(in namespace: NamespaceRecord) throws(SQLiteError) -> [TaskID] {
    try reading.connection.prepare(
      """
      SELECT DISTINCT member FROM (\(IntervalOverlapQuery.inNamespace("m.task_id AS member")))
        LEFT JOIN task ON task.task_id = member LEFT JOIN short_lived_task ON short_lived_task.from_seq = -member
        LEFT JOIN cgroup ON cgroup.cgroup_id = COALESCE(task.cgroup_id, short_lived_task.cgroup_id)
        \(ContainerRecord.joins)
      WHERE container.container_id IS NULL
        OR COALESCE(task.provenance, short_lived_task.provenance, 0) & 2 <> 0 ORDER BY 1
      """
    ).bind(time.index.values(time.samples, namespace)).map { $0.task(0) }
  }

  /// Whether a process may have belonged to a container: its own cgroup was not read, or no sample read the
  /// process, so that it may have been moved to another cgroup.
  private func isUncertain(_ history: TaskHistory) throws(SQLiteError) -> Bool {
    guard history.process.cgroup != nil, !history.process.task.isShortLived,
      !history.process.isAnyCgroupInherited
    else { return true }
    let isSampled = try reading.connection.prepare(
      "SELECT EXISTS (SELECT 1 FROM sample WHERE seq BETWEEN ? AND ?)"
    ).bind(.number(history.firstSample), .number(history.lastSample)).first { $0.integer(0) == 1 }
    return isSampled != true
  }

  /// Returns the visit of a process to a namespace, without the time in which it was of a group.
  private func outsider(
    _ history: TaskHistory, _ group: SharedGroup, _ namespace: NamespaceRecord,
    besides memberships: [Membership]
  ) throws(SQLiteError) -> SharedAnswer.Outsider? {
    let runs = try reading.pidHistories.runs(of: history.memberships)[namespace.type.link].filter {
      run in
      run.value.namespace?.id == namespace.id && run.from <= time.samples.upperBound
        && run.until >= time.samples.lowerBound
        && !memberships.contains { $0.from <= run.until && run.from <= $0.until }
    }
    guard let first = runs.first, let last = runs.last else { return nil }
    let from = try time.index.point(first.from).wall
    let until = try time.index.point(last.end(time.index)).wall
    guard time.window.overlaps(from, until) else { return nil }
    return .init(
      process: try reading.index.described(
        history.process, through: first.from...last.until, in: time.window),
      group: group.index, namespace: namespace, from: from,
      until: max(from, until),
      earlierContainer: history.process.past.last { $0.description.container != nil }?.description
        .container)
  }
}
