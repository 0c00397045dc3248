internal import SQLite

/// Finds the processes that are selected.
struct ProcessFinder {
  let reading: Reading

  /// Their lives, in the order in which they were met; only of those that a sample in `window` saw.
  func lives(_ selector: ProcessSelector, in window: TimeWindow) throws(SQLiteError) -> [Life] {
    let found: [Life] =
      switch selector {
      case .pid(let pid, let alive): try reading.tracks.lives(pid: pid, alive: alive)
      case .comm(let name):
        try lives(
          "comm IN (?, ?)", [.text(name), .text(SystemText.escaped(Array(name.utf8)))])
      case .container(let id): try lives(container: id)
      case .inner(let number, let namespaces):
        try InnerNumbers(reading: reading).lives(number, in: namespaces).lives
      }
    guard !window.isEverything else { return found }
    guard let samples = try reading.index.samples(around: window) else { return [] }
    return found.filter { life in
      life.memberships.contains { $0.from <= samples.upperBound && $0.until >= samples.lowerBound }
    }
  }

  private func lives(_ condition: String, _ values: [Value]) throws(SQLiteError) -> [Life] {
    var lives: [Life] = []
    for table in ["task", "brief"] {
      let tasks = try reading.connection.prepare("SELECT task_id FROM \(table) WHERE \(condition)")
        .bind(values).map { $0.integer(0) }
      for task in tasks { if let life = try reading.lives.life(task: task) { lives.append(life) } }
    }
    return lives.sorted { one, other in
      (one.firstSample, one.process.id) < (other.firstSample, other.process.id)
    }
  }

  /// A container has one cgroup or a few, and every process of it is in one of them.
  private func lives(container id: String) throws(SQLiteError) -> [Life] {
    let cgroups = try ContainerFinder(connection: reading.connection).cgroups(id)
    return try lives("cgroup_id IN (SELECT value FROM json_each(?))", [.list(cgroups)])
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
}
