internal import NamespaceModel
internal import SQLite

/// SQL that finds, by index, the memberships in a range of samples, without a scan of all memberships in the
/// history: see `membership_span` and `membership_set` in `Migrations`.
enum IntervalOverlapQuery {
  /// Returns the table expressions that every query begins with: `range` with the bounds `low` and `high`, and
  /// `span` with the classes of membership lengths.
  ///
  /// - Parameter longest: an SQL query for the greatest length that may occur. The classes of greater lengths are left
  ///   out, because a search in an empty class takes as long as one in any other class.
  static func spans(
    _ range: String = "?, ?", longest: String = SessionSpan.lastNumber
  ) -> String {
    """
    WITH RECURSIVE
      range (low, high) AS (VALUES (\(range))),
      span (digits) AS (VALUES (0) UNION ALL SELECT digits + 1 FROM span
        WHERE digits < (SELECT MIN(20, length(printf('%o', (\(longest)))))))
    """
  }

  /// Selects columns of the memberships `m`, in any set, that overlap the range.
  ///
  /// - Parameter range: the SQL parameters for the two ends of the range.
  static func everywhere(_ columns: String, _ range: String = "?, ?") -> String {
    """
    \(spans(range))
    SELECT \(columns) FROM range CROSS JOIN span CROSS JOIN membership AS m
    WHERE m.until_seq IS NOT NULL
      AND length(printf('%o', m.until_seq - m.from_seq)) = digits
      AND m.from_seq > low - (1 << 3 * digits) AND m.from_seq <= high
      AND m.until_seq >= low
    UNION ALL
    SELECT \(columns) FROM range CROSS JOIN membership AS m
    WHERE m.until_seq IS NULL AND m.from_seq <= high
    UNION ALL
    SELECT \(columns) FROM range CROSS JOIN short_lived_task AS m
    WHERE m.from_seq BETWEEN \(batch()) AND high AND m.until_seq >= low
    """
  }

  /// Returns SQL for the least `from_seq` that a row of `short_lived_task` which overlaps `low` may have: the
  /// whole life of a short-lived task is in one batch.
  static func batch(_ low: String = "low") -> String {
    """
    COALESCE((SELECT MAX(first_seq) FROM event_batch WHERE first_seq <= \(low)), \(low))
    """
  }

  /// Selects columns of the memberships that overlap the range in those sets that hold a namespace by one link.
  /// The query has two more parameters: the namespace and the link.
  static func inNamespace(_ columns: String) -> String {
    inSets(columns, "l.namespace_id = ? AND l.link = ?")
  }

  /// Selects columns of the memberships that overlap the range in those sets that hold a namespace by either of
  /// two links. The query has three more parameters: the namespace and the links.
  static func holding(_ columns: String) -> String {
    inSets(columns, "l.namespace_id = ? AND l.link IN (?, ?)")
  }

  /// Selects columns of the memberships that overlap the range in those sets that hold any of some namespaces
  /// by a link of the process's own. The query has one more parameter: the list of the namespaces.
  static func inAnyOf(_ columns: String) -> String {
    let links = NamespaceType.allCases.map { "\($0.link.rawValue)" }.joined(separator: ", ")
    return inSets(
      columns,
      "l.namespace_id IN (SELECT value FROM json_each(?)) AND l.link IN (\(links))")
  }

  /// Selects columns of the memberships that overlap the range in those sets that hold a namespace by a link
  /// for children, and not by the process's own link. The query has two more parameters: the namespace and the
  /// link.
  static func byChildrenAlone(_ columns: String) -> String {
    // The code of a link for children is one above that of the process's own link (`namespace_links`).
    inSets(
      columns,
      """
      l.namespace_id = ? AND l.link = ? AND NOT EXISTS (
        SELECT 1 FROM namespace_set_link AS o WHERE o.set_id = l.set_id AND o.link = l.link - 1
          AND o.namespace_id = l.namespace_id)
      """)
  }

  /// Selects columns of the memberships that overlap the range in those sets with a link that could not be read
  /// for one reason. The query has one more parameter: the reason.
  static func unread(_ columns: String) -> String { inSets(columns, "l.unread = ?") }

  /// Selects the memberships that overlap the range in those sets in which one link could not be read, with the
  /// reason: as `task`, `first`, `last` and `unread`. The query has one more parameter: the link.
  static let unreadLink = """
    \(spans()),
      chosen (set_id, why) AS MATERIALIZED (
        SELECT l.set_id, l.unread FROM namespace_set_link AS l
        WHERE l.unread IS NOT NULL AND l.link = ?)
    SELECT m.task_id AS task, m.from_seq AS first, m.until_seq AS last, why AS unread
    FROM range CROSS JOIN chosen AS s CROSS JOIN membership AS m
    WHERE m.set_id = s.set_id AND m.from_seq <= high AND COALESCE(m.until_seq, high) >= low
    UNION ALL
    SELECT m.task_id, m.from_seq, m.until_seq, why
    FROM range CROSS JOIN chosen AS s CROSS JOIN short_lived_task AS m
    WHERE m.set_id = s.set_id AND m.from_seq <= high AND m.until_seq >= low
    """

  private static func inSets(_ columns: String, _ condition: String) -> String {
    """
    \(spans()),
      chosen (set_id) AS MATERIALIZED (
        SELECT DISTINCT l.set_id FROM namespace_set_link AS l WHERE \(condition))
    SELECT \(columns) FROM range CROSS JOIN chosen AS s
      CROSS JOIN span CROSS JOIN membership AS m
    WHERE m.set_id = s.set_id
      AND CASE WHEN m.until_seq IS NULL THEN 0
               ELSE length(printf('%o', m.until_seq - m.from_seq)) END = digits
      AND m.from_seq > CASE digits WHEN 0 THEN 0 ELSE low - (1 << 3 * digits) END
      AND m.from_seq <= high AND COALESCE(m.until_seq, high) >= low
    UNION ALL
    SELECT \(columns) FROM range CROSS JOIN chosen AS s CROSS JOIN short_lived_task AS m
    WHERE m.set_id = s.set_id AND m.from_seq BETWEEN \(batch()) AND high
      AND m.until_seq >= low
    """
  }

  /// Returns the values of the two parameters for a range.
  static func values(_ samples: ClosedRange<SequenceNumber>) -> [Value] {
    [.number(samples.lowerBound), .number(samples.upperBound)]
  }

  /// Returns the values of the parameters for a range, a namespace and the process's own link of its type.
  static func values(
    _ samples: ClosedRange<SequenceNumber>, _ namespace: NamespaceRecord
  ) -> [Value] {
    values(samples) + [.integer(namespace.id), .integer(Int64(namespace.type.link.rawValue))]
  }
}

/// SQL that finds the memberships in a namespace in a range of samples, by the cheaper of two plans: through
/// the sets that hold the namespace, or, if there are many of these, through all memberships in the range.
final class MembersAtSample {
  private let connection: Connection
  private let index: SampleIndex
  /// The number of sets that hold each namespace, by row id.
  private var known = BoundedCache<Int64, Int64>(limit: 65536)
  private var membershipsASample: Double?

  /// The number of sets from which on a scan of all memberships in the range may be cheaper.
  var manySets: Int64 = 64
  /// The assumed number of memberships at any one time.
  var assumedCount = 512.0
  /// The number of index searches for each set: one for each class of lengths.
  private static let searches = 20.0

  init(_ connection: Connection, _ index: SampleIndex) {
    self.connection = connection
    self.index = index
  }

  /// Selects columns of the memberships `m`; the parameters of the query are `IntervalOverlapQuery.values`.
  ///
  /// - Parameters:
  ///   - byEither: whether the query has one more parameter, a second link, and either of the two links may
  ///     lead to the namespace.
  ///   - samples: the range; nil for one sample.
  func sql(
    _ columns: String, in namespace: NamespaceRecord, byEither: Bool = false,
    during samples: ClosedRange<SequenceNumber>? = nil
  ) throws(SQLiteError) -> String {
    let sets = try sets(of: namespace)
    let there = try assumedCount + (samples.map(count) ?? 0)
    guard sets >= manySets, there < Double(sets) * Self.searches else {
      return byEither
        ? IntervalOverlapQuery.holding(columns) : IntervalOverlapQuery.inNamespace(columns)
    }
    // The unary plus keeps SQLite from searching the index of sets once for each set.
    let all = "m.task_id, m.set_id, m.from_seq, m.until_seq, m.exact"
    return """
      SELECT \(columns) FROM (\(IntervalOverlapQuery.everywhere(all))) AS m
      WHERE +m.set_id IN (
        SELECT set_id FROM namespace_set_link
        WHERE namespace_id = ? AND link \(byEither ? "IN (?, ?)" : "= ?"))
      """
  }

  /// Estimates how many memberships began in a range, from the average over the whole history.
  func count(_ samples: ClosedRange<SequenceNumber>) throws(SQLiteError) -> Double {
    let length = Double(samples.upperBound.rawValue) - Double(samples.lowerBound.rawValue) + 1
    if let membershipsASample { return membershipsASample * length }
    let all = try connection.prepare("SELECT MAX(membership_id) FROM membership")
      .first { Double($0.integer(0)) }
    let everything = index.everything
    let share =
      (all ?? 0)
      / max(
        1, Double(everything.upperBound.rawValue) - Double(everything.lowerBound.rawValue) + 1)
    membershipsASample = share
    return share * length
  }

  private func sets(of namespace: NamespaceRecord) throws(SQLiteError) -> Int64 {
    if let known = known[namespace.id] { return known }
    let found = try connection.prepare(
      "SELECT COUNT(*) FROM namespace_set_link WHERE namespace_id = ? AND link = ?"
    ).bind(
      .integer(namespace.id), .integer(Int64(namespace.type.link.rawValue))
    ).first { $0.integer(0) }
    let count = found ?? 0
    known.insert(count, for: namespace.id)
    return count
  }
}

/// Finds the processes that were in namespaces at one sample.
struct MemberFinder {
  let reading: HistorySnapshot

  /// How many members of one namespace are examined at most.
  private static let most: Int64 = 64

  /// Returns a process, other than `process`, that was in namespaces at a sample: the one that was in the most of them.
  /// Of several, returns the one that entered them first, because a process that entered later is more likely a
  /// visitor; of several that entered at once, the one with the lowest PID. Returns a thread of `process` only if there
  /// is no other member. Ignores initial namespaces.
  func member(
    of namespaces: [NamespaceRecord], at sample: SequenceNumber, otherThan process: ProcessRecord?
  ) throws(SQLiteError) -> ProcessRecord? {
    // For a time before the slice no check is needed: where a task of the slice joined a namespace, the slice has the
    // processes that were in the namespace just before that.
    if let slice = reading.index.slice, slice.side(of: sample) == .after {
      try slice.require(sample...sample)
    }
    var found: [TaskID: (count: Int, begun: SequenceNumber, pid: Int64)] = [:]
    for namespace in namespaces where namespace.isInitial != true {
      let members = try reading.connection.prepare(
        """
        SELECT member, begun, COALESCE(task.pid, short_lived_task.pid) AS number
        FROM (\(try reading.members.sql("m.task_id AS member, m.from_seq AS begun", in: namespace)))
          LEFT JOIN task ON task.task_id = member LEFT JOIN short_lived_task ON short_lived_task.from_seq = -member
        WHERE member <> ? ORDER BY begun, number, member LIMIT \(Self.most)
        """
      ).bind(IntervalOverlapQuery.values(sample...sample, namespace) + [.integer(process?.id ?? 0)])
        .map { ($0.task(0), $0.sequence(1), $0.integer(2)) }
      for (member, begun, pid) in members {
        let known = found[member]
        found[member] = ((known?.count ?? 0) + 1, min(known?.begun ?? begun, begun), pid)
      }
    }
    let others = found.filter { $0.value.pid != process?.pid }
    let best = (others.isEmpty ? found : others).min { one, other in
      (-one.value.count, one.value.begun, one.value.pid, one.key.rawValue) < (
        -other.value.count, other.value.begun, other.value.pid, other.key.rawValue
      )
    }
    return try best.flatMap { (member, _) throws(SQLiteError) in
      try reading.taskHistories.history(of: member)?.process.described(at: sample)
    }
  }

  /// Returns whether events reported everything that happened in a range, and the recorder omitted none of it.
  private func areEventsComplete(_ range: ClosedRange<SequenceNumber>) throws(SQLiteError) -> Bool {
    guard let session = reading.index.session(of: range.lowerBound), session.shortLived == .all,
      session.first < range.lowerBound, range.upperBound <= session.last
    else { return false }
    return try reading.connection.prepare(
      """
      SELECT NOT EXISTS (
        SELECT 1 FROM sample WHERE seq BETWEEN ?1 AND ?2 AND gap IS NOT NULL
        UNION ALL
        SELECT 1 FROM sample_note WHERE seq BETWEEN ?1 AND ?2 AND folded > 0)
      """
    ).bind(.number(range.lowerBound), .number(range.upperBound)).first { $0.integer(0) == 1 }
      ?? false
  }

  /// Returns whether a process, including its threads, was in a namespace or had it as the namespace of its
  /// children before a sample, and is certainly the only process that did. To be certain, events must have
  /// reported everything since the namespace was first seen. Returns false, without a full search, for a
  /// namespace with many memberships.
  func isOnlyMember(
    _ process: ProcessRecord, of namespace: NamespaceRecord, before sample: SequenceNumber
  ) throws(SQLiteError) -> Bool {
    guard let first = try reading.namespaces.lifetime(namespace.id).first, first < sample else {
      return false
    }
    let range = first...sample - 1
    // A slice may lack members from before its own time, so that finding none then proves nothing.
    let isInSlice = reading.index.slice?.side(of: first) ?? .inside == .inside
    // A row without a kernel id, from a process that had exited before the id could be read, may be the same
    // namespace.
    guard try areEventsComplete(first...sample),
      try !reading.namespaces.hasDouble(of: namespace, from: first, to: sample - 1)
    else { return false }
    let sql = try reading.members.sql(
      "m.task_id AS member", in: namespace, byEither: true, during: range)
    let members = try reading.connection.prepare("\(sql) LIMIT \(Self.most)")
      .bind(
        IntervalOverlapQuery.values(range, namespace) + [
          .integer(Int64(namespace.type.linkForChildren.rawValue))
        ]
      ).map { $0.task(0) }
    guard !members.isEmpty || !isInSlice, members.count < Int(Self.most) else { return false }
    for member in Set(members) where member != process.task {
      let other = try reading.taskHistories.history(of: member)?.process
      guard let other, other.boot == process.boot, other.pid == process.pid,
        other.startBoot == process.startBoot
      else { return false }
    }
    _ = try reading.index.values(first...sample)
    return true
  }
}
