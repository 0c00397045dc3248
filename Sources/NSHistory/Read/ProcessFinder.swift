internal import SQLite

/// Finds the processes that are selected.
struct ProcessFinder {
  let reading: HistorySnapshot

  /// Their lives, in the order in which they were observed; only of those that a sample in `window` saw.
  ///
  /// - Parameter withThreads: whether each is followed by its threads, as far as their namespaces
  ///   differed from its own.
  func lives(
    _ selector: ProcessSelector, in window: TimeWindow, withThreads: Bool = false
  ) throws(SQLiteError) -> [TaskHistory] {
    var lives: [TaskHistory] = []
    try forEach(selector, in: window, withThreads: withThreads) { (life) throws(SQLiteError) in
      lives.append(life)
      return true
    }
    return lives
  }

  /// Gives `body` the same, one after the other: a name may be that of very many. Ends early when `body`
  /// returns false.
  func forEach(
    _ selector: ProcessSelector, in window: TimeWindow, withThreads: Bool = false,
    _ body: (TaskHistory) throws(SQLiteError) -> Bool
  ) throws(SQLiteError) {
    guard let samples = try reading.index.samples(around: window) else { return }
    func give(_ life: TaskHistory) throws(SQLiteError) -> Bool {
      let isThere = life.memberships.contains {
        $0.from <= samples.upperBound && $0.until >= samples.lowerBound
      }
      return try isThere || window.isEverything ? body(life) : true
    }
    let found: [TaskHistory]
    switch selector {
    case .pid(let pid, let alive, let within):
      found = try threads(
        of: reading.pidHistories.lives(TaskNumber(pid: pid), alive: alive, within: within),
        withThreads)
    case .thread(let number, let alive, let within):
      found = try reading.pidHistories.lives(number, alive: alive, within: within)
    case .comm, .container: return try forEach(described: selector, in: samples, give)
    case .inner(let number, let namespaces):
      found = try threads(
        of: NestedPIDResolver(reading: reading).lives(number, in: namespaces, window).lives,
        withThreads)
    case .latest:
      found = try threads(of: incarnations(selector, in: window).lives, withThreads)
    }
    for life in found { guard try give(life) else { return } }
  }

  /// The same, and how many more there were that `latest` leaves out.
  func incarnations(
    _ selector: ProcessSelector, in window: TimeWindow
  ) throws(SQLiteError) -> (lives: [TaskHistory], others: Int) {
    guard case .latest(let all) = selector else { return (try lives(selector, in: window), 0) }
    let found = try lives(all, in: window)
    let last = found.max { one, other in
      (one.lastSample, one.process.id) < (other.lastSample, other.process.id)
    }
    guard let last else { return ([], 0) }
    return ([last], found.count - 1)
  }

  private func threads(
    of lives: [TaskHistory], _ areAdded: Bool
  ) throws(SQLiteError) -> [TaskHistory] {
    guard areAdded else { return lives }
    var all: [TaskHistory] = []
    for life in lives { all += [life] + (try reading.lives.threads(of: life.process)) }
    return all
  }

  /// Those with a description that is meant, at some time of a range, as far as they had it.
  private func forEach(
    described selector: ProcessSelector, in samples: ClosedRange<Int64>,
    _ body: (TaskHistory) throws(SQLiteError) -> Bool
  ) throws(SQLiteError) {
    guard let isMeant = try DescriptionMatcher(selector, in: reading.connection),
      let described = try described(selector)
    else { return }
    for (_, task) in try described.firstSamples(of: described.tasks(in: samples)) {
      guard let life = try reading.lives.life(task: task) else { continue }
      let limited = isMeant.limited(life)
      if let limits = limited.limits,
        !limits.mayHold(behind: samples.lowerBound, before: samples.upperBound)
      {
        continue
      }
      guard try body(limited) else { return }
    }
  }

  /// Those of a name, or of a container: that has one cgroup or a few, and every process of it is in one
  /// of them; nil for other selectors.
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
