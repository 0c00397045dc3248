internal import NamespaceModel
internal import SQLite

/// Finds processes by the numbers that they have inside pid namespaces (`pid_namespaces(7)`).
///
/// A process has a number in its own pid namespace and in each that this was made in. `NSpid` of
/// `/proc/PID/status` lists them from the recorder's inwards, so the last is that of its own.
struct NestedPIDResolver {
  let reading: HistorySnapshot

  /// What was found.
  struct Found {
    var lives: [TaskHistory] = []
    /// How many processes were in those namespaces whose numbers there are not known: they ended
    /// before a sample read them.
    var unknown: Int { strangers.count }
    private var strangers: Set<TaskID> = []

    func has(_ life: TaskHistory) -> Bool {
      lives.contains { $0.process.task == life.process.task }
    }

    mutating func addUnknown(_ life: TaskHistory) { strangers.insert(life.process.task) }
  }

  /// Those that were there in a window, at least.
  func lives(
    _ number: Int64, in selected: ProcessSelector.PIDNamespaces, _ window: TimeWindow
  ) throws(SQLiteError) -> Found {
    var found = Found()
    let namespaces: [NamespaceRecord]
    switch selected {
    case .selected(let selector):
      namespaces = try NamespaceFinder(reading: reading).lives(selector, in: window)
        .map(\.namespace)
    case .container(let text):
      let container = try container(text, window)
      namespaces = container.namespaces
      // Who has there the PID that the recorder saw.
      found.lives = container.shown.filter { $0.process.pid == number }
    }
    for namespace in namespaces {
      try addShown(number, in: namespace, to: &found)
      try addHidden(number, in: namespace, window, to: &found)
    }
    found.lives.sort { one, other in
      (one.firstSample, one.process.task) < (other.firstSample, other.process.task)
    }
    return found
  }

  /// The processes that recorders met in a pid namespace whose PIDs they saw: these are their numbers there.
  private func addShown(
    _ number: Int64, in namespace: NamespaceRecord, to found: inout Found
  ) throws(SQLiteError) {
    guard number > 0, reading.index.sessions.contains(where: { shows(namespace, $0) }) else {
      return
    }
    let known = try reading.namespaces.life(namespace.id)
    // At another time another namespace may have had its inode number.
    let first = known.first ?? Int64.max
    for life in try reading.lives.lives(pid: number)
    where isShown(namespace, to: life) && !found.has(life) && life.lastSample >= first
      && life.firstSample <= known.last ?? Int64.max
    { found.lives.append(life) }
  }

  /// The processes that recorders in other pid namespaces met in one or below it.
  private func addHidden(
    _ number: Int64, in namespace: NamespaceRecord, _ window: TimeWindow, to found: inout Found
  ) throws(SQLiteError) {
    guard let samples = try reading.index.samples(around: window) else { return }
    for range in hiding(namespace, samples) {
      for life in try members(below: namespace, range)
      where !isShown(namespace, to: life) && !found.has(life) {
        switch try self.number(of: life, in: namespace) {
        case nil: found.addUnknown(life)
        case number: found.lives.append(life)
        default: break
        }
      }
    }
  }

  /// The parts of a range in which recorders did not see the PIDs of a namespace.
  private func hiding(
    _ namespace: NamespaceRecord, _ samples: ClosedRange<Int64>
  ) -> [ClosedRange<Int64>] {
    var ranges: [ClosedRange<Int64>] = []
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

  /// The processes of containers that have there the PIDs that the recorder saw, and the pid namespaces of
  /// the others: the outermost of these, since a process inside may have made more.
  private func container(
    _ text: String, _ window: TimeWindow
  ) throws(SQLiteError) -> (shown: [TaskHistory], namespaces: [NamespaceRecord]) {
    var shown: [TaskHistory] = []
    var inner: [NamespaceLifetime] = []
    for life in try ProcessFinder(reading: reading).lives(.container(text), in: window) {
      guard life.process.tid == nil, let own = try own(of: life) else { continue }
      if isShown(own, to: life) {
        shown.append(life)
      } else if !inner.contains(where: { $0.namespace.id == own.id }) {
        inner.append(try reading.namespaces.life(own.id))
      }
    }
    let ids = Set(inner.map(\.namespace.id))
    let outermost = try inner.map { (one) throws(SQLiteError) in
      try isBelow(ids, one) ? nil : one.namespace
    }
    return (shown, outermost.compactMap(\.self))
  }

  /// The pid namespace of a process, which it never leaves; nil where it could not be read.
  private func own(of life: TaskHistory) throws(SQLiteError) -> NamespaceRecord? {
    for membership in life.memberships {
      let links = try reading.sets.links(of: membership.set)
      if let own = links[.pid]?.namespace { return own }
    }
    return nil
  }

  /// Whether a pid namespace is the one whose PIDs the recorder saw that met a process.
  private func isShown(_ namespace: NamespaceRecord, to life: TaskHistory) -> Bool {
    shows(namespace, reading.index.session(of: life.firstSample))
  }

  private func isBelow(
    _ namespaces: Set<Int64>, _ life: NamespaceLifetime
  ) throws(SQLiteError) -> Bool {
    var outer = life.parent
    for _ in 0..<Self.deepest {
      guard let row = outer else { return false }
      if namespaces.contains(row) { return true }
      outer = try reading.namespaces.life(row).parent
    }
    return false
  }

  /// Everyone who was in a pid namespace, or in one that was made in it, in a range of samples.
  private func members(
    below namespace: NamespaceRecord, _ samples: ClosedRange<Int64>
  ) throws(SQLiteError) -> [TaskHistory] {
    let below = try reading.connection.prepare(
      """
      WITH RECURSIVE below (id) AS (VALUES (?)
        UNION SELECT namespace_id FROM below CROSS JOIN namespace ON parent_id = id)
      SELECT id FROM below
      """
    ).bind(.integer(namespace.id)).map { $0.integer(0) }
    var lives: [TaskHistory] = []
    for inner in below {
      let tasks = try reading.connection.prepare(
        "SELECT DISTINCT member FROM (\(IntervalOverlapQuery.inNamespace("m.task_id AS member")))"
      ).bind(
        IntervalOverlapQuery.values(samples, try reading.namespaces.life(inner).namespace)
      ).map { $0.task(0) }
      for task in tasks {
        if let life = try reading.lives.life(task: task), life.process.tid == nil {
          lives.append(life)
        }
      }
    }
    return lives
  }

  /// The number of a process in a pid namespace; nil where it is not known. A process never leaves
  /// its pid namespace, so it is one.
  private func number(
    of life: TaskHistory, in namespace: NamespaceRecord
  ) throws(SQLiteError) -> Int64? {
    let known = life.process.nspid
    guard let own = try own(of: life) else { return nil }
    // Of one that only events reported just the recorder's number is known.
    guard known.count > 1 || isShown(own, to: life) else { return nil }
    // From its own namespace outwards, up to the one whose PIDs the recorder saw; or as far as it is
    // known in which each was made.
    var outermost = try reading.namespaces.life(own.id)
    var chain = [own.id]
    while !isShown(outermost.namespace, to: life), let outer = outermost.parent,
      chain.count < Self.deepest
    {
      outermost = try reading.namespaces.life(outer)
      chain.append(outer)
    }
    let isWhole = isShown(outermost.namespace, to: life)
    guard isWhole ? known.count == chain.count : known.count > chain.count else { return nil }
    return zip(chain, known.reversed()).first { $0.0 == namespace.id }?.1
  }

  /// The kernel nests no deeper (`MAX_PID_NS_LEVEL` of `include/linux/pid_namespace.h`).
  private static let deepest = 33
}
