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

  /// The track of a PID; only of the last process that had it by the time `alive`, if given.
  func track(_ pid: Int64, alive: Int64?) throws(SQLiteError) -> Track {
    var rows = try processRows(pid)
    if let alive {
      var started: ProcessRecord?
      for row in rows {
        guard let first = try memberships(of: row.id).first else { continue }
        let start = if let start = row.start { start } else { try index.point(first.from).wall }
        if start <= alive { started = row }
      }
      rows = started.map { [$0] } ?? []
    }
    var processes: [ProcessRecord] = []
    var lastSamples: [Int64] = []
    var runs: [NamespaceLink: [Track.Run]] = [:]
    for row in rows {
      let memberships = try memberships(of: row.id)
      guard let first = memberships.first, let last = memberships.last else { continue }
      var process = row
      process.firstSeen = try index.point(first.from).wall
      process.lastSeen = try index.point(last.until).wall
      process.isOpen = last.isOpen
      for membership in memberships { try append(membership, of: processes.count, to: &runs) }
      processes.append(process)
      lastSamples.append(last.until)
    }
    for link in runs.keys { runs[link]?.sort { $0.from < $1.from } }
    return Track(pid: pid, processes: processes, runs: runs, lastSamples: lastSamples)
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
      last.value == run.value, last.until + 1 == run.from
    {
      runs[runs.count - 1].until = run.until
    } else {
      runs.append(run)
    }
  }

  private func processRows(_ pid: Int64) throws(SQLiteError) -> [ProcessRecord] {
    try connection.prepare(
      """
      SELECT task_id, boot_id, start_wall_ns, comm, uid, parent_pid, kernel_thread, path
      FROM task LEFT JOIN cgroup USING (cgroup_id) WHERE pid = ? ORDER BY task_id
      """
    ).bind(.integer(pid)).map {
      ProcessRecord(
        id: $0.integer(0), boot: $0.integer(1), pid: pid, start: $0.optionalInteger(2),
        comm: $0.text(3), uid: $0.optionalInteger(4), parentPID: $0.integer(5),
        isKernelThread: $0.integer(6) != 0, cgroup: $0.optionalText(7), firstSeen: 0,
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
    return rows.map { set, from, until in
      let session = index.session(of: from)
      return Membership(
        set: set, from: from, until: until ?? session?.last ?? from,
        isOpen: until == nil && session?.isOpen == true,
        startsSession: session?.first == from)
    }
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
    SQLiteError(extendedCode: 11, message: "\(what) is not whole", operation: "read a set")
  }
}
