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
    var met: Set<Int64> = Set(groups.flatMap { $0.members.map(\.life.process.id) })
    let members = met
    let reader = GroupReader(reading: reading, time: time, types: types)
    for group in groups {
      for namespace in try namespaces(of: group, types) {
        let lives = try lives(in: namespace, otherThan: members)
        let strangers = lives.filter { $0.process.container == nil }
        let isOwn =
          group.isContainer && !strangers.isEmpty
          ? try OwnNamespaces.isOwn(namespace, group.containers, reading) : false
        for life in strangers {
          if isOwn, let one = try outsider(life, group, namespace) { found.outsiders.append(one) }
          if met.insert(life.process.id).inserted, try isUncertain(life) {
            found.uncertain.append(try reader.member(life))
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
    var met: Set<Int64> = []
    for type in types {
      var there = group.namespaces[type] ?? []
      if there.isEmpty { there = try group.presences(type, time).map(\.namespace) }
      for namespace in there where namespace.isInitial != true && met.insert(namespace.id).inserted
      {
        order.append(namespace)
      }
    }
    return order
  }

  private func lives(
    in namespace: NamespaceRecord, otherThan members: Set<Int64>
  ) throws(SQLiteError) -> [Life] {
    let tasks = try reading.connection.prepare(
      "SELECT DISTINCT member FROM (\(MembershipStab.inNamespace("m.task_id AS member"))) ORDER BY 1"
    ).bind(MembershipStab.values(time.samples, namespace)).map { $0.integer(0) }
    var lives: [Life] = []
    for task in tasks where !members.contains(task) {
      if let life = try reading.lives.life(task: task) { lives.append(life) }
    }
    return lives
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
