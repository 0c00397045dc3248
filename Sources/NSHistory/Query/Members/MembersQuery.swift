internal import NamespaceModel
internal import SQLite

extension HistoryReader {
  /// The namespaces that are selected, of those that were there in a window, in the order in which
  /// they were met.
  public func namespaces(
    _ selector: NamespaceSelector, in window: TimeWindow = TimeWindow()
  ) throws(HistoryError) -> [NamespaceSummary] {
    try reading { (reading) throws(SQLiteError) in
      try NamespaceFinder(reading: reading).lives(selector, in: window)
        .map(NamespaceSummaries(reading: reading).summary)
    }
  }

  /// Gives `body` every process that was in the selected namespaces, namespace by namespace in the
  /// order in which they were met. Ends early when `body` returns false.
  public func members(
    of selector: NamespaceSelector, in window: TimeWindow = TimeWindow(), _ body: (Member) -> Bool
  ) throws(HistoryError) {
    try reading { (reading) throws(SQLiteError) in
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
  private let runs: MemberRuns

  init(reading: Reading, window: TimeWindow, samples: ClosedRange<Int64>) {
    self.reading = reading
    self.window = window
    self.samples = samples
    runs = MemberRuns(reading)
  }

  /// Gives `body` each member; returns false when `body` did.
  func forEach(
    in namespace: NamespaceRecord, _ body: (Member) -> Bool
  ) throws(SQLiteError) -> Bool {
    // SQLite keeps what it sorts in a file of its own when it is much.
    let tasks = try reading.connection.prepare(
      "SELECT DISTINCT member FROM (\(MembershipStab.inNamespace("m.task_id AS member"))) ORDER BY 1"
    ).bind(MembershipStab.values(samples, namespace))
    defer { tasks.reset() }
    while try tasks.step() {
      guard let life = try reading.lives.life(task: tasks.integer(0)) else { continue }
      for member in try members(life, namespace) where !body(member) { return false }
    }
    return true
  }

  private func members(
    _ life: Life, _ namespace: NamespaceRecord
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
