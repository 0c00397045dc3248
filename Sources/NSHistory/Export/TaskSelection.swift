internal import NamespaceModel
internal import SQLite

/// The processes that a filter may select. The queries use indexes, so their duration grows with the
/// exported processes, not with the file.
struct TaskSelection {
  /// The PIDs of the filter as one SQL value; nil if the filter selects neither PIDs nor row ids.
  private let pids: Value?
  /// The PIDs of the filter.
  private let asked: Set<Int64>
  /// The row ids of the filter, and those that its names select, as one SQL value; nil for no limit.
  private let rows: Value?
  /// The row ids of the control groups of the containers of the filter; nil for no limit.
  private let cgroups: [Int64]?
  /// The tasks that may belong to the containers of the filter by their namespaces (`ContainerRule`).
  private let tasksByNamespaces: [TaskID]
  /// The first and the last sample of the time of the filter, as SQL values; empty for all of the time.
  private let samples: [Value]
  /// The names and containers that select processes.
  private let names: [Name]
  /// The tasks that these select and that the filter does not select by row id.
  private let named: Set<TaskID>

  private struct Name {
    var comms: Set<String> = []
    var cgroups: Set<Int64> = []
  }

  init(_ filter: ExportFilter, _ reading: HistorySnapshot) throws(SQLiteError) {
    let (index, connection) = (reading.index, reading.connection)
    names = try filter.names.map { (selector) throws(SQLiteError) in
      try Self.name(selector, connection)
    }
    let asked = filter.names.isEmpty ? filter.tasks : filter.tasks ?? []
    let tasks = asked.map { Set($0.map(TaskID.init(rawValue:))) }
    let everything = index.slice?.numbers.clamped(to: index.everything) ?? index.everything
    var found = try Self.tasks(names, connection)
    for selector in filter.names {
      found.formUnion(try Self.tasksByNamespaces(selector, everything, reading))
    }
    named = found.subtracting(tasks ?? [])
    rows = tasks.map { Value.list($0.union(found).sorted()) }
    pids = filter.pids.isEmpty && tasks == nil ? nil : .list(filter.pids)
    self.asked = filter.pids
    cgroups = try filter.container.map { (container) throws(SQLiteError) in
      try ContainerFinder(connection: connection).cgroups(container)
    }
    guard filter.since != nil || filter.until != nil else {
      samples = []
      tasksByNamespaces = try Self.tasksByNamespaces(
        filter.container.map { .container($0) }, everything, reading)
      return
    }
    let first = try filter.since.map { (time) throws(SQLiteError) in
      // A membership that an event ended lasted until that event, so the sequence number before the
      // event still overlaps the time.
      try index.firstSample(notBefore: time) - 1
    }
    let last = try filter.until.map { (time) throws(SQLiteError) in
      try index.lastSample(notAfter: time)
    }
    samples = [.number(first ?? .zero), .number(last ?? .max)]
    let low = max(first ?? .min, everything.lowerBound)
    let high = min(last ?? .max, everything.upperBound)
    if low <= high { try index.require(low...high) }
    tasksByNamespaces =
      low <= high
      ? try Self.tasksByNamespaces(filter.container.map { .container($0) }, low...high, reading)
      : []
  }

  private static func tasksByNamespaces(
    _ selector: ProcessSelector?, _ samples: ClosedRange<SequenceNumber>, _ reading: HistorySnapshot
  ) throws(SQLiteError) -> [TaskID] {
    guard case .container = selector, let selector else { return [] }
    return try ProcessFinder(reading: reading).described(selector)?.tasksByNamespaces(in: samples)
      ?? []
  }

  private static func name(
    _ selector: ProcessSelector, _ connection: Connection
  ) throws(SQLiteError) -> Name {
    switch selector {
    case .comm(let name):
      return Name(comms: [name, SystemText.escaped(Array(name.utf8))])
    case .container(let text):
      return Name(cgroups: Set(try ContainerFinder(connection: connection).cgroups(text)))
    case .pid, .thread, .inner, .latest: return Name()
    }
  }

  /// Returns the tasks that had one of the names or containers at any time.
  private static func tasks(
    _ names: [Name], _ connection: Connection
  ) throws(SQLiteError) -> Set<TaskID> {
    var found: Set<TaskID> = []
    for name in names {
      for table in ["task", "past_description", "short_lived_task"] {
        found.formUnion(
          try connection.prepare(
            """
            SELECT task_id FROM \(table) WHERE comm IN (?, ?)
              OR cgroup_id IN (SELECT value FROM json_each(?))
            """
          ).bind(
            .optional(name.comms.min()), .optional(name.comms.max()),
            .list(name.cgroups.sorted())
          ).map { $0.task(0) })
      }
    }
    return found
  }

  /// Whether only a name or a container selects a process, so that the export covers only the time in
  /// which the process had it.
  private func isByName(_ process: ExportProcess) -> Bool {
    named.contains(process.task) && !asked.contains(process.pid)
  }

  /// Whether the filter selects a process by its name or container, so that the export covers only the time in which the
  /// process had that.
  func isOfDescription(_ process: ExportProcess) -> Bool { cgroups != nil || isByName(process) }

  /// Whether the filter selects a process for the time of a segment.
  func isSelected(_ process: ExportProcess, _ segment: ExportProcesses.Segment) -> Bool {
    guard isSelected(cgroup: segment.container) else { return false }
    guard isByName(process) else { return true }
    return names.contains { name in
      segment.comm.map(name.comms.contains) == true
        || segment.container.map(name.cgroups.contains) == true
    }
  }

  /// The query for the selected rows of `task` after one of them, which is its first parameter, in the order of
  /// `task_id`.
  var tasks: String {
    select(
      "\(ExportProcesses.taskColumns) FROM task", there: "task_id IN (SELECT there",
      inCgroups: """
        (cgroup_id IN (SELECT value FROM json_each(?)) OR task_id IN (
          SELECT task_id FROM past_description
          WHERE cgroup_id IN (SELECT value FROM json_each(?)))
          OR task_id IN (SELECT value FROM json_each(?)))
        """, key: "task_id")
  }

  /// The query for the selected rows of `short_lived_task`, which holds processes that no sample
  /// observed, after one of them, which is its first parameter, in the order of `from_seq`.
  var shortLivedTasks: String {
    select(
      "\(ExportProcesses.shortLivedTaskColumns) FROM short_lived_task",
      there: "from_seq IN (SELECT -there",
      inCgroups: """
        (cgroup_id IN (SELECT value FROM json_each(?))
          OR from_seq IN (SELECT -value FROM json_each(?)))
        """, key: "from_seq")
  }

  /// Whether the filter selects every process at every time.
  var isEverything: Bool { pids == nil && rows == nil && cgroups == nil && samples.isEmpty }

  /// Whether the filter selects a process while the process is in a control group.
  private func isSelected(cgroup: Int64?) -> Bool {
    guard let cgroups else { return true }
    return cgroup.map(cgroups.contains) ?? false
  }

  /// The values to bind to the other parameters of `tasks`; those of `shortLivedTasks` are `shortLivedTaskValues`.
  var taskValues: [Value] {
    [pids, rows].compactMap(\.self)
      + (cgroups.map { [.list($0), .list($0), .list(tasksByNamespaces)] } ?? [])
      + samples
  }
  var shortLivedTaskValues: [Value] {
    [pids, rows].compactMap(\.self) + (cgroups.map { [.list($0), .list(tasksByNamespaces)] } ?? [])
      + samples
  }

  private func select(
    _ columns: String, there: String, inCgroups: String, key: String
  ) -> String {
    var conditions: [String] = []
    let isPID = "pid IN (SELECT value FROM json_each(?))"
    if rows != nil {
      conditions.append("(\(isPID) OR task_id IN (SELECT value FROM json_each(?)))")
    } else if pids != nil {
      conditions.append(isPID)
    }
    if cgroups != nil { conditions.append(inCgroups) }
    if !samples.isEmpty {
      conditions.append("\(there) FROM (\(IntervalOverlapQuery.everywhere("m.task_id AS there"))))")
    }
    // With a filter, the plus sign keeps SQLite from reading the rest of the table from that row on.
    conditions.insert("\(conditions.isEmpty ? "" : "+")\(key) > ?", at: 0)
    return
      "SELECT \(columns) WHERE \(conditions.joined(separator: " AND ")) ORDER BY \(key)"
  }
}
