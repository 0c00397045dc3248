internal import NamespaceModel
internal import SQLite

/// Which processes a filter can let through, found by index: the time it takes grows with what is
/// exported, not with the file.
struct TaskSelection {
  private let pids: Value?
  private let rows: Value?
  private let cgroups: Value?
  private let samples: [Value]

  init(
    _ filter: ExportFilter, _ index: SampleIndex, _ connection: Connection
  ) throws(SQLiteError) {
    rows = filter.tasks.map { Value.list($0.sorted()) }
    pids = filter.pids.isEmpty && filter.tasks == nil ? nil : .list(filter.pids)
    cgroups = try filter.container.map { (container) throws(SQLiteError) in
      Value.list(try ContainerFinder(connection: connection).cgroups(container))
    }
    guard filter.since != nil || filter.until != nil else {
      samples = []
      return
    }
    let first = try filter.since.map { (time) throws(SQLiteError) in
      // What ended by an event was there up to that.
      try index.firstSample(notBefore: time) - 1
    }
    let last = try filter.until.map { (time) throws(SQLiteError) in
      try index.lastSample(notAfter: time)
    }
    samples = [.integer(first ?? 0), .integer(last ?? Int64.max)]
  }

  /// Selects the rows of processes, in the order in which they were met.
  var tasks: String {
    select(
      "\(ExportProcesses.taskColumns) FROM task", there: "task_id IN (SELECT there",
      order: "task_id")
  }

  /// The same of those that no sample met.
  var briefs: String {
    select(
      "\(ExportProcesses.briefColumns) FROM brief", there: "from_sample IN (SELECT -there",
      order: "from_sample")
  }

  /// Whether it leaves no process out.
  var isEverything: Bool { pids == nil && rows == nil && cgroups == nil && samples.isEmpty }

  /// The values for either.
  var values: [Value] { [pids, rows, cgroups].compactMap(\.self) + samples }

  private func select(_ columns: String, there: String, order: String) -> String {
    var conditions: [String] = []
    let isPID = "pid IN (SELECT value FROM json_each(?))"
    if rows != nil {
      conditions.append("(\(isPID) OR task_id IN (SELECT value FROM json_each(?)))")
    } else if pids != nil {
      conditions.append(isPID)
    }
    if cgroups != nil { conditions.append("cgroup_id IN (SELECT value FROM json_each(?))") }
    if !samples.isEmpty {
      conditions.append("\(there) FROM (\(MembershipStab.everywhere("m.task_id AS there"))))")
    }
    let clause = conditions.isEmpty ? "" : " WHERE \(conditions.joined(separator: " AND "))"
    return "SELECT \(columns)\(clause) ORDER BY \(order)"
  }
}
