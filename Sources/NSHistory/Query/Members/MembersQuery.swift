internal import NamespaceModel
internal import SQLite

extension HistoryReader {
  /// The namespaces that are selected, of those that were there in a window, in the order in which
  /// they were met.
  public func namespaces(
    _ selector: NamespaceSelector, in window: TimeWindow = TimeWindow()
  ) throws(HistoryError) -> [NamespaceSummary] {
    try reading(.everything(in: window)) { (reading) throws(SQLiteError) in
      try NamespaceFinder(reading: reading).lives(selector, in: window)
        .map(NamespaceSummaries(reading: reading).summary)
    }
  }

  /// Gives `body` every process that was in the selected namespaces, namespace by namespace in the
  /// order in which they were met. Ends early when `body` returns false.
  public func members(
    of selector: NamespaceSelector, in window: TimeWindow = TimeWindow(), _ body: (Member) -> Bool
  ) throws(HistoryError) {
    try reading(.everything(in: window)) { (reading) throws(SQLiteError) in
      guard let samples = try reading.index.samples(around: window) else { return }
      let query = MembersQuery(reading: reading, window: window, samples: samples)
      for life in try NamespaceFinder(reading: reading).lives(selector, in: window) {
        guard try query.forEach(in: life.namespace, body) else { return }
      }
    }
  }
}

/// Streams the members of namespaces.
struct MembersQuery {
  let reading: Reading
  let window: TimeWindow
  let samples: ClosedRange<Int64>
  /// From so many memberships on members are not sorted.
  private let most: Int
  private let runs: MemberIntervals

  init(reading: Reading, window: TimeWindow, samples: ClosedRange<Int64>, most: Int = 65_536) {
    self.reading = reading
    self.window = window
    self.samples = samples
    self.most = most
    runs = MemberIntervals(reading)
  }

  /// Gives `body` each member; returns false when `body` did.
  func forEach(
    in namespace: NamespaceRecord, _ body: (Member) -> Bool
  ) throws(SQLiteError) -> Bool {
    let there = try reading.members.sql(
      "m.task_id AS member", in: namespace, during: samples)
    let isCrowded = try isCrowded(namespace, there)
    let sorted = ["SELECT DISTINCT member FROM (\(there)) ORDER BY 1"]
    for sql in isCrowded ? Self.inOrder : sorted {
      let tasks = try reading.connection.prepare(sql)
        .bind(IntervalOverlapQuery.values(samples, namespace))
      defer { tasks.reset() }
      guard try forEach(of: tasks, in: namespace, body) else { return false }
    }
    return true
  }

  /// Whether so many were in a namespace in the range that it takes long to sort them.
  private func isCrowded(
    _ namespace: NamespaceRecord, _ there: String
  ) throws(SQLiteError) -> Bool {
    try reading.connection.prepare("SELECT COUNT(*) FROM (SELECT 1 FROM (\(there)) LIMIT ?)").bind(
      IntervalOverlapQuery.values(samples, namespace) + [.integer(Int64(most))]
    )
    .first { $0.integer(0) >= most } ?? false
  }

  /// The same members in the same order, without sorting them: of all processes there ever were, one
  /// after the other, those that were in it.
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
    var last: Int64?
    while try tasks.step() {
      let task = tasks.integer(0)
      // One that was there several times is told of once.
      guard task != last, let life = try reading.lives.life(task: task) else { continue }
      last = task
      for member in try members(life, namespace) where !body(member) { return false }
    }
    return true
  }

  private func members(
    _ life: TaskHistory, _ namespace: NamespaceRecord
  ) throws(SQLiteError) -> [Member] {
    let edges = reading.edges(of: life)
    var members: [Member] = []
    for run in try runs.runs(of: life, namespace.type.link, to: namespace) {
      for piece in try reading.index.pieces(of: run.from...run.until) {
        let stretch = try edges.stretch(piece, of: run.from...run.until)
        guard window.mayOverlap(stretch) else { continue }
        members.append(
          Member(
            namespace: namespace, process: life.process.described(at: piece.upperBound),
            from: stretch.from, until: stretch.until, beginning: stretch.beginning,
            end: stretch.end,
            link: namespace.type.link))
      }
    }
    return members
  }
}
