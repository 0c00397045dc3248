internal import NamespaceModel
internal import SQLite

/// Finds processes whose container is not known in the namespaces of the groups.
struct OutsiderFinder {
  let reading: Reading
  let time: ObservedTime
  let groups: [SharedGroup]

  /// What was found.
  struct Found {
    var outsiders: [SharedAnswer.Outsider] = []
    /// Those of them that no sample read, or whose control group could not be read: each may have
    /// been of a container.
    var uncertain: [SharedGroup.Member] = []
  }

  func find(_ types: [NamespaceType]) throws(SQLiteError) -> Found {
    var found = Found()
    guard groups.contains(where: \.isContainer) else { return found }
    var met: Set<Int64> = []
    for group in groups { met.formUnion(group.members.lazy.map(\.task)) }
    let members = met
    let reader = GroupReader(reading: reading, time: time, types: types)
    for group in groups {
      for namespace in try namespaces(of: group, types) {
        var isOwn: Bool?
        for task in try withoutContainer(in: namespace) where !members.contains(task) {
          guard let life = try reading.lives.life(task: task), life.process.container == nil else {
            continue
          }
          if group.isContainer, isOwn == nil {
            isOwn = try OwnNamespaces.isOwn(namespace, group.containers, reading)
          }
          if isOwn == true, let one = try outsider(life, group, namespace) {
            found.outsiders.append(one)
          }
          if met.insert(task).inserted, try isUncertain(life) {
            found.uncertain.append(try reader.member(task))
          }
        }
      }
    }
    return found
  }

  /// The namespaces, but initial ones, that a group was in or is.
  private func namespaces(
    of group: SharedGroup, _ types: [NamespaceType]
  ) throws(SQLiteError) -> [NamespaceRecord] {
    var order: [NamespaceRecord] = []
    for type in types {
      var there = group.namespaces[type] ?? []
      if there.isEmpty {
        var met: Set<Int64> = []
        for set in Set(group.members.lazy.flatMap { $0.memberships.lazy.map(\.set) }).sorted() {
          let namespace = try reading.sets.links(of: set)[type.link]?.namespace
          if let namespace, met.insert(namespace.id).inserted { there.append(namespace) }
        }
      }
      order += there.filter { $0.isInitial != true }
    }
    return order
  }

  /// Those in a namespace, in the time asked for, whose control group is no container's; in the order of
  /// their rows.
  private func withoutContainer(in namespace: NamespaceRecord) throws(SQLiteError) -> [Int64] {
    try reading.connection.prepare(
      """
      SELECT DISTINCT member FROM (\(MembershipStab.inNamespace("m.task_id AS member")))
        LEFT JOIN task ON task.task_id = member LEFT JOIN brief ON brief.from_sample = -member
        LEFT JOIN cgroup ON cgroup.cgroup_id = COALESCE(task.cgroup_id, brief.cgroup_id)
        \(ContainerRecord.joins) WHERE container.container_id IS NULL ORDER BY 1
      """
    ).bind(MembershipStab.values(time.samples, namespace)).map { $0.integer(0) }
  }

  /// Whether the control group of a process was never read while it lived: it is then told as its
  /// parent's.
  private func isUncertain(_ life: Life) throws(SQLiteError) -> Bool {
    guard life.process.cgroup != nil, life.process.id > 0 else { return true }
    let isMet = try reading.connection.prepare(
      "SELECT EXISTS (SELECT 1 FROM sample WHERE sample_id BETWEEN ? AND ?)"
    ).bind(.integer(life.firstSample), .integer(life.lastSample)).first { $0.integer(0) == 1 }
    return isMet != true
  }

  private func outsider(
    _ life: Life, _ group: SharedGroup, _ namespace: NamespaceRecord
  ) throws(SQLiteError) -> SharedAnswer.Outsider? {
    let runs = try reading.tracks.runs(of: life.memberships)[namespace.type.link].filter {
      $0.value.namespace?.id == namespace.id && $0.from <= time.samples.upperBound
        && $0.until >= time.samples.lowerBound
    }
    guard let first = runs.first, let last = runs.last else { return nil }
    let from = try time.index.point(first.from).wall
    let until = try time.index.point(last.end(time.index)).wall
    guard time.window.overlaps(from, until) else { return nil }
    return .init(
      process: life.process, group: group.place, namespace: namespace, from: from,
      until: max(from, until))
  }
}
