internal import SQLite

/// Finds the processes that a selector selects.
struct ProcessFinder {
  let reading: HistorySnapshot

  /// Returns the histories of the selected processes that a sample in `window` saw, in the order in which they
  /// were observed.
  ///
  /// - Parameter withThreads: whether each process is followed by those of its threads whose namespaces
  ///   differed from its own.
  func histories(
    _ selector: ProcessSelector, in window: TimeWindow, withThreads: Bool = false
  ) throws(SQLiteError) -> [TaskHistory] {
    var histories: [TaskHistory] = []
    try forEach(selector, in: window, withThreads: withThreads) { (history) throws(SQLiteError) in
      histories.append(history)
      return true
    }
    return histories
  }

  /// Calls `body` with the histories that `histories` returns, one by one, because very many processes may have one
  /// name. Ends early when `body` returns false.
  func forEach(
    _ selector: ProcessSelector, in window: TimeWindow, withThreads: Bool = false,
    _ body: (TaskHistory) throws(SQLiteError) -> Bool
  ) throws(SQLiteError) {
    if window.isEverything { try reading.index.requireWhole("all processes of a PID or a name") }
    guard let samples = try reading.index.samples(around: window) else { return }
    func emit(_ history: TaskHistory) throws(SQLiteError) -> Bool {
      let isThere = history.memberships.contains {
        $0.from <= samples.upperBound && $0.until >= samples.lowerBound
      }
      return try isThere || window.isEverything ? body(history) : true
    }
    let found: [TaskHistory]
    switch selector {
    case .pid(let pid, let alive, let within):
      found = try threads(
        of: reading.pidHistories.histories(TaskNumber(pid: pid), alive: alive, within: within),
        withThreads)
    case .thread(let number, let alive, let within):
      found = try reading.pidHistories.histories(number, alive: alive, within: within)
    case .comm, .container: return try forEach(described: selector, in: samples, emit)
    case .inner(let number, let namespaces):
      found = try threads(
        of: NestedPIDResolver(reading: reading).histories(number, in: namespaces, window).histories,
        withThreads)
    case .latest:
      found = try threads(of: incarnations(selector, in: window).histories, withThreads)
    }
    for history in found { guard try emit(history) else { return } }
  }

  /// Returns the histories that `histories` returns, and the number of processes that a `latest` selector leaves out.
  func incarnations(
    _ selector: ProcessSelector, in window: TimeWindow
  ) throws(SQLiteError) -> (histories: [TaskHistory], others: Int) {
    guard case .latest(let all) = selector else { return (try histories(selector, in: window), 0) }
    let found = try histories(all, in: window)
    let last = found.max { one, other in
      (one.lastSample, one.process.task) < (other.lastSample, other.process.task)
    }
    guard let last else { return ([], 0) }
    return ([last], found.count - 1)
  }

  private func threads(
    of histories: [TaskHistory], _ areAdded: Bool
  ) throws(SQLiteError) -> [TaskHistory] {
    guard areAdded else { return histories }
    var all: [TaskHistory] = []
    for history in histories {
      all += [history] + (try reading.taskHistories.threads(of: history.process))
    }
    return all
  }

  /// Calls `body` with the tasks that had a selected description at some time of a range, limited to the time
  /// in which they had it.
  private func forEach(
    described selector: ProcessSelector, in samples: ClosedRange<SequenceNumber>,
    _ body: (TaskHistory) throws(SQLiteError) -> Bool
  ) throws(SQLiteError) {
    guard let matcher = try DescriptionMatcher(selector, in: reading.connection),
      let described = try described(selector)
    else { return }
    for (_, task) in try described.firstSamples(of: described.tasks(in: samples)) {
      guard let history = try reading.taskHistories.history(of: task) else { continue }
      let limited = matcher.limited(history)
      if let limits = limited.limits,
        !limits.mayHold(after: samples.lowerBound, before: samples.upperBound)
      {
        continue
      }
      guard try body(limited) else { return }
    }
  }

  /// Returns the search for a name or a container; nil for other selectors. A container has one cgroup or a
  /// few, and every process of the container is in one of them.
  func described(_ selector: ProcessSelector) throws(SQLiteError) -> DescribedTasks? {
    switch selector {
    case .comm(let name):
      DescribedTasks(
        reading: reading, condition: "comm IN (?, ?)",
        values: [.text(name), .text(SystemText.escaped(Array(name.utf8)))])
    case .container(let text):
      DescribedTasks(
        reading: reading, condition: "cgroup_id IN (SELECT value FROM json_each(?))",
        values: [.list(try ContainerFinder(connection: reading.connection).cgroups(text))],
        isOfContainers: true)
    case .pid, .thread, .inner, .latest: nil
    }
  }
}

/// Finds the row ids of processes and threads that had a description at some time, and were there in a range of
/// samples, by the cheaper of two plans: through all that ever had the description, or through all that were
/// there in the range.
struct DescribedTasks {
  let reading: HistorySnapshot
  /// An SQL condition on columns that `task`, `past_description` and `short_lived_task` have, and its values.
  let condition: String
  let values: [Value]
  /// Whether the condition selects the cgroups of containers. Tasks in the namespaces of the containers may
  /// then belong to the containers too, and tasks that only inherit a cgroup may belong to others.
  var isOfContainers = false
  /// The assumed number of tasks at any one time: a description that fewer tasks have is no reason to scan all
  /// tasks of a range.
  var assumedCount: Int64 = 4096

  /// Returns the row ids in ascending order: those of `short_lived_task` first, the latest of them before the
  /// others, because these ids are negative.
  func tasks(in samples: ClosedRange<SequenceNumber>) throws(SQLiteError) -> [TaskID] {
    let found = try described(in: samples)
    return try Set(found + tasksByNamespaces(in: samples, besides: found)).sorted()
  }

  /// Returns the tasks that may belong to the containers by their namespaces.
  func tasksByNamespaces(
    in samples: ClosedRange<SequenceNumber>, besides found: [TaskID]? = nil
  ) throws(SQLiteError) -> [TaskID] {
    guard isOfContainers else { return [] }
    return try reading.containers.tasksByNamespaces(in: samples) { (around) throws(SQLiteError) in
      if let found, around == samples { return found }
      return try described(in: around)
    }
  }

  private func described(in samples: ClosedRange<SequenceNumber>) throws(SQLiteError) -> [TaskID] {
    try isCommoner(than: samples) ? tasksOfThere(samples) : tasksOfDescription(samples)
  }

  /// Returns whether more tasks have the description than were there in a range, by estimates that examine no
  /// single task.
  private func isCommoner(than samples: ClosedRange<SequenceNumber>) throws(SQLiteError) -> Bool {
    guard let first = reading.index.first, let last = reading.index.last,
      samples.lowerBound > first || samples.upperBound < last
    else { return false }
    let there = try Int64(min(reading.members.count(samples), 1e15)) + assumedCount
    let described = try reading.connection.prepare(
      "SELECT COUNT(*) FROM (SELECT 1 FROM task WHERE \(condition) LIMIT ?)"
    ).bind(values + [.integer(there)]).first { $0.integer(0) }
    return described == there
  }

  private func tasksOfDescription(
    _ samples: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) -> [TaskID] {
    let range = try reading.index.sampleValues(samples)
    let tasks = try reading.connection.prepare(
      """
      SELECT task_id FROM (
          SELECT task_id FROM task WHERE \(condition)
          UNION SELECT task_id FROM past_description WHERE \(condition)) AS meant
      WHERE EXISTS (
        SELECT 1 FROM membership AS m WHERE m.task_id = meant.task_id
          AND m.from_seq <= ? AND COALESCE(m.until_seq, m.from_seq + ?) >= ?)
      """
    ).bind(values + values + [range[1], .integer(Int64.max / 2), range[0]])
      .map { $0.task(0) }
    return try tasks
      + reading.connection.prepare(
        "SELECT task_id FROM short_lived_task WHERE \(condition) AND from_seq <= ? AND until_seq >= ?"
      ).bind(values + [range[1], range[0]]).map { $0.task(0) }
  }

  private func tasksOfThere(_ samples: ClosedRange<SequenceNumber>) throws(SQLiteError) -> [TaskID]
  {
    let there = IntervalOverlapQuery.everywhere("m.task_id AS member")
    let range = try reading.index.sampleValues(samples)
    let tasks = try reading.connection.prepare(
      """
      SELECT t.task_id FROM (\(there)) CROSS JOIN task AS t NOT INDEXED ON t.task_id = member
      WHERE \(condition) OR has_past = 1 AND EXISTS (
        SELECT 1 FROM past_description AS p WHERE p.task_id = member AND \(condition))
      """
    ).bind(range + values + values).map { $0.task(0) }
    return try tasks
      + reading.connection.prepare(
        """
        WITH range (low, high) AS (VALUES (?, ?))
        SELECT task_id FROM range CROSS JOIN short_lived_task NOT INDEXED
        WHERE from_seq BETWEEN \(IntervalOverlapQuery.batch()) AND high AND until_seq >= low
          AND \(condition)
        """
      ).bind(range + values).map { $0.task(0) }
  }

  /// Whether any such task is in the history, at whatever time.
  var isAnyRecorded: Bool {
    get throws(SQLiteError) {
      try reading.connection.prepare(
        """
        SELECT EXISTS (SELECT 1 FROM task WHERE \(condition))
          OR EXISTS (SELECT 1 FROM past_description WHERE \(condition))
          OR EXISTS (SELECT 1 FROM short_lived_task WHERE \(condition))
        """
      ).bind(values + values + values).first { $0.integer(0) == 1 } ?? false
    }
  }

  /// Returns the first sample or event of each task, in the order in which the tasks were observed.
  func firstSamples(
    of tasks: [TaskID]
  ) throws(SQLiteError) -> [(first: SequenceNumber, task: TaskID)] {
    var found: [(first: SequenceNumber, task: TaskID)] = []
    found.reserveCapacity(tasks.count)
    for task in tasks {
      guard !task.isShortLived else {
        found.append((task.startingEvent, task))
        continue
      }
      let first = try reading.connection.prepare(
        "SELECT from_seq FROM membership WHERE task_id = ? ORDER BY from_seq LIMIT 1"
      ).bind(.number(task)).first { $0.sequence(0) }
      if let first { found.append((first, task)) }
    }
    return found.sorted { $0 < $1 }
  }
}
