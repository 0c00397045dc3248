package import NamespaceModel
internal import SQLite

/// Builds the summaries of namespaces.
struct NamespaceSummaries {
  let reading: HistorySnapshot

  func summary(_ lifetime: NamespaceLifetime) throws(SQLiteError) -> NamespaceSummary {
    let pins = try reading.pins.pins(of: lifetime.namespace)
    let makers = MakerFinder(reading: reading)
    let earliest = lifetime.maker == nil ? try makers.first(of: lifetime) : nil
    let maker = try makers.maker(of: lifetime, earliest)
    let first = maker == nil ? earliest : nil
    let seen = try SeenTimes(reading: reading).times(of: lifetime)
    return NamespaceSummary(
      namespace: lifetime.namespace,
      firstSeen: ([seen?.lowerBound] + pins.map(\.firstSeen)).compactMap(\.self).min(),
      lastSeen: ([seen?.upperBound] + pins.map(\.lastSeen)).compactMap(\.self).max(),
      owner: try lifetime.owner.map(reading.namespaces.lifetime)?.namespace,
      parent: try lifetime.parent.map(reading.namespaces.lifetime)?.namespace,
      ownerUID: lifetime.ownerUID,
      maker: maker, firstProcess: first?.process,
      parentOfFirst: first?.parent, isFirstExact: first?.isExact == true,
      mayBeOlder: first?.mayBeOlder == true, pins: pins,
      references: try references(lifetime.namespace, pins))
  }

  private func references(
    _ namespace: NamespaceRecord, _ pins: [PinRecord]
  ) throws(SQLiteError) -> NamespaceSummary.References {
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
      pins: pins.count(where: \.isInLastScan))
  }

  /// Returns the processes with a link of one kind that led to a namespace in one sample.
  private func tasks(
    _ namespace: NamespaceRecord, by link: NamespaceLink, at sample: SequenceNumber
  ) throws(SQLiteError) -> Set<Int64> {
    Set(
      try reading.connection.prepare(reading.members.sql("m.task_id", in: namespace)).bind(
        IntervalOverlapQuery.values(sample...sample) + [
          .integer(namespace.id), .integer(Int64(link.rawValue)),
        ]
      ).map { $0.integer(0) })
  }

  /// Returns the number of descendants of a namespace that had a process, or a process's link for children,
  /// in one sample. A descendant was created in the namespace or is owned by it, or by another descendant.
  private func descendants(
    of namespace: NamespaceRecord, at sample: SequenceNumber
  ) throws(SQLiteError) -> Int {
    // Only a user namespace owns others, and only user and pid namespaces have children.
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

  /// Whether a namespace was created in, or is owned by, the namespace in question or one of its descendants.
  ///
  /// - Parameter known: the results so far, by row id; the call adds its own.
  private func isBelow(_ id: Int64, _ known: inout [Int64: Bool]) throws(SQLiteError) -> Bool {
    // In a damaged file a namespace may be its own ancestor, and a chain of ancestors may have any length.
    var visited: Set<Int64> = [id]
    var open = [id]
    var below: [Int64: Int64] = [:]
    while let next = open.popLast() {
      if known[next] == true {
        var current: Int64? = next
        while let one = current {
          known[one] = true
          current = below[one]
        }
        return true
      }
      if known[next] == false { continue }
      let lifetime = try reading.namespaces.lifetime(next)
      for above in [lifetime.parent, lifetime.owner].compactMap(\.self)
      where visited.insert(above).inserted {
        below[above] = next
        open.append(above)
      }
    }
    for one in visited { known[one] = false }
    return false
  }

  /// Returns the namespaces that had a process, or a process's link for children, in a sample.
  private func namespaces(at sample: SequenceNumber) throws(SQLiteError) -> Set<Int64> {
    var there = Set(
      try reading.connection.prepare(
        """
        SELECT namespace_id FROM namespace WHERE last_seq >= ?1
        UNION ALL SELECT namespace_id FROM namespace WHERE last_seq IS NULL
        """
      ).bind(.number(sample)).map { $0.integer(0) })
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

/// A namespace, the time in which it was seen, and the references that keep it alive.
package struct NamespaceSummary: Sendable, Hashable {
  /// The namespace.
  package let namespace: NamespaceRecord
  /// The first time at which a process or a link for children was seen in it, or a pin scan found it. No
  /// member was seen in it before.
  package let firstSeen: WallTime?
  /// The last such time. No member was seen in it later.
  package let lastSeen: WallTime?
  /// The user namespace that owns it; nil if it is not known.
  package let owner: NamespaceRecord?
  /// The pid or user namespace in which it was created; nil if it is not known, or if there is none.
  package let parent: NamespaceRecord?
  /// For a user namespace, the UID of its creator; nil if it is not known.
  package let ownerUID: Int64?
  /// The process that created it, or may have; nil if no record shows it.
  package let maker: NamespaceMaker?
  /// If the creator is not known, the first process that was seen in it.
  package let firstProcess: ProcessRecord?
  /// The parent of `firstProcess`.
  package let parentOfFirst: ProcessRecord?
  /// Whether an event reported the time at which `firstProcess` entered: the namespace was created then, or
  /// before that only a pin had kept it alive.
  package let isFirstExact: Bool
  /// Whether an earlier namespace had the same inode number, and no kernel id shows whether it is the same
  /// one: then `firstProcess` may have entered a namespace that another process had created.
  package let mayBeOlder: Bool
  /// Every pin that it ever had, in the order in which they were observed.
  package let pins: [PinRecord]
  /// The references that keep it alive in the last sample of the history.
  package let references: References

  /// The recorded references that keep a namespace alive.
  package struct References: Sendable, Hashable {
    /// The number of processes in it in the last sample.
    package let processes: Int
    /// The number of processes outside of it with a link for children that leads to it (`pid_for_children`,
    /// `time_for_children`).
    package let parents: Int
    /// The number of its descendants that had a process, or a process's link for children, in the last
    /// sample: namespaces that were created in it or are owned by it.
    package let namespaces: Int
    /// The number of mounts, open files and sockets that pinned it in the last pin scan.
    package let pins: Int
  }
}

/// Finds the first and the last time at which a process, or a link for children, was seen in a namespace:
/// the least beginning and the greatest end in the answers of `members` and `parents`, without reading all
/// of these.
struct SeenTimes {
  let reading: HistorySnapshot

  private var index: SampleIndex { reading.index }

  /// Returns the two times; nil if no process or link for children was ever seen in the namespace.
  func times(of lifetime: NamespaceLifetime) throws(SQLiteError) -> ClosedRange<WallTime>? {
    guard let first = lifetime.first, let last = try last(lifetime), first <= last else {
      return nil
    }
    let segments = index.clockSegments(in: first...last)
    guard !segments.isEmpty else { return nil }
    var low: WallTime?
    var high: WallTime?
    func add(_ seen: ClosedRange<WallTime>) {
      low = min(low ?? seen.lowerBound, seen.lowerBound)
      high = max(high ?? seen.upperBound, seen.upperBound)
    }
    if let seen = try times(of: lifetime.namespace, at: first) { add(seen) }
    if let seen = try times(of: lifetime.namespace, at: last) { add(seen) }
    // If the clock was set back, the first sample in order may not have the earliest time.
    for segment in segments {
      let opening = try index.point(segment.lowerBound)
      let closing = try index.point(segment.upperBound)
      if opening.wall < low ?? WallTime.max,
        let seen = try earliest(lifetime.namespace, in: segment)
      {
        add(seen)
      }
      if closing.wall > high ?? WallTime.min, let seen = try latest(lifetime.namespace, in: segment)
      {
        add(seen)
      }
    }
    if let low, let high { return low...high }
    // No process was recorded in the namespace: it is known only as the owner or parent of other namespaces.
    let known = try index.point(first).wall
    return known...max(known, try index.point(last).wall)
  }

  /// Returns the last sample or event at which a process or a link for children was in the namespace.
  func last(_ lifetime: NamespaceLifetime) throws(SQLiteError) -> SequenceNumber? {
    guard let last = lifetime.last else { return index.last }
    return max(last, try ChildrenHolders(reading: reading).last(of: lifetime.namespace) ?? last)
  }

  private func earliest(
    _ namespace: NamespaceRecord, in segment: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) -> ClosedRange<WallTime>? {
    try index.require(segment.lowerBound...segment.lowerBound)
    if let seen = try times(of: namespace, at: segment.lowerBound) { return seen }
    let first = try number("MIN(MAX(held_from, ?))", segment.lowerBound, namespace, segment)
    return try first.flatMap { (first) throws(SQLiteError) in try times(of: namespace, at: first) }
  }

  private func latest(
    _ namespace: NamespaceRecord, in segment: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) -> ClosedRange<WallTime>? {
    try index.require(segment.upperBound...segment.upperBound)
    if let seen = try times(of: namespace, at: segment.upperBound) { return seen }
    let last = try number("MAX(MIN(held_until, ?))", segment.upperBound, namespace, segment)
    return try last.flatMap { (last) throws(SQLiteError) in try times(of: namespace, at: last) }
  }

  /// Returns the first or the last sequence number of a segment at which a process, or a link for children,
  /// was in a namespace.
  private func number(
    _ column: String, _ bound: SequenceNumber, _ namespace: NamespaceRecord,
    _ segment: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) -> SequenceNumber? {
    try index.require(segment)
    let held = "m.from_seq AS held_from, COALESCE(m.until_seq, high) AS held_until"
    return try reading.connection.prepare(
      "SELECT \(column) FROM (\(IntervalOverlapQuery.holding(held)))"
    ).bind([.number(bound)] + values(namespace, segment)).first { $0.optionalSequence(0) } ?? nil
  }

  private func values(
    _ namespace: NamespaceRecord, _ samples: ClosedRange<SequenceNumber>
  ) -> [Value] {
    IntervalOverlapQuery.values(samples, namespace) + [
      .integer(Int64(namespace.type.linkForChildren.rawValue))
    ]
  }

  /// Returns the least beginning and the greatest end that one sample or event shows; nil if no process was
  /// there then.
  private func times(
    of namespace: NamespaceRecord, at number: SequenceNumber
  ) throws(SQLiteError) -> ClosedRange<WallTime>? {
    let point = try index.point(number)
    let beginsExactly = try index.sampleWindow(before: number).isExact
    let next = try index.sampleWindow(before: number + 1)
    let endsExactly = number != point.session.last && next.isExact
    var low: WallTime?
    var high: WallTime?
    let rows = try reading.connection.prepare(
      reading.members.sql(Self.columns, in: namespace, byEither: true)
    ).bind(
      values(namespace, number...number))
    defer { rows.reset() }
    while try rows.step() {
      let exact = rows.integer(2)
      let begins = rows.sequence(0) == number
      let isFirst = begins && rows.integer(3) == 0 && !(beginsExactly && exact & 1 != 0)
      let from =
        isFirst
        ? SamplePoint.firstSeen(at: point.wall, start: rows.optionalWallTime(4)) : point.wall
      var until = max(from, point.wall)
      if endsExactly, exact & 2 != 0, rows.optionalSequence(1) == number {
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
