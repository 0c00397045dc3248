package import NamespaceModel
internal import SQLite

/// Streams the members of namespaces.
struct MembersQuery {
  let reading: HistorySnapshot
  let window: TimeWindow
  let samples: ClosedRange<SequenceNumber>
  /// The number of memberships from which on the members are not sorted.
  private let most: Int
  private let runs: MemberIntervals

  init(
    reading: HistorySnapshot, window: TimeWindow, samples: ClosedRange<SequenceNumber>,
    most: Int = 65_536
  ) {
    self.reading = reading
    self.window = window
    self.samples = samples
    self.most = most
    runs = MemberIntervals(reading)
  }

  /// Calls `body` with each member; returns false if `body` did.
  func forEach(
    in namespace: NamespaceRecord, _ body: (Member) -> Bool
  ) throws(SQLiteError) -> Bool {
    let there = try reading.members.sql(
      "m.task_id AS member", in: namespace, during: samples)
    let isCrowded = try isCrowded(namespace, there)
    let sorted = ["SELECT DISTINCT member FROM (\(there)) ORDER BY 1"]
    for sql in isCrowded ? Self.inOrder : sorted {
      let tasks = try reading.connection.prepare(sql)
        .bind(reading.index.values(samples, namespace))
      defer { tasks.reset() }
      guard try forEach(of: tasks, in: namespace, body) else { return false }
    }
    return true
  }

  /// Whether so many processes were in a namespace in the range of samples that sorting them takes long.
  private func isCrowded(
    _ namespace: NamespaceRecord, _ there: String
  ) throws(SQLiteError) -> Bool {
    try reading.connection.prepare("SELECT COUNT(*) FROM (SELECT 1 FROM (\(there)) LIMIT ?)").bind(
      reading.index.values(samples, namespace) + [.integer(Int64(most))]
    )
    .first { $0.integer(0) >= most } ?? false
  }

  /// SQL that selects the same members in the same order without sorting: it steps through all recorded
  /// processes in order, and selects those that were in the namespace.
  private static let inOrder = [
    """
    SELECT m.task_id FROM short_lived_task AS m NOT INDEXED
    WHERE m.from_seq BETWEEN \(IntervalOverlapQuery.batch("?1")) AND ?2 AND m.until_seq >= ?1
      AND m.set_id IN (\(sets)) ORDER BY m.from_seq DESC
    """,
    """
    SELECT m.task_id FROM membership AS m INDEXED BY membership_task
    WHERE m.task_id > 0 AND m.from_seq <= ?2 AND COALESCE(m.until_seq, ?2) >= ?1
      AND m.set_id IN (\(sets)) ORDER BY m.task_id
    """,
  ]

  private static let sets =
    "SELECT set_id FROM namespace_set_link WHERE namespace_id = ?3 AND link = ?4"

  private func forEach(
    of tasks: Statement, in namespace: NamespaceRecord, _ body: (Member) -> Bool
  ) throws(SQLiteError) -> Bool {
    var last: TaskID?
    while try tasks.step() {
      let task = tasks.task(0)
      // A task with several memberships in the namespace is handled once.
      guard task != last, let history = try reading.taskHistories.history(of: task) else {
        continue
      }
      last = task
      for member in try members(history, namespace) where !body(member) { return false }
    }
    return true
  }

  private func members(
    _ history: TaskHistory, _ namespace: NamespaceRecord
  ) throws(SQLiteError) -> [Member] {
    let bounds = reading.bounds(of: history)
    var members: [Member] = []
    for run in try runs.runs(of: history, namespace.type.link, to: namespace) {
      for piece in try reading.index.pieces(of: run.from...run.until) {
        let interval = try bounds.resolve(piece, of: run.from...run.until)
        guard window.mayOverlap(interval) else { continue }
        members.append(
          Member(
            namespace: namespace,
            process: try reading.index.described(
              history.process, through: piece, in: window, endsExactly: interval.end.isExact),
            from: interval.from, until: interval.until, beginning: interval.beginning,
            end: interval.end,
            link: namespace.type.link))
      }
    }
    return members
  }
}

/// An interval without a gap in the samples in which a process, or its link for children, was in a
/// namespace.
package struct Member: Sendable, Hashable {
  /// The namespace.
  package let namespace: NamespaceRecord
  /// The process, with the last description that it had in the interval and in the window.
  package let process: ProcessRecord
  /// The beginning: exact if `beginning` is, otherwise the beginning of the
  /// first sample that saw the process there.
  package let from: WallTime
  /// The end: exact if `end` is, otherwise the beginning of the last sample that saw the process there.
  package let until: WallTime
  /// The way the interval began.
  package let beginning: IntervalBound
  /// The way the interval ended.
  package let end: IntervalBound
  /// The link that leads to the namespace: that of the process itself, or the one for its children.
  package let link: NamespaceLink
}

extension HistorySnapshot {
  /// Calls `body` with the row of each process that was ever recorded in a namespace, and with the sample or event
  /// that first saw it there, in the order of these numbers. Stops when `body` returns false. Of a namespace that is
  /// older than the slice that is read, the slice has only the processes of its beginning
  /// (`SliceExtent.beginning`): the call throws if it needs others.
  ///
  /// - Parameter isDecided: returns whether processes that entered later than those so far can no longer matter.
  func forEachArrival(
    in namespace: NamespaceRecord, until isDecided: () -> Bool = { false },
    _ body: (TaskID, SequenceNumber) throws(SQLiteError) -> Bool
  ) throws(SQLiteError) {
    guard let low = index.first, let high = index.last else { return }
    let begin = try namespaces.lifetime(namespace.id).first ?? .max
    let members = try connection.prepare(
      """
      SELECT member, MIN(began) AS first FROM (
        \(IntervalOverlapQuery.inNamespace("m.task_id AS member, m.from_seq AS began")))
      GROUP BY member ORDER BY first, member
      """
    ).bind(IntervalOverlapQuery.values(low...high, namespace))
    defer { members.reset() }
    while try members.step() {
      let first = members.sequence(1)
      let held = namespace.isInitial == true ? begin : begin &+ SliceExtent.beginning
      if let slice = index.slice, first > held {
        if isDecided() { return }
        try slice.requireProcesses(begin...first)
      }
      guard try body(members.task(0), first) else { return }
    }
    if !isDecided() { try index.slice?.requireProcesses(begin...max(begin, high)) }
  }
}

/// Finds the intervals in which a link of a process led to a namespace, for many namespaces in turn.
///
/// Caches, by namespace, the intervals of a process with many memberships: to read all of its memberships
/// for each of its namespaces would take time quadratic in their number.
final class MemberIntervals {
  private let reading: HistorySnapshot
  /// The cached intervals; the limit applies to their total number.
  private var known = BoundedCache<Key, [Int64: [PIDHistory.LinkInterval]]>(limit: 1 << 18)
  /// The number of times that all memberships of a process were read.
  private(set) var readings = 0

  /// The intervals of a process with up to this many memberships are not cached.
  private static let mostUncached = 16

  private struct Key: Hashable {
    let task: TaskID
    let link: NamespaceLink
  }

  init(_ reading: HistorySnapshot) { self.reading = reading }

  /// Returns the intervals in which a link led to a namespace; for a link for children, only those in which
  /// the process itself was in another namespace.
  func runs(
    of history: TaskHistory, _ link: NamespaceLink, to namespace: NamespaceRecord
  ) throws(SQLiteError) -> [PIDHistory.LinkInterval] {
    let key = Key(task: history.process.task, link: link)
    if let known = known[key] { return known[namespace.id] ?? [] }
    readings += 1
    let runs = try reading.pidHistories.runs(of: memberships(of: history, link))[link]
    guard history.memberships.count > Self.mostUncached else {
      return runs.filter { $0.value == .namespace(namespace) }
    }
    var byNamespace: [Int64: [PIDHistory.LinkInterval]] = [:]
    for run in runs {
      if let id = run.value.namespace?.id { byNamespace[id, default: []].append(run) }
    }
    known.insert(byNamespace, for: key, weight: runs.count)
    return byNamespace[namespace.id] ?? []
  }

  private func memberships(
    of history: TaskHistory, _ link: NamespaceLink
  ) throws(SQLiteError) -> [Membership] {
    let own = link.type.link
    guard link != own else { return history.memberships }
    var elsewhere: [Membership] = []
    for membership in history.memberships {
      let links = try reading.sets.links(of: membership.set)
      if links[link] != links[own] { elsewhere.append(membership) }
    }
    return elsewhere
  }
}

/// Finds the processes whose link for children leads to a namespace that they are not in themselves.
struct ChildrenHolders {
  let reading: HistorySnapshot
  private let runs: MemberIntervals

  init(reading: HistorySnapshot) {
    self.reading = reading
    runs = MemberIntervals(reading)
  }

  /// Returns the SQL condition that a row `l` of `namespace_set_link` is a link for children to a namespace, and that
  /// the process's own link of the set leads elsewhere.
  static func isLink(to namespace: String) -> String {
    // The code of a link for children is that of the process's own link plus one (`namespace_links`).
    """
    l.namespace_id = \(namespace) AND l.link IN (5, 7) AND NOT EXISTS (
      SELECT 1 FROM namespace_set_link AS o
      WHERE o.set_id = l.set_id AND o.link = l.link - 1 AND o.namespace_id = l.namespace_id)
    """
  }

  /// Returns SQL for the last sample or event at which the link for children of a process led to a namespace that the
  /// process was not in; NULL if there never was one.
  ///
  /// - Parameters:
  ///   - namespace: an SQL expression for the row id of the namespace.
  ///   - newest: an SQL expression for the last sample of all, up to which an open membership holds.
  static func last(of namespace: String, newest: String) -> String {
    let isSelected = isLink(to: namespace)
    return """
      (SELECT MAX(held) FROM (
        SELECT COALESCE(m.until_seq, \(newest)) AS held
        FROM namespace_set_link AS l CROSS JOIN membership AS m ON m.set_id = l.set_id
        WHERE \(isSelected)
        UNION ALL
        SELECT m.until_seq FROM namespace_set_link AS l CROSS JOIN short_lived_task AS m
          ON m.set_id = l.set_id
        WHERE \(isSelected)))
      """
  }

  /// Returns the last sample or event at which the link for children of a process led to a namespace that the process
  /// was not in; nil if there never was one.
  func last(of namespace: NamespaceRecord) throws(SQLiteError) -> SequenceNumber? {
    guard namespace.type.linkForChildren != namespace.type.link else { return nil }
    return try reading.connection.prepare("SELECT \(Self.last(of: "?1", newest: "?2"))")
      .bind(.integer(namespace.id), .number(reading.index.last ?? .zero))
      .first { $0.optionalSequence(0) } ?? nil
  }

  /// Calls `body` with each process whose link for children led to a namespace that the process was not in; returns
  /// false if `body` did.
  func forEach(
    of namespace: NamespaceRecord, _ samples: ClosedRange<SequenceNumber>, _ window: TimeWindow,
    _ body: (Member) -> Bool
  ) throws(SQLiteError) -> Bool {
    let link = namespace.type.linkForChildren
    guard link != namespace.type.link else { return true }
    // SQLite sorts large results in a temporary file, not in memory.
    let tasks = try reading.connection.prepare(
      "SELECT DISTINCT member FROM (\(IntervalOverlapQuery.byChildrenAlone("m.task_id AS member"))) ORDER BY 1"
    ).bind(
      reading.index.values(samples) + [
        .integer(namespace.id), .integer(Int64(link.rawValue)),
      ])
    defer { tasks.reset() }
    while try tasks.step() {
      guard let history = try reading.taskHistories.history(of: tasks.task(0)) else { continue }
      for member in try members(history, namespace, window) where !body(member) { return false }
    }
    return true
  }

  private func members(
    _ history: TaskHistory, _ namespace: NamespaceRecord, _ window: TimeWindow
  ) throws(SQLiteError) -> [Member] {
    let bounds = reading.bounds(of: history)
    var members: [Member] = []
    for run in try runs.runs(of: history, namespace.type.linkForChildren, to: namespace) {
      for piece in try reading.index.pieces(of: run.from...run.until) {
        let interval = try bounds.resolve(piece, of: run.from...run.until)
        guard window.mayOverlap(interval) else { continue }
        members.append(
          Member(
            namespace: namespace,
            process: try reading.index.described(
              history.process, through: piece, in: window, endsExactly: interval.end.isExact),
            from: interval.from, until: interval.until, beginning: interval.beginning,
            end: interval.end,
            link: namespace.type.linkForChildren))
      }
    }
    return members
  }
}
