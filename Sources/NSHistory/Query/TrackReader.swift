internal import NamespaceModel
internal import SQLite

/// Reads the recorded life of PIDs.
final class TrackReader {
  private let connection: Connection
  private let index: SampleIndex
  private var sets: [Int64: [NamespaceLink: LinkValue]] = [:]

  init(_ connection: Connection, _ index: SampleIndex) {
    self.connection = connection
    self.index = index
  }

  /// The track of a PID, or of those of its processes that may have been running at a time.
  func track(_ selector: SameQuestion.Selector) throws(SQLiteError) -> Track {
    let lives = try lives(selector.pid)
    let all = try assemble(lives, pid: selector.pid, known: lives.map(\.process))
    guard let alive = selector.alive else { return all }
    let brackets = try index.brackets(at: alive)
    let picked = lives.indices.filter { place in
      brackets.contains {
        all.mayRun(place, in: $0, until: alive) && !all.isSucceeded(place, in: $0, at: alive)
      }
    }
    return try assemble(picked.map { lives[$0] }, pid: selector.pid, known: all.known)
  }

  /// A process, and its memberships in the order of time.
  private struct Life {
    var process: ProcessRecord
    let memberships: [Membership]
    let lastSample: Int64
  }

  private func lives(_ pid: Int64) throws(SQLiteError) -> [Life] {
    var lives: [Life] = []
    for row in try processRows(pid) {
      let memberships = try memberships(of: row.id)
      guard let first = memberships.first, let last = memberships.last else { continue }
      var process = row
      process.firstSeen = try index.point(first.from).wall
      process.lastSeen = try index.point(last.until).wall
      process.isOpen = last.isOpen
      lives.append(Life(process: process, memberships: memberships, lastSample: last.until))
    }
    return lives
  }

  private func assemble(
    _ lives: [Life], pid: Int64, known: [ProcessRecord]
  ) throws(SQLiteError) -> Track {
    var runs: [NamespaceLink: [Track.Run]] = [:]
    for (place, life) in lives.enumerated() {
      for membership in life.memberships { try append(membership, of: place, to: &runs) }
    }
    for link in runs.keys { runs[link]?.sort { $0.from < $1.from } }
    let pids = runs[.pid] ?? []
    guard zip(pids, pids.dropFirst()).allSatisfy({ $0.until < $1.from }) else {
      throw .corrupt("PID \(pid) is two processes in one sample", operation: "read memberships")
    }
    return Track(
      pid: pid, processes: lives.map(\.process), known: known, runs: runs,
      lastSamples: lives.map(\.lastSample))
  }

  /// What each link of one process was, from sample to sample.
  func runs(of task: Int64) throws(SQLiteError) -> [NamespaceLink: [Track.Run]] {
    var runs: [NamespaceLink: [Track.Run]] = [:]
    for membership in try memberships(of: task) { try append(membership, of: 0, to: &runs) }
    return runs
  }

  private func append(
    _ membership: Membership, of process: Int, to runs: inout [NamespaceLink: [Track.Run]]
  ) throws(SQLiteError) {
    for (link, value) in try links(of: membership.set) {
      Self.append(
        Track.Run(
          from: membership.from, until: membership.until, process: process, value: value),
        to: &runs[link, default: []], startsSession: membership.startsSession)
    }
  }

  /// Another link of the set changed: this one's run goes on.
  private static func append(
    _ run: Track.Run, to runs: inout [Track.Run], startsSession: Bool
  ) {
    if !startsSession, let last = runs.last, last.process == run.process,
      last.value == run.value, last.until &+ 1 == run.from
    {
      runs[runs.count - 1].until = run.until
    } else {
      runs.append(run)
    }
  }

  private func processRows(_ pid: Int64) throws(SQLiteError) -> [ProcessRecord] {
    try connection.prepare(
      """
      SELECT task_id, boot_id, start_wall_ns, comm, uid, parent_pid, kernel_thread, path,
        space_id, start_ticks, ticks_per_second
      FROM task JOIN pid_space USING (space_id) JOIN boot USING (boot_id)
        LEFT JOIN cgroup USING (cgroup_id)
      WHERE pid = ? ORDER BY task_id
      """
    ).bind(.integer(pid)).map { row in
      ProcessRecord(
        id: row.integer(0), boot: row.integer(1), space: row.integer(8), pid: pid,
        start: row.optionalInteger(2),
        startBoot: row.optionalInteger(9).flatMap {
          ClockTicks.nanoseconds(UInt64(bitPattern: $0), perSecond: row.integer(10))
        },
        comm: row.optionalText(3), uid: row.optionalInteger(4), parentPID: row.integer(5),
        isKernelThread: row.integer(6) != 0, cgroup: row.optionalText(7), firstSeen: 0,
        lastSeen: 0, isOpen: false)
    }
  }

  private struct Membership {
    var set: Int64
    var from: Int64
    var until: Int64
    var isOpen: Bool
    var startsSession: Bool
  }

  private func memberships(of task: Int64) throws(SQLiteError) -> [Membership] {
    let rows = try connection.prepare(
      """
      SELECT set_id, from_sample, until_sample FROM membership WHERE task_id = ?
      ORDER BY from_sample
      """
    ).bind(.integer(task)).map { ($0.integer(0), $0.integer(1), $0.optionalInteger(2)) }
    var memberships: [Membership] = []
    for (set, from, until) in rows {
      guard let session = index.session(of: from) else {
        throw .corrupt("task \(task) was in no sample", operation: "read memberships")
      }
      let until = until ?? session.last
      guard from <= until, until <= session.last, memberships.last?.until ?? 0 < from else {
        throw .corrupt("times of task \(task) overlap", operation: "read memberships")
      }
      memberships.append(
        Membership(
          set: set, from: from, until: until, isOpen: session.isOpen && until == session.last,
          startsSession: session.first == from))
    }
    return memberships
  }

  private func links(of set: Int64) throws(SQLiteError) -> [NamespaceLink: LinkValue] {
    if let known = sets[set] { return known }
    let rows = try connection.prepare(
      """
      SELECT link, namespace_id, unread, boot_id, type, inode, kernel_id, initial
      FROM namespace_set_link LEFT JOIN namespace USING (namespace_id) WHERE set_id = ?
      """
    ).bind(.integer(set)).map { row in (row.integer(0), Self.value(row)) }
    var links: [NamespaceLink: LinkValue] = [:]
    for (code, value) in rows {
      guard let link = UInt8(exactly: code).flatMap(NamespaceLink.init(rawValue:)), let value
      else { throw Self.corrupt("namespace set \(set)") }
      links[link] = value
    }
    guard links.count == NamespaceLink.count else { throw Self.corrupt("namespace set \(set)") }
    // An export meets every set there ever was.
    if sets.count >= 4096 { sets.removeAll(keepingCapacity: true) }
    sets[set] = links
    return links
  }

  private static func value(_ row: Statement) -> LinkValue? {
    guard let id = row.optionalInteger(1) else {
      return UInt8(exactly: row.integer(2)).flatMap(UnreadReason.init(rawValue:))
        .map(LinkValue.unread)
    }
    guard let type = UInt8(exactly: row.integer(4)).flatMap(NamespaceType.init(rawValue:)) else {
      return nil
    }
    return .namespace(
      NamespaceRecord(
        id: id, boot: row.integer(3), type: type, inode: UInt64(bitPattern: row.integer(5)),
        kernelID: row.optionalInteger(6).map(UInt64.init(bitPattern:)),
        isInitial: row.optionalInteger(7).map { $0 != 0 }))
  }

  private static func corrupt(_ what: String) -> SQLiteError {
    .corrupt("\(what) is not whole", operation: "read a set")
  }
}
