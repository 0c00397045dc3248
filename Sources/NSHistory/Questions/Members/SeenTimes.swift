internal import NamespaceModel
internal import SQLite

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
