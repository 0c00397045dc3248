internal import NamespaceModel
internal import SQLite

/// Finds processes by the numbers that they have inside pid namespaces (`pid_namespaces(7)`).
///
/// A process has a number in its own pid namespace and in each that this was made in. `NSpid` of
/// `/proc/PID/status` lists them from the recorder's inwards, so the last is that of its own.
struct InnerNumbers {
  let reading: Reading

  /// What was found.
  struct Found {
    var lives: [Life] = []
    /// How many processes were in those namespaces whose numbers there are not known: they ended
    /// before a sample read them.
    var unknown = 0
  }

  func lives(
    _ number: Int64, in selected: ProcessSelector.PIDNamespaces
  ) throws(SQLiteError) -> Found {
    var found = Found()
    for namespace in try namespaces(selected) {
      for life in try members(below: namespace) {
        switch try self.number(of: life, in: namespace) {
        case nil: found.unknown += 1
        case number: found.lives.append(life)
        default: break
        }
      }
    }
    found.lives.sort { one, other in
      (one.firstSample, one.process.id) < (other.firstSample, other.process.id)
    }
    return found
  }

  private func namespaces(
    _ selected: ProcessSelector.PIDNamespaces
  ) throws(SQLiteError) -> [NamespaceRecord] {
    switch selected {
    case .selected(let selector):
      return try NamespaceFinder(reading: reading).lives(selector).map(\.namespace)
    case .container(let text):
      return try own(of: text)
    }
  }

  /// The pid namespaces of containers: the outermost that their processes are in, of those that are
  /// not the one whose PIDs the recorder saw. Who starts a container may be in its cgroup and outside
  /// of all else; and a process inside may have made more.
  private func own(of container: String) throws(SQLiteError) -> [NamespaceRecord] {
    let all = try NamespaceFinder(reading: reading).lives(.of(.pid, .container(container)))
    let shown = Set(reading.index.sessions.compactMap(\.pidNamespaceInode))
    let inner = all.filter { !shown.contains($0.namespace.inode) }
    let ids = Set(inner.map(\.namespace.id))
    return try inner.map { (life) throws(SQLiteError) in
      try isBelow(ids, life) ? nil : life.namespace
    }.compactMap(\.self)
  }

  private func isBelow(
    _ namespaces: Set<Int64>, _ life: NamespaceLife
  ) throws(SQLiteError) -> Bool {
    var outer = life.parent
    for _ in 0..<Self.deepest {
      guard let row = outer else { return false }
      if namespaces.contains(row) { return true }
      outer = try reading.namespaces.life(row).parent
    }
    return false
  }

  /// Everyone who was ever in a pid namespace, or in one that was made in it.
  private func members(below namespace: NamespaceRecord) throws(SQLiteError) -> [Life] {
    guard let first = reading.index.first, let last = reading.index.last else { return [] }
    let below = try reading.connection.prepare(
      """
      WITH RECURSIVE below (id) AS (VALUES (?)
        UNION SELECT namespace_id FROM below CROSS JOIN namespace ON parent_id = id)
      SELECT id FROM below
      """
    ).bind(.integer(namespace.id)).map { $0.integer(0) }
    var lives: [Life] = []
    for inner in below {
      let tasks = try reading.connection.prepare(
        "SELECT DISTINCT member FROM (\(MembershipStab.inNamespace("m.task_id AS member")))"
      ).bind(
        MembershipStab.values(first...last, try reading.namespaces.life(inner).namespace)
      ).map { $0.integer(0) }
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
    of life: Life, in namespace: NamespaceRecord
  ) throws(SQLiteError) -> Int64? {
    var own: NamespaceRecord?
    for membership in life.memberships where own == nil {
      own = try reading.sets.links(of: membership.set)[.pid]?.namespace
    }
    guard let own else { return nil }
    // From its own namespace outwards, up to the one whose PIDs the recorder saw.
    var chain = [own.id]
    let shown = reading.index.session(of: life.firstSample)?.pidNamespaceInode
    while try reading.namespaces.life(chain[chain.count - 1]).namespace.inode != shown {
      guard let outer = try reading.namespaces.life(chain[chain.count - 1]).parent,
        chain.count < Self.deepest
      else { return nil }
      chain.append(outer)
    }
    let known = life.process.nspid
    // Of one that only events told of just the recorder's number is known.
    guard known.count == chain.count else { return nil }
    return zip(chain, known.reversed()).first { $0.0 == namespace.id }?.1
  }

  /// The kernel nests no deeper (`MAX_PID_NS_LEVEL` of `include/linux/pid_namespace.h`).
  private static let deepest = 33
}

extension HistoryReader {
  /// How many processes were in pid namespaces and have numbers there that are not known.
  public func processesWithoutNumber(
    in namespaces: ProcessSelector.PIDNamespaces
  ) throws(HistoryError) -> Int {
    try reading { (reading) throws(SQLiteError) in
      try InnerNumbers(reading: reading).lives(0, in: namespaces).unknown
    }
  }
}
