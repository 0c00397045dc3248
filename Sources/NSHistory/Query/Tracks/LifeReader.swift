internal import NamespaceModel
internal import SQLite

/// A process, and its memberships in the order of time.
struct Life {
  var process: ProcessRecord
  var memberships: [Membership]

  /// The last sample that saw it.
  var lastSample: Int64 { memberships.last?.until ?? 0 }

  /// Whether a sample did not see it.
  func isMissing(at sample: Int64) -> Bool { membership(at: sample) == nil }

  /// The membership that a sample is in.
  func membership(at sample: Int64) -> Membership? {
    let place = memberships.partitioningIndex { $0.until >= sample }
    guard place < memberships.count, memberships[place].from <= sample else { return nil }
    return memberships[place]
  }
}

/// One process in one namespace set, in every sample from one to another.
struct Membership: Hashable {
  let set: Int64
  let from: Int64
  let until: Int64
  /// Whether it still held in the last sample, and the recorder is still running.
  let isOpen: Bool
  let startsSession: Bool
}

/// Reads processes and when they were where.
final class LifeReader {
  private let connection: Connection
  private let index: SampleIndex
  private var known: [Int64: Life] = [:]

  init(_ connection: Connection, _ index: SampleIndex) {
    self.connection = connection
    self.index = index
  }

  /// Of every process that had a PID, in the order in which they were met.
  func lives(pid: Int64) throws(SQLiteError) -> [Life] {
    let rows = try connection.prepare("\(Self.columns) WHERE pid = ? ORDER BY task_id")
      .bind(.integer(pid)).map { ProcessRecord($0, from: 0) }
    var lives: [Life] = []
    for row in rows { if let life = try life(row) { lives.append(life) } }
    return lives
  }

  /// Of one process, by its row; nil when no sample saw it.
  func life(task: Int64) throws(SQLiteError) -> Life? {
    if let life = known[task] { return life }
    let row = try connection.prepare("\(Self.columns) WHERE task_id = ?").bind(.integer(task))
      .first { ProcessRecord($0, from: 0) }
    let life = try row.flatMap(life)
    if known.count >= 256 { known.removeAll(keepingCapacity: true) }
    known[task] = life
    return life
  }

  /// The parent that a process had when it was first seen; nil where that is not known.
  func parent(of process: ProcessRecord) throws(SQLiteError) -> ProcessRecord? {
    let row =
      try connection.prepare("SELECT parent_task_id FROM task WHERE task_id = ?")
      .bind(.integer(process.id)).first { $0.optionalInteger(0) } ?? nil
    return try row.flatMap(life(task:))?.process
  }

  private func life(_ row: ProcessRecord) throws(SQLiteError) -> Life? {
    let memberships = try memberships(of: row.id)
    guard let first = memberships.first, let last = memberships.last else { return nil }
    var process = row
    process.firstSeen = try index.point(first.from).wall
    process.lastSeen = try index.point(last.until).wall
    process.isOpen = last.isOpen
    return Life(process: process, memberships: memberships)
  }

  /// The columns of `ProcessRecord`, and the tables that they are in.
  static let columns = """
    SELECT \(ProcessRecord.columns) FROM task \(ProcessRecord.joins)
    """

  func memberships(of task: Int64) throws(SQLiteError) -> [Membership] {
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
}

extension ProcessRecord {
  /// The columns that it is read from, with `joins` behind the table `task`.
  static let columns = """
    task_id, boot_id, start_wall_ns, comm, uid, parent_pid, kernel_thread, path, space_id,
    start_ticks, ticks_per_second, pid
    """
  static let joins = """
    JOIN pid_space USING (space_id) JOIN boot USING (boot_id) LEFT JOIN cgroup USING (cgroup_id)
    """

  /// From a row, whose `columns` begin at one. When it was seen is not known from that.
  init(_ row: Statement, from first: Int32) {
    self.init(
      id: row.integer(first), boot: row.integer(first + 1), space: row.integer(first + 8),
      pid: row.integer(first + 11), start: row.optionalInteger(first + 2),
      startBoot: row.optionalInteger(first + 9).flatMap {
        ClockTicks.nanoseconds(UInt64(bitPattern: $0), perSecond: row.integer(first + 10))
      },
      // What the file holds is escaped, unless somebody edited it.
      comm: row.optionalText(first + 3).map(SystemText.harmless),
      uid: row.optionalInteger(first + 4),
      parentPID: row.integer(first + 5), isKernelThread: row.integer(first + 6) != 0,
      cgroup: row.optionalText(first + 7).map(SystemText.harmless), firstSeen: 0, lastSeen: 0,
      isOpen: false)
  }
}
