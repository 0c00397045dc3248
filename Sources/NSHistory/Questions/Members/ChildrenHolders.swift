internal import NamespaceModel
internal import SQLite

/// Finds the processes that are not in a namespace and have their children go there.
struct ChildrenHolders {
  let reading: HistorySnapshot
  private let runs: MemberIntervals

  init(reading: HistorySnapshot) {
    self.reading = reading
    runs = MemberIntervals(reading)
  }

  /// SQL of the last sample or event at which a process had; NULL where none ever had.
  ///
  /// - Parameters:
  ///   - namespace: the row of the namespace.
  ///   - newest: the last sample of all, up to which an open membership holds.
  static func last(of namespace: String, newest: String) -> String {
    // A link for children has the code behind that of the process's own (`namespace_links`).
    let isMeant = """
      l.namespace_id = \(namespace) AND l.link IN (5, 7) AND NOT EXISTS (
        SELECT 1 FROM namespace_set_link AS o
        WHERE o.set_id = l.set_id AND o.link = l.link - 1 AND o.namespace_id = l.namespace_id)
      """
    return """
      (SELECT MAX(held) FROM (
        SELECT COALESCE(m.until_seq, \(newest)) AS held
        FROM namespace_set_link AS l CROSS JOIN membership AS m ON m.set_id = l.set_id
        WHERE \(isMeant)
        UNION ALL
        SELECT m.until_seq FROM namespace_set_link AS l CROSS JOIN short_lived_task AS m
          ON m.set_id = l.set_id
        WHERE \(isMeant)))
      """
  }

  /// The last sample or event at which a process had; nil where none ever had.
  func last(of namespace: NamespaceRecord) throws(SQLiteError) -> Int64? {
    guard namespace.type.linkForChildren != namespace.type.link else { return nil }
    return try reading.connection.prepare("SELECT \(Self.last(of: "?1", newest: "?2"))")
      .bind(.integer(namespace.id), .integer(reading.index.last ?? 0))
      .first { $0.optionalInteger(0) } ?? nil
  }

  /// Gives `body` each; returns false when `body` did.
  func forEach(
    of namespace: NamespaceRecord, _ samples: ClosedRange<Int64>, _ window: TimeWindow,
    _ body: (Member) -> Bool
  ) throws(SQLiteError) -> Bool {
    let link = namespace.type.linkForChildren
    guard link != namespace.type.link else { return true }
    // SQLite keeps what it sorts in a file of its own when it is much.
    let tasks = try reading.connection.prepare(
      "SELECT DISTINCT member FROM (\(IntervalOverlapQuery.byChildrenAlone("m.task_id AS member"))) ORDER BY 1"
    ).bind(
      IntervalOverlapQuery.values(samples) + [
        .integer(namespace.id), .integer(Int64(link.rawValue)),
      ])
    defer { tasks.reset() }
    while try tasks.step() {
      guard let life = try reading.lives.life(task: tasks.integer(0)) else { continue }
      for member in try members(life, namespace, window) where !body(member) { return false }
    }
    return true
  }

  private func members(
    _ life: TaskHistory, _ namespace: NamespaceRecord, _ window: TimeWindow
  ) throws(SQLiteError) -> [Member] {
    let bounds = reading.bounds(of: life)
    var members: [Member] = []
    for run in try runs.runs(of: life, namespace.type.linkForChildren, to: namespace) {
      for piece in try reading.index.pieces(of: run.from...run.until) {
        let stretch = try bounds.stretch(piece, of: run.from...run.until)
        guard window.mayOverlap(stretch) else { continue }
        members.append(
          Member(
            namespace: namespace, process: life.process, from: stretch.from,
            until: stretch.until, beginning: stretch.beginning, end: stretch.end,
            link: namespace.type.linkForChildren))
      }
    }
    return members
  }
}
