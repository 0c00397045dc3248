internal import NamespaceModel
internal import SQLite

/// Sums up namespaces.
struct NamespaceSummaries {
  let reading: HistorySnapshot

  func summary(_ life: NamespaceLifetime) throws(SQLiteError) -> NamespaceSummary {
    let pins = try reading.pins.pins(of: life.namespace)
    let makers = MakerFinder(reading: reading)
    let earliest = life.maker == nil ? try makers.first(of: life) : nil
    let maker = try makers.maker(of: life, earliest)
    let first = maker == nil ? earliest : nil
    let seen = try SeenTimes(reading: reading).times(of: life)
    return NamespaceSummary(
      namespace: life.namespace,
      firstSeen: ([seen?.lowerBound] + pins.map(\.firstSeen)).compactMap(\.self).min(),
      lastSeen: ([seen?.upperBound] + pins.map(\.lastSeen)).compactMap(\.self).max(),
      owner: try life.owner.map(reading.namespaces.life)?.namespace,
      parent: try life.parent.map(reading.namespaces.life)?.namespace,
      ownerUID: life.ownerUID,
      maker: maker, firstProcess: first?.process,
      parentOfFirst: first?.parent, isFirstExact: first?.isExact == true,
      mayBeOlder: first?.mayBeOlder == true, pins: pins,
      kept: try keepers(life.namespace, pins))
  }

  private func keepers(
    _ namespace: NamespaceRecord, _ pins: [PinRecord]
  ) throws(SQLiteError) -> NamespaceSummary.Keepers {
    guard let last = reading.index.last else {
      return .init(processes: 0, parents: 0, namespaces: 0, pins: 0)
    }
    let type = namespace.type
    let members = try tasks(namespace, by: type.link, at: last)
    let parents =
      type.linkForChildren == type.link
      ? [] : try tasks(namespace, by: type.linkForChildren, at: last).subtracting(members)
    return .init(
      processes: members.count, parents: parents.count,
      namespaces: try descendants(of: namespace, at: last),
      pins: pins.count(where: \.isInLastLook))
  }

  /// The processes of which a link leads to a namespace, in one sample.
  private func tasks(
    _ namespace: NamespaceRecord, by link: NamespaceLink, at sample: Int64
  ) throws(SQLiteError) -> Set<Int64> {
    Set(
      try reading.connection.prepare(reading.members.sql("m.task_id", in: namespace)).bind(
        IntervalOverlapQuery.values(sample...sample) + [
          .integer(namespace.id), .integer(Int64(link.rawValue)),
        ]
      ).map { $0.integer(0) })
  }

  /// How many namespaces were made in it or are owned by it, or by one of those, and had a process in a
  /// sample, or one whose children go there.
  private func descendants(
    of namespace: NamespaceRecord, at sample: Int64
  ) throws(SQLiteError) -> Int {
    // Only a user namespace owns others, and only in one or a pid namespace others are made.
    guard namespace.type == .user || namespace.type == .pid else { return 0 }
    let there = try namespaces(at: sample)
    try reading.namespaces.read(there)
    var isBelow: [Int64: Bool] = [namespace.id: true]
    var count = 0
    for id in there where id != namespace.id {
      if try self.isBelow(id, &isBelow) { count += 1 }
    }
    return count
  }

  /// Whether a namespace was made in one of those that are known to be below, or is owned by one.
  private func isBelow(_ id: Int64, _ known: inout [Int64: Bool]) throws(SQLiteError) -> Bool {
    // A file may say that a namespace is above itself, or have a chain of any length.
    var met: Set<Int64> = [id]
    var open = [id]
    var below: [Int64: Int64] = [:]
    while let next = open.popLast() {
      if known[next] == true {
        var place: Int64? = next
        while let one = place {
          known[one] = true
          place = below[one]
        }
        return true
      }
      if known[next] == false { continue }
      let life = try reading.namespaces.life(next)
      for above in [life.parent, life.owner].compactMap(\.self) where met.insert(above).inserted {
        below[above] = next
        open.append(above)
      }
    }
    for one in met { known[one] = false }
    return false
  }

  /// The namespaces that had a process in a sample, or one whose children go there.
  private func namespaces(at sample: Int64) throws(SQLiteError) -> Set<Int64> {
    var there = Set(
      try reading.connection.prepare(
        """
        SELECT namespace_id FROM namespace WHERE last_seq >= ?1
        UNION ALL SELECT namespace_id FROM namespace WHERE last_seq IS NULL
        """
      ).bind(.integer(sample)).map { $0.integer(0) })
    there.formUnion(
      try reading.connection.prepare(
        """
        SELECT DISTINCT l.namespace_id
        FROM (\(IntervalOverlapQuery.everywhere("m.set_id AS held"))) AS s
          CROSS JOIN namespace_set_link AS l ON l.set_id = held
        WHERE l.link IN (5, 7) AND l.namespace_id IS NOT NULL
        """
      ).bind(IntervalOverlapQuery.values(sample...sample)).map { $0.integer(0) })
    return there
  }
}

/// A namespace, when it was there, and what keeps it alive.
package struct NamespaceSummary: Sendable, Hashable {
  /// The namespace.
  package let namespace: NamespaceRecord
  /// When a process was first seen in it, or had its children go there, or a scan for pins first saw
  /// it; in nanoseconds since the epoch. No member was seen in it before.
  package let firstSeen: Int64?
  /// When that was last; in nanoseconds since the epoch. No member was seen in it later.
  package let lastSeen: Int64?
  /// The user namespace that owns it; nil where that is not known.
  package let owner: NamespaceRecord?
  /// The pid or user namespace that it was made in; nil where that is not known, or there is none.
  package let parent: NamespaceRecord?
  /// The user who made it, of a user namespace; nil where that is not known.
  package let ownerUID: Int64?
  /// The process that made it, or may have; nil where nothing tells.
  package let maker: NamespaceMaker?
  /// Where it is not known who made it, the first process that was seen in it.
  package let firstProcess: ProcessRecord?
  /// The parent of that process.
  package let parentOfFirst: ProcessRecord?
  /// Whether an event reported when that came: the namespace was made then, or only a pin had kept it.
  package let isFirstExact: Bool
  /// Whether one with its inode number had been there before, and no id tells whether it is that one: then
  /// that process may have entered what others had made.
  package let mayBeOlder: Bool
  /// Every pin that it ever had, in the order in which they were observed.
  package let pins: [PinRecord]
  /// What keeps it alive in the last sample of all.
  package let kept: Keepers

  /// What keeps a namespace alive, as far as is recorded.
  package struct Keepers: Sendable, Hashable {
    /// How many processes were in it in the last sample.
    package let processes: Int
    /// How many were not, but had children go there (`pid_for_children`, `time_for_children`).
    package let parents: Int
    /// How many namespaces were made in it or are owned by it, and had a process in the last sample.
    package let namespaces: Int
    /// How many mounts, open files and sockets kept it at the last look.
    package let pins: Int
  }
}

/// Finds when a process was first and last seen in a namespace, or had its children go there: the least
/// beginning and the greatest end of what `members` and `parents` give, without a look at all of those.
struct SeenTimes {
  let reading: HistorySnapshot

  private var index: SampleIndex { reading.index }

  /// Nil where no process ever was or had.
  func times(of life: NamespaceLifetime) throws(SQLiteError) -> ClosedRange<Int64>? {
    guard let first = life.first, let last = try last(life), first <= last else { return nil }
    let stretches = index.stretches(in: first...last)
    guard !stretches.isEmpty else { return nil }
    var low: Int64?
    var high: Int64?
    func add(_ seen: ClosedRange<Int64>) {
      low = min(low ?? seen.lowerBound, seen.lowerBound)
      high = max(high ?? seen.upperBound, seen.upperBound)
    }
    if let seen = try times(of: life.namespace, at: first) { add(seen) }
    if let seen = try times(of: life.namespace, at: last) { add(seen) }
    // Where the clock was set back, what was first in order may not be what has the least time.
    for stretch in stretches {
      let opening = try index.point(stretch.lowerBound)
      let closing = try index.point(stretch.upperBound)
      if opening.wall < low ?? Int64.max, let seen = try earliest(life.namespace, in: stretch) {
        add(seen)
      }
      if closing.wall > high ?? Int64.min, let seen = try latest(life.namespace, in: stretch) {
        add(seen)
      }
    }
    if let low, let high { return low...high }
    // Only other namespaces say that it was there.
    let known = try index.point(first).wall
    return known...max(known, try index.point(last).wall)
  }

  /// The last sample or event at which a process was in it, or had its children go there.
  private func last(_ life: NamespaceLifetime) throws(SQLiteError) -> Int64? {
    guard let last = life.last else { return index.last }
    return max(last, try ChildrenHolders(reading: reading).last(of: life.namespace) ?? last)
  }

  private func earliest(
    _ namespace: NamespaceRecord, in stretch: ClosedRange<Int64>
  ) throws(SQLiteError) -> ClosedRange<Int64>? {
    if let seen = try times(of: namespace, at: stretch.lowerBound) { return seen }
    let first = try number("MIN(MAX(held_from, ?))", stretch.lowerBound, namespace, stretch)
    return try first.flatMap { (first) throws(SQLiteError) in try times(of: namespace, at: first) }
  }

  private func latest(
    _ namespace: NamespaceRecord, in stretch: ClosedRange<Int64>
  ) throws(SQLiteError) -> ClosedRange<Int64>? {
    if let seen = try times(of: namespace, at: stretch.upperBound) { return seen }
    let last = try number("MAX(MIN(held_until, ?))", stretch.upperBound, namespace, stretch)
    return try last.flatMap { (last) throws(SQLiteError) in try times(of: namespace, at: last) }
  }

  /// The first or the last number of a stretch at which a process was in a namespace.
  private func number(
    _ column: String, _ bound: Int64, _ namespace: NamespaceRecord, _ stretch: ClosedRange<Int64>
  ) throws(SQLiteError) -> Int64? {
    let held = "m.from_seq AS held_from, COALESCE(m.until_seq, high) AS held_until"
    return try reading.connection.prepare(
      "SELECT \(column) FROM (\(IntervalOverlapQuery.holding(held)))"
    ).bind([.integer(bound)] + values(namespace, stretch)).first { $0.optionalInteger(0) } ?? nil
  }

  private func values(
    _ namespace: NamespaceRecord, _ samples: ClosedRange<Int64>
  ) -> [Value] {
    IntervalOverlapQuery.values(samples, namespace) + [
      .integer(Int64(namespace.type.linkForChildren.rawValue))
    ]
  }

  /// The least beginning and the greatest end that one sample or event reports; nil where no process
  /// was there then.
  private func times(
    of namespace: NamespaceRecord, at number: Int64
  ) throws(SQLiteError) -> ClosedRange<Int64>? {
    let point = try index.point(number)
    let beginsExactly = try index.sampleWindow(before: number).isExact
    let behind = try index.sampleWindow(before: number + 1)
    let endsExactly = number != point.session.last && behind.isExact
    var low: Int64?
    var high: Int64?
    let rows = try reading.connection.prepare(
      reading.members.sql(Self.columns, in: namespace, byEither: true)
    ).bind(
      values(namespace, number...number))
    defer { rows.reset() }
    while try rows.step() {
      let exact = rows.integer(2)
      let begins = rows.integer(0) == number
      let isFirst = begins && rows.integer(3) == 0 && !(beginsExactly && exact & 1 != 0)
      let from =
        isFirst
        ? SamplePoint.firstSeen(at: point.wall, start: rows.optionalInteger(4)) : point.wall
      var until = max(from, point.wall)
      if endsExactly, exact & 2 != 0, rows.optionalInteger(1) == number {
        until = max(until, try index.point(number + 1).wall)
      }
      low = min(low ?? from, from)
      high = max(high ?? until, until)
    }
    if let low, let high { return low...high }
    return nil
  }

  private static let columns = """
    m.from_seq, m.until_seq, COALESCE(m.exact, 0),
    EXISTS (SELECT 1 FROM membership AS e
            WHERE e.task_id = m.task_id AND e.from_seq < m.from_seq),
    (SELECT start_wall_ns FROM task AS t WHERE t.task_id = m.task_id)
    """
}
