internal import NamespaceModel
internal import SQLite

/// Finds who was in namespaces at one sample.
struct MemberFinder {
  let reading: HistorySnapshot

  /// How many members of one namespace are looked at.
  private static let most: Int64 = 64

  /// The process, other than one, that was in the most of some namespaces; of several, the one with
  /// the lowest PID, and of these the one that was observed first. One of its own threads only where there
  /// is nobody else. Of an initial namespace no member says anything.
  func member(
    of namespaces: [NamespaceRecord], at sample: Int64, otherThan process: ProcessRecord?
  ) throws(SQLiteError) -> ProcessRecord? {
    var counts: [Int64: Int] = [:]
    var pids: [Int64: Int64] = [:]
    for namespace in namespaces where namespace.isInitial != true {
      let members = try reading.connection.prepare(
        """
        SELECT member, COALESCE(task.pid, short_lived_task.pid) AS number
        FROM (\(try reading.members.sql("m.task_id AS member", in: namespace)))
          LEFT JOIN task ON task.task_id = member LEFT JOIN short_lived_task ON short_lived_task.from_seq = -member
        WHERE member <> ? ORDER BY number, member LIMIT \(Self.most)
        """
      ).bind(IntervalOverlapQuery.values(sample...sample, namespace) + [.integer(process?.id ?? 0)])
        .map { ($0.integer(0), $0.integer(1)) }
      for (member, pid) in members {
        counts[member, default: 0] += 1
        pids[member] = pid
      }
    }
    let others = counts.filter { pids[$0.key] != process?.pid }
    let best = (others.isEmpty ? counts : others).max { one, other in
      (one.value, -(pids[one.key] ?? 0), -one.key) < (
        other.value, -(pids[other.key] ?? 0), -other.key
      )
    }
    return try best.flatMap { (member, _) throws(SQLiteError) in
      try reading.lives.life(task: member)?.process.described(at: sample)
    }
  }

  /// Whether events reported all that happened in a range, and nothing of it was left out.
  private func areEventsComplete(_ range: ClosedRange<Int64>) throws(SQLiteError) -> Bool {
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
    ).bind(.integer(range.lowerBound), .integer(range.upperBound)).first { $0.integer(0) == 1 }
      ?? false
  }

  /// Whether a process, threads of it included, was in a namespace or had its children go there before a sample, and
  /// is certainly the only one that did: events reported all since the namespace was known. Of a namespace that it came
  /// to very often that is not looked for.
  func isOnlyMember(
    _ process: ProcessRecord, of namespace: NamespaceRecord, before sample: Int64
  ) throws(SQLiteError) -> Bool {
    guard let first = try reading.namespaces.life(namespace.id).first, first < sample else {
      return false
    }
    let range = first...sample - 1
    // A row without an id, of somebody who had left before it could be read, may be of the same namespace.
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
      ).map { $0.integer(0) }
    guard !members.isEmpty, members.count < Int(Self.most) else { return false }
    for member in Set(members) where member != process.id {
      let other = try reading.lives.life(task: member)?.process
      guard let other, other.boot == process.boot, other.pid == process.pid,
        other.startBoot == process.startBoot
      else { return false }
    }
    return true
  }
}
