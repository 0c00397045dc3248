internal import NamespaceModel
internal import SQLite

/// Finds processes by the PIDs that they have inside PID namespaces (`pid_namespaces(7)`).
///
/// A process has a PID in its own PID namespace and in each ancestor of that namespace. `NSpid` of
/// `/proc/PID/status` lists these PIDs from the recorder's namespace inwards, so that the last one is the PID
/// in the process's own namespace.
struct NestedPIDResolver {
  let reading: HistorySnapshot

  /// The result of a search.
  struct Found {
    var histories: [TaskHistory] = []
    /// How many processes in the selected namespaces have no known PID there, because they exited before a
    /// sample read them.
    var unknown: Int { unknownTasks.count }
    private var unknownTasks: Set<TaskID> = []

    func has(_ history: TaskHistory) -> Bool {
      histories.contains { $0.process.task == history.process.task }
    }

    mutating func addUnknown(_ history: TaskHistory) { unknownTasks.insert(history.process.task) }
  }

  /// Returns the processes that had a PID in the selected PID namespaces: all that were running in a window, and
  /// possibly some that were not.
  func histories(
    _ number: Int64, in selected: ProcessSelector.PIDNamespaces, _ window: TimeWindow
  ) throws(SQLiteError) -> Found {
    var found = Found()
    let namespaces: [NamespaceRecord]
    switch selected {
    case .selected(let selector):
      namespaces = try NamespaceFinder(reading: reading).lifetimes(selector, in: window)
        .map(\.namespace)
    case .container(let text):
      let container = try container(text, window)
      namespaces = container.namespaces
      // The processes of these containers that are in the recorder's PID namespace have the PID that the
      // recorder saw.
      found.histories = container.shown.filter { $0.process.pid == number }
    }
    for namespace in namespaces {
      try addShown(number, in: namespace, to: &found)
      try addHidden(number, in: namespace, window, to: &found)
    }
    found.histories.sort { one, other in
      (one.firstSample, one.process.task) < (other.firstSample, other.process.task)
    }
    return found
  }

  /// Adds the processes that recorders inside the PID namespace observed: their recorded PIDs are their PIDs
  /// there.
  private func addShown(
    _ number: Int64, in namespace: NamespaceRecord, to found: inout Found
  ) throws(SQLiteError) {
    guard number > 0, reading.index.sessions.contains(where: { shows(namespace, $0) }) else {
      return
    }
    let known = try reading.namespaces.lifetime(namespace.id)
    // At another time, another namespace may have had the same inode number.
    let first = known.first ?? SequenceNumber.max
    for history in try reading.taskHistories.histories(pid: number)
    where isShown(namespace, to: history) && !found.has(history) && history.lastSample >= first
      && history.firstSample <= known.last ?? SequenceNumber.max
    { found.histories.append(history) }
  }

  /// Adds the processes in a PID namespace, or below it, that recorders in other PID namespaces observed.
  private func addHidden(
    _ number: Int64, in namespace: NamespaceRecord, _ window: TimeWindow, to found: inout Found
  ) throws(SQLiteError) {
    guard let samples = try reading.index.samples(around: window) else { return }
    for range in hiding(namespace, samples) {
      for history in try members(below: namespace, range)
      where !isShown(namespace, to: history) && !found.has(history) {
        switch try self.number(of: history, in: namespace) {
        case nil: found.addUnknown(history)
        case number: found.histories.append(history)
        default: break
        }
      }
    }
  }

  /// Returns the parts of a range in which the recorded PIDs are not those of a namespace, because the recorder was in
  /// another PID namespace.
  private func hiding(
    _ namespace: NamespaceRecord, _ samples: ClosedRange<SequenceNumber>
  ) -> [ClosedRange<SequenceNumber>] {
    var ranges: [ClosedRange<SequenceNumber>] = []
    for session in reading.index.sessions
    where session.first <= samples.upperBound && session.last >= samples.lowerBound {
      guard !shows(namespace, session) else { continue }
      let range = (session.first...session.last).clamped(to: samples)
      if let last = ranges.last, last.upperBound + 1 == range.lowerBound {
        ranges[ranges.count - 1] = last.lowerBound...range.upperBound
      } else {
        ranges.append(range)
      }
    }
    return ranges
  }

  private func shows(_ namespace: NamespaceRecord, _ session: SessionSpan?) -> Bool {
    session?.boot == namespace.boot && session?.pidNamespaceInode == namespace.inode
  }

  /// Returns the processes of containers that are in the recorder's PID namespace, and the PID namespaces of
  /// the other processes of the containers. Of nested ones it returns only the outermost, because a process in a
  /// container may have created further PID namespaces.
  private func container(
    _ text: String, _ window: TimeWindow
  ) throws(SQLiteError) -> (shown: [TaskHistory], namespaces: [NamespaceRecord]) {
    var shown: [TaskHistory] = []
    var inner: [NamespaceLifetime] = []
    for history in try ProcessFinder(reading: reading).histories(.container(text), in: window) {
      guard history.process.tid == nil, let own = try own(of: history) else { continue }
      if isShown(own, to: history) {
        shown.append(history)
      } else if !inner.contains(where: { $0.namespace.id == own.id }) {
        inner.append(try reading.namespaces.lifetime(own.id))
      }
    }
    let ids = Set(inner.map(\.namespace.id))
    let outermost = try inner.map { (one) throws(SQLiteError) in
      try isBelow(ids, one) ? nil : one.namespace
    }
    return (shown, outermost.compactMap(\.self))
  }

  /// Returns the PID namespace of a process, which the process never leaves; nil if it could not be read.
  private func own(of history: TaskHistory) throws(SQLiteError) -> NamespaceRecord? {
    for membership in history.memberships {
      let links = try reading.sets.links(of: membership.set)
      if let own = links[.pid]?.namespace { return own }
    }
    return nil
  }

  /// Returns whether a PID namespace is that of the recorder that observed a process, so that the recorded PID
  /// is the PID in this namespace.
  private func isShown(_ namespace: NamespaceRecord, to history: TaskHistory) -> Bool {
    shows(namespace, reading.index.session(of: history.firstSample))
  }

  private func isBelow(
    _ namespaces: Set<Int64>, _ lifetime: NamespaceLifetime
  ) throws(SQLiteError) -> Bool {
    var outer = lifetime.parent
    for _ in 0..<Self.deepest {
      guard let row = outer else { return false }
      if namespaces.contains(row) { return true }
      outer = try reading.namespaces.lifetime(row).parent
    }
    return false
  }

  /// Returns all processes that were in a PID namespace, or in a descendant of it, in a range of samples.
  private func members(
    below namespace: NamespaceRecord, _ samples: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) -> [TaskHistory] {
    let below = try reading.connection.prepare(
      """
      WITH RECURSIVE below (id) AS (VALUES (?)
        UNION SELECT namespace_id FROM below CROSS JOIN namespace ON parent_id = id)
      SELECT id FROM below
      """
    ).bind(.integer(namespace.id)).map { $0.integer(0) }
    var histories: [TaskHistory] = []
    for inner in below {
      let tasks = try reading.connection.prepare(
        "SELECT DISTINCT member FROM (\(IntervalOverlapQuery.inNamespace("m.task_id AS member")))"
      ).bind(
        reading.index.values(samples, reading.namespaces.lifetime(inner).namespace)
      ).map { $0.task(0) }
      for task in tasks {
        if let history = try reading.taskHistories.history(of: task), history.process.tid == nil {
          histories.append(history)
        }
      }
    }
    return histories
  }

  /// Returns the PID of a process in a PID namespace; nil if it is not known. There is only one, because a
  /// process never leaves its PID namespace.
  private func number(
    of history: TaskHistory, in namespace: NamespaceRecord
  ) throws(SQLiteError) -> Int64? {
    let known = history.process.nspid
    guard let own = try own(of: history) else { return nil }
    // For a process that only events reported, only the PID in the recorder's namespace is known.
    guard known.count > 1 || isShown(own, to: history) else { return nil }
    // The chain leads from the process's own namespace outwards, up to the recorder's namespace, or as far as
    // the parents of the namespaces are known.
    var outermost = try reading.namespaces.lifetime(own.id)
    var chain = [own.id]
    while !isShown(outermost.namespace, to: history), let outer = outermost.parent,
      chain.count < Self.deepest
    {
      outermost = try reading.namespaces.lifetime(outer)
      chain.append(outer)
    }
    let isWhole = isShown(outermost.namespace, to: history)
    guard isWhole ? known.count == chain.count : known.count > chain.count else { return nil }
    return zip(chain, known.reversed()).first { $0.0 == namespace.id }?.1
  }

  /// The greatest number of nested PID namespaces in the kernel (`MAX_PID_NS_LEVEL` of
  /// `include/linux/pid_namespace.h`), including the initial one.
  private static let deepest = 33
}
