internal import SQLite

/// Finds the processes that are selected.
struct ProcessFinder {
  let reading: Reading

  /// Their lives, in the order in which they were met; only of those that a sample in `window` saw.
  ///
  /// - Parameter withThreads: whether each is followed by its threads, as far as their namespaces
  ///   differed from its own.
  func lives(
    _ selector: ProcessSelector, in window: TimeWindow, withThreads: Bool = false
  ) throws(SQLiteError) -> [Life] {
    let found: [Life] =
      switch selector {
      case .pid(let pid, let alive, let within):
        try threads(
          of: reading.tracks.lives(TaskNumber(pid: pid), alive: alive, within: within), withThreads)
      case .thread(let number, let alive, let within):
        try reading.tracks.lives(number, alive: alive, within: within)
      case .comm(let name):
        try lives(
          selector, "comm IN (?, ?)",
          [.text(name), .text(SystemText.escaped(Array(name.utf8)))], in: window)
      case .container(let id): try lives(container: id, selector, in: window)
      case .inner(let number, let namespaces):
        try threads(
          of: InnerNumbers(reading: reading).lives(number, in: namespaces).lives, withThreads)
      case .latest: try threads(of: incarnations(selector, in: window).lives, withThreads)
      }
    guard !window.isEverything else { return found }
    guard let samples = try reading.index.samples(around: window) else { return [] }
    return found.filter { life in
      life.memberships.contains { $0.from <= samples.upperBound && $0.until >= samples.lowerBound }
    }
  }

  /// The same, and how many more there were that `latest` leaves out.
  func incarnations(
    _ selector: ProcessSelector, in window: TimeWindow
  ) throws(SQLiteError) -> (lives: [Life], others: Int) {
    guard case .latest(let all) = selector else { return (try lives(selector, in: window), 0) }
    let found = try lives(all, in: window)
    let last = found.max { one, other in
      (one.lastSample, one.process.id) < (other.lastSample, other.process.id)
    }
    guard let last else { return ([], 0) }
    return ([last], found.count - 1)
  }

  private func threads(
    of lives: [Life], _ areAdded: Bool
  ) throws(SQLiteError) -> [Life] {
    guard areAdded else { return lives }
    var all: [Life] = []
    for life in lives { all += [life] + (try reading.lives.threads(of: life.process)) }
    return all
  }

  /// Those with a description that is meant, at some time of the window, as far as they had it.
  private func lives(
    _ selector: ProcessSelector, _ condition: String, _ values: [Value], in window: TimeWindow
  ) throws(SQLiteError) -> [Life] {
    guard let isMeant = try DescriptionMatcher(selector, in: reading.connection),
      let samples = try reading.index.samples(around: window)
    else { return [] }
    var tasks: Set<Int64> = []
    for table in ["task", "past_description", "brief"] {
      tasks.formUnion(
        try reading.connection.prepare("SELECT task_id FROM \(table) WHERE \(condition)")
          .bind(values).map { $0.integer(0) })
    }
    var lives: [Life] = []
    for task in tasks {
      guard let life = try reading.lives.life(task: task) else { continue }
      let limited = isMeant.limited(life)
      if let limits = limited.limits,
        !limits.mayHold(behind: samples.lowerBound, before: samples.upperBound)
      {
        continue
      }
      lives.append(limited)
    }
    return lives.sorted { one, other in
      (one.firstSample, one.process.id) < (other.firstSample, other.process.id)
    }
  }

  /// A container has one cgroup or a few, and every process of it is in one of them.
  private func lives(
    container id: String, _ selector: ProcessSelector, in window: TimeWindow
  ) throws(SQLiteError) -> [Life] {
    let cgroups = try ContainerFinder(connection: reading.connection).cgroups(id)
    return try lives(
      selector, "cgroup_id IN (SELECT value FROM json_each(?))", [.list(cgroups)], in: window)
  }
}

extension HistoryReader {
  /// The processes that are selected, of those that a sample in a window saw, in the order in which
  /// they were met.
  public func processes(
    _ selector: ProcessSelector, in window: TimeWindow = TimeWindow()
  ) throws(HistoryError) -> [ProcessRecord] {
    try reading { (reading) throws(SQLiteError) in
      try ProcessFinder(reading: reading).lives(selector, in: window).map(\.process)
    }
  }

  /// How many more processes there were in a window than the one that `ProcessSelector.latest` is;
  /// 0 for other selectors.
  public func otherIncarnations(
    _ selector: ProcessSelector, in window: TimeWindow = TimeWindow()
  ) throws(HistoryError) -> Int {
    try reading { (reading) throws(SQLiteError) in
      try ProcessFinder(reading: reading).incarnations(selector, in: window).others
    }
  }
}

extension HistoryReader {
  /// The threads that had a number of their own, whatever their process.
  public func threads(tid: Int64) throws(HistoryError) -> [TaskNumber] {
    try reading { (reading) throws(SQLiteError) in
      try reading.connection.prepare(
        "SELECT DISTINCT pid FROM task WHERE tid = ? AND tid IS NOT NULL ORDER BY 1"
      ).bind(.integer(tid)).map { TaskNumber(pid: $0.integer(0), tid: tid) }
    }
  }
}
