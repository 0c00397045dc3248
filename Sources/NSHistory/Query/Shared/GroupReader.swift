internal import NamespaceModel
internal import SQLite

/// Reads the groups of a `SharedQuestion`: who belonged to each in the time asked for.
struct GroupReader {
  let reading: Reading
  let time: ObservedTime
  let types: [NamespaceType]

  /// Each of them is kept in memory.
  private static let most = 50_000

  func group(
    _ group: SharedQuestion.Group, _ place: Int
  ) throws(SQLiteError) -> SharedGroup {
    var found = SharedGroup(place: place)
    switch group {
    case .host:
      for type in types {
        found.namespaces[type] = try reading.namespaces.lives(
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
    let namespaces = try NamespaceFinder(reading: reading).lives(selector).map(\.namespace)
    group.namespaces[selector.type] = namespaces
    group.isKnown = !namespaces.isEmpty
    guard types.contains(where: { $0 != selector.type }) else { return }
    group.isOpen = true
    let rows = Set(namespaces.map(\.id))
    let tasks = try members(of: namespaces)
    guard isFew(tasks, &group) else { return }
    for task in tasks {
      guard let life = try reading.lives.life(task: task) else { continue }
      var inside: [Membership] = []
      for membership in life.memberships {
        let there = try reading.sets.links(of: membership.set)[selector.type.link]?.namespace
        if let there, rows.contains(there.id) { inside.append(membership) }
      }
      try add(life, inside, to: &group)
    }
  }

  private func members(of namespaces: [NamespaceRecord]) throws(SQLiteError) -> [Int64] {
    var tasks: Set<Int64> = []
    for namespace in namespaces {
      tasks.formUnion(
        try reading.connection.prepare(
          "SELECT DISTINCT member FROM (\(MembershipStab.inNamespace("m.task_id AS member")))"
        ).bind(MembershipStab.values(time.samples, namespace)).map { $0.integer(0) })
    }
    return tasks.sorted()
  }

  private func read(
    _ selector: ProcessSelector, into group: inout SharedGroup
  ) throws(SQLiteError) {
    let finder = ProcessFinder(reading: reading)
    switch selector {
    case .comm(let name):
      group.isOpen = true
      let names: [Value] = [.text(name), .text(SystemText.escaped(Array(name.utf8)))]
      group.isKnown = try isRecorded("comm IN (?, ?)", names)
      try add(tasksWhere: "comm IN (?, ?)", names, selector, to: &group)
    case .container(let text):
      group.isOpen = true
      group.isContainer = true
      let cgroups = try ContainerFinder(connection: reading.connection).cgroups(text)
      let condition = "cgroup_id IN (SELECT value FROM json_each(?))"
      group.isKnown = try isRecorded(condition, [.list(cgroups)])
      try add(tasksWhere: condition, [.list(cgroups)], selector, to: &group)
    default:
      let found = try finder.incarnations(selector, in: time.window)
      let ever = found.lives.isEmpty ? try finder.lives(selector, in: TimeWindow()) : found.lives
      group.isKnown = !ever.isEmpty
      group.otherIncarnations = found.others
      group.hasUnknownNumbers = try hasUnknownNumbers(selector)
      for life in found.lives {
        try add(life, life.memberships, to: &group)
        for thread in try threads(of: life.process) {
          try add(thread, thread.memberships, to: &group)
        }
      }
    }
  }

  private func isFew(_ tasks: [Int64], _ group: inout SharedGroup) -> Bool {
    if tasks.count > Self.most { group.excess = tasks.count }
    return group.excess == 0
  }

  private func hasUnknownNumbers(_ selector: ProcessSelector) throws(SQLiteError) -> Bool {
    switch selector {
    case .latest(let all): return try hasUnknownNumbers(all)
    case .inner(let number, let namespaces):
      return try InnerNumbers(reading: reading).lives(number, in: namespaces).unknown > 0
    default: return false
    }
  }

  private func isRecorded(_ condition: String, _ values: [Value]) throws(SQLiteError) -> Bool {
    try reading.connection.prepare(
      """
      SELECT EXISTS (SELECT 1 FROM task WHERE \(condition))
        OR EXISTS (SELECT 1 FROM past_description WHERE \(condition))
        OR EXISTS (SELECT 1 FROM brief WHERE \(condition))
      """
    ).bind(values + values + values).first { $0.integer(0) == 1 } ?? false
  }

  /// Adds the tasks that were there in the time asked for, without a look at the lives of others.
  private func add(
    tasksWhere condition: String, _ values: [Value], _ selector: ProcessSelector,
    to group: inout SharedGroup
  ) throws(SQLiteError) {
    guard let isMeant = try DescriptionMatcher(selector, in: reading.connection) else { return }
    let range = MembershipStab.values(time.samples)
    var tasks = try reading.connection.prepare(
      """
      SELECT task_id FROM (
          SELECT task_id FROM task WHERE \(condition)
          UNION SELECT task_id FROM past_description WHERE \(condition)) AS meant
      WHERE EXISTS (
        SELECT 1 FROM membership AS m WHERE m.task_id = meant.task_id
          AND m.from_sample <= ? AND COALESCE(m.until_sample, m.from_sample + ?) >= ?)
      """
    ).bind(values + values + [range[1], .integer(Int64.max / 2), range[0]])
      .map { $0.integer(0) }
    tasks += try reading.connection.prepare(
      "SELECT task_id FROM brief WHERE \(condition) AND from_sample <= ? AND until_sample >= ?"
    ).bind(values + [range[1], range[0]]).map { $0.integer(0) }
    guard isFew(tasks, &group) else { return }
    for task in tasks.sorted() {
      guard let life = try reading.lives.life(task: task) else { continue }
      let limited = isMeant.limited(life)
      if isMeant.isOfContainers { group.containers.formUnion(OwnNamespaces.groups(of: [limited])) }
      try add(
        life, limited.memberships, Self.uncertain(limited.limits ?? [], of: life), to: &group)
    }
  }

  /// The times around those of a description in which it may have held or not.
  private static func uncertain(
    _ spans: [ProcessRecord.DescriptionSpan], of life: Life
  ) -> BracketSet {
    var ranges: [Range<Int64>] = []
    for span in spans {
      if !span.beginsExactly, span.possibleFrom < span.certain.lowerBound {
        ranges.append(span.possibleFrom..<span.certain.lowerBound)
      }
      if !span.endsExactly, span.certain.upperBound < span.possibleUntil {
        ranges.append(span.certain.upperBound..<span.possibleUntil)
      }
    }
    return BracketSet(ranges).intersection(life.firstSample - 1..<life.lastSample + 1)
  }

  /// The threads of a process that were elsewhere than its main thread.
  private func threads(of process: ProcessRecord) throws(SQLiteError) -> [Life] {
    guard process.tid == nil, process.id > 0 else { return [] }
    let tasks = try reading.connection.prepare(
      "SELECT task_id FROM task WHERE pid = ? AND tid IS NOT NULL AND parent_task_id = ?"
    ).bind(.integer(process.pid), .integer(process.id)).map { $0.integer(0) }
    var lives: [Life] = []
    for task in tasks { if let life = try reading.lives.life(task: task) { lives.append(life) } }
    return lives
  }

  /// Adds a process or thread, if it was there in the time asked for.
  private func add(
    _ life: Life, _ memberships: [Membership], _ uncertain: BracketSet = .init(),
    to group: inout SharedGroup
  ) throws(SQLiteError) {
    let isThere = memberships.contains {
      $0.from <= time.samples.upperBound && $0.until >= time.samples.lowerBound
    }
    guard isThere || !uncertain.intersection(time.asked).isEmpty else { return }
    group.members.append(
      .init(
        life: life, owner: try owner(of: life), memberships: memberships,
        runs: try reading.tracks.runs(of: memberships), uncertain: uncertain))
  }

  /// A process, from a life.
  func member(_ life: Life) throws(SQLiteError) -> SharedGroup.Member {
    .init(
      life: life, owner: try owner(of: life), memberships: life.memberships,
      runs: try reading.tracks.runs(of: life.memberships))
  }

  private func owner(of life: Life) throws(SQLiteError) -> Int64 {
    guard life.process.tid != nil else { return life.process.id }
    return try reading.lives.parent(of: life.process)?.id ?? life.process.id
  }
}

extension NamespaceSelector {
  /// The type of the namespaces that are selected.
  public var type: NamespaceType {
    switch self {
    case .inode(let type, _), .kernelID(let type, _), .of(let type, _): type
    }
  }
}
