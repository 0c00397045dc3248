internal import NamespaceModel
internal import SQLite

/// Gathers a report from one snapshot.
struct ReportQuery {
  let reading: HistorySnapshot
  let question: ReportQuestion

  private var index: SampleIndex { reading.index }
  /// Whether the history is a slice of some processes: whatever others did is not in it.
  private var isOfSomeProcesses: Bool { index.slice?.limits != nil }

  /// Returns the report.
  func report() throws(SQLiteError) -> HistoryReport {
    let recorded = try index.recorded()
    let samples = try index.samples(around: question.window)
    guard let recorded, let samples, let time = try time(in: samples) else {
      return try empty(recorded)
    }
    let types = NamespaceType.allCases
    let tracks = try StateTracks(reading, types, in: time, samples)
    let selection = try selection(in: samples)
    var lanes: [HistoryReport.TaskTimeline] = []
    var pieces = 0
    /// The processes that only a sample beside the time saw.
    var absent = 0
    for (task, isNamed) in selection.tasks.prefix(question.mostLanes) {
      guard pieces < question.mostPieces, let history = try reading.taskHistories.history(of: task)
      else { continue }
      let own = try tracks.pieces(of: history)
      guard !own.allSatisfy({ tracks.isAbsent($0.states) }) else {
        absent += 1
        continue
      }
      pieces += own.count
      lanes.append(
        .init(
          process: try index.described(
            history.process, through: history.firstSample...history.lastSample,
            in: question.window),
          isNamed: isNamed, pieces: own))
    }
    let (changes, leavesOutChanges) = try changes(of: Set(lanes.map(\.process.task)))
    return HistoryReport(
      history: try history(), hosts: try hosts(in: samples),
      boots: Set(sessions(in: samples).map(\.boot)).count, time: time, recorded: recorded,
      types: types, lanes: lanes, states: tracks.states, namespaces: try namespaces(tracks),
      evidence: try tracks.evidence(), gaps: try gaps(), changes: changes,
      recordedTasks: try countTasks(in: samples),
      leftOutTasks: selection.tasks.count - lanes.count - absent,
      leavesOutChanges: leavesOutChanges, isOfSomeProcesses: isOfSomeProcesses)
  }

  private func empty(_ recorded: ClosedRange<WallTime>?) throws(SQLiteError) -> HistoryReport {
    HistoryReport(
      history: try history(), hosts: try hosts(in: index.everything), boots: 0, time: nil,
      recorded: recorded, types: NamespaceType.allCases, lanes: [], states: [], namespaces: [],
      evidence: [], gaps: [], changes: [], recordedTasks: 0, leftOutTasks: 0,
      leavesOutChanges: false, isOfSomeProcesses: isOfSomeProcesses)
  }

  /// Returns the time of the report: the ends that the user gave, or else those of the samples.
  private func time(
    in samples: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) -> ClosedRange<WallTime>? {
    var low: WallTime?
    var high: WallTime?
    for segment in index.clockSegments(in: samples)
    where index.side(of: segment.lowerBound) == .inside {
      let opening = try index.point(segment.lowerBound).wall
      let last =
        index.side(of: segment.upperBound) == .inside ? segment.upperBound : segment.lowerBound
      let closing = try index.point(last).wallEnd
      low = min(low ?? opening, opening, closing)
      high = max(high ?? closing, opening, closing)
    }
    guard let low, let high else { return nil }
    let (since, until) = (question.window.since ?? low, question.window.until ?? high)
    guard since <= high, until >= low, since <= until else { return nil }
    // A little of the time beside the samples shows that nothing is known of it.
    // The times of a damaged file may be so far apart that their difference overflows.
    let (length, isFar) = high.nanoseconds.subtractingReportingOverflow(low.nanoseconds)
    let beside = isFar ? 0 : max(1, length / 10)
    let first = max(since, low.nanoseconds > .min + beside ? low &- beside : low)
    let last = min(until, high.nanoseconds < .max - beside ? high &+ beside : high)
    return first <= last ? first...last : nil
  }

  // MARK: Selection

  /// The processes and threads of a report, in the order of their lanes.
  private struct Selection {
    var tasks: [(task: TaskID, isNamed: Bool)] = []
    private var known: Set<TaskID> = []

    mutating func add(_ task: TaskID, isNamed: Bool) {
      if known.insert(task).inserted { tasks.append((task, isNamed)) }
    }
  }

  private func selection(
    in samples: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) -> Selection {
    var selection = Selection()
    guard !question.namesNothing else {
      for task in try tasks(inAnyOf: notableNamespaces(), samples) {
        selection.add(task, isNamed: true)
      }
      return selection
    }
    var own: Set<Int64> = []
    for selector in question.processes {
      try ProcessFinder(reading: reading).forEach(selector, in: question.window, withThreads: true)
      {
        (history) throws(SQLiteError) in
        selection.add(history.process.task, isNamed: true)
        own.formUnion(try namespacesBesidesInitial(of: history, samples))
        return true
      }
    }
    for selector in question.namespaces {
      let found = try NamespaceFinder(reading: reading).lifetimes(selector, in: question.window)
      for task in try tasks(inAnyOf: found.map(\.namespace.id), samples) {
        selection.add(task, isNamed: true)
      }
    }
    guard !isOfSomeProcesses else { return selection }
    // The others that were in a namespace of a process that the user named.
    for task in try tasks(inAnyOf: own.sorted(), samples) { selection.add(task, isNamed: false) }
    return selection
  }

  private func namespacesBesidesInitial(
    of history: TaskHistory, _ samples: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) -> Set<Int64> {
    var found: Set<Int64> = []
    for membership in history.memberships
    where membership.from <= samples.upperBound && membership.until >= samples.lowerBound {
      for type in NamespaceType.allCases {
        guard let namespace = try reading.sets.links(of: membership.set)[type.link]?.namespace,
          namespace.isInitial != true
        else { continue }
        found.insert(namespace.id)
      }
    }
    return found
  }

  /// Returns the namespaces that are not known to be initial.
  private func notableNamespaces() throws(SQLiteError) -> [Int64] {
    try reading.connection.prepare("SELECT namespace_id FROM namespace WHERE initial IS NOT 1")
      .map { $0.integer(0) }
  }

  /// Returns the processes and threads that were in any of some namespaces: those that were there longest first, where
  /// there are more than the report can hold; otherwise in the order in which they were observed.
  private func tasks(
    inAnyOf namespaces: [Int64], _ samples: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) -> [TaskID] {
    guard !namespaces.isEmpty else { return [] }
    let there = IntervalOverlapQuery.inAnyOf(
      "m.task_id AS member, m.from_seq AS first, m.until_seq AS last")
    let found = try reading.connection.prepare(
      """
      SELECT member, MIN(first), MAX(COALESCE(last, ?)) FROM (\(there)) GROUP BY member
      """
    ).bind(
      [.number(samples.upperBound)] + index.values(samples) + [.list(namespaces)]
    ).map { (task: $0.task(0), first: $0.sequence(1), last: $0.sequence(2)) }
    let kept =
      found.count <= question.mostLanes
      ? found
      : found.sorted { one, other in
        one.last.rawValue &- one.first.rawValue > other.last.rawValue &- other.first.rawValue
      }
    let most = question.mostLanes
    let order = kept.prefix(most).sorted { ($0.first, $0.task) < ($1.first, $1.task) }
    return order.map { $0.task } + kept.dropFirst(most).map { $0.task }
  }

  private func countTasks(in samples: ClosedRange<SequenceNumber>) throws(SQLiteError) -> Int {
    let there = IntervalOverlapQuery.everywhere("m.task_id AS member")
    return try reading.connection.prepare("SELECT COUNT(DISTINCT member) FROM (\(there))")
      .bind(index.sampleValues(samples)).first { Int($0.integer(0)) } ?? 0
  }

  // MARK: What is around the lanes

  private func sessions(in samples: ClosedRange<SequenceNumber>) -> [SessionSpan] {
    index.sessions.filter { $0.first <= samples.upperBound && $0.last >= samples.lowerBound }
  }

  private func history() throws(SQLiteError) -> String {
    try reading.connection.prepare("SELECT uuid FROM history").first { $0.text(0) }
      .map(SystemText.sanitized) ?? ""
  }

  private func hosts(in samples: ClosedRange<SequenceNumber>) throws(SQLiteError) -> [String] {
    var hosts: [String] = []
    for session in sessions(in: samples) {
      let name =
        try reading.connection.prepare(
          "SELECT host_name FROM session WHERE session_id = ?"
        ).bind(.integer(session.id)).first { $0.optionalText(0) } ?? nil
      if let name = name.map(SystemText.sanitized), !hosts.contains(name) { hosts.append(name) }
    }
    return hosts
  }

  private func gaps() throws(SQLiteError) -> [HistoryReport.Gap] {
    var gaps: [HistoryReport.Gap] = []
    try CoverageQuery(reading: reading, window: question.window).forEachPause { pause in
      if case .gap(let missing) = pause.kind {
        gaps.append(.init(from: pause.from, until: pause.until, missing: missing))
      }
      return gaps.count < HistoryReport.mostChanges
    }
    return gaps
  }

  private func changes(
    of tasks: Set<TaskID>
  ) throws(SQLiteError) -> (changes: [NamespaceChange], isCut: Bool) {
    var combiner = ChangeCombiner()
    var changes: [NamespaceChange] = []
    func add(_ change: NamespaceChange) {
      guard !change.marks.isEmpty, let process = change.process, tasks.contains(process.task) else {
        return
      }
      changes.append(change)
    }
    guard !isOfSomeProcesses,
      let query = try ChangesQuery(reading, ChangesQuestion(in: question.window))
    else {
      return ([], false)
    }
    try query.forEach { change in
      combiner.add(change).forEach(add)
      return changes.count < HistoryReport.mostChanges
    }
    combiner.finish().forEach(add)
    let most = HistoryReport.mostChanges
    return (Array(changes.prefix(most)), changes.count >= most)
  }

  /// Returns the namespaces of the tracks, followed by those that own them or in which they were made.
  private func namespaces(_ tracks: StateTracks) throws(SQLiteError) -> [HistoryReport.Namespace] {
    let summaries = NamespaceSummaries(reading: reading)
    var found: [HistoryReport.Namespace] = []
    while found.count < tracks.namespaces.count {
      let namespace = tracks.namespaces[found.count]
      let lifetime = try reading.namespaces.lifetime(namespace.id)
      let owner = try lifetime.owner.map(reading.namespaces.lifetime)?.namespace
      let parent = try lifetime.parent.map(reading.namespaces.lifetime)?.namespace
      found.append(
        .init(
          namespace: namespace, owner: owner.map(tracks.index), parent: parent.map(tracks.index),
          summary: isOfSomeProcesses || found.count >= HistoryReport.mostSummaries
            ? nil : try summaries.summary(lifetime)
        ))
    }
    return found
  }
}

extension HistoryReader {
  /// Returns a report: the states of the selected processes through time.
  package func report(_ question: ReportQuestion) throws(HistoryError) -> HistoryReport {
    let isOfProcesses = !question.processes.isEmpty && question.namespaces.isEmpty
    let scope: QuestionScope =
      isOfProcesses
      ? .processes(question.processes, in: question.window) : .everything(in: question.window)
    return try reading(scope) { (reading) throws(SQLiteError) in
      var question = question
      question.window = reading.index.window(question.window)
      return try ReportQuery(reading: reading, question: question).report()
    }
  }
}
