internal import NamespaceModel
internal import SQLite

/// Reads the processes of an export. The caller passes the same `ExportProcess` each time, and each
/// read overwrites it.
struct ExportProcesses {
  private let connection: Connection
  private var cgroups: ExportCgroups
  private var programs: ExportPrograms

  init(_ connection: Connection) {
    self.connection = connection
    cgroups = ExportCgroups(connection)
    programs = ExportPrograms(connection)
  }

  /// The columns of `task` that `read(task:into:)` reads.
  static let taskColumns = """
    task_id, space_id, pid, tid, start_wall_ns, comm, uid, cgroup_id, has_past, provenance,
    program_id, login_id
    """
  /// The columns of `short_lived_task` that `read(shortLivedTask:of:start:into:)` reads, and those of
  /// the membership: its set, its first sequence number and its length.
  static let shortLivedTaskColumns = """
    task_id, pid, comm, uid, cgroup_id, set_id, from_seq, length, provenance,
    program_id, login_id
    """

  /// Reads a row of `task` into `process`. Returns false if the file has no boot for the PID space of
  /// the row: such a row identifies no process.
  mutating func read(
    task row: Statement, into process: inout ExportProcess
  ) throws(SQLiteError) -> Bool {
    process.row = row.integer(0)
    guard try setSpace(row.integer(1), of: &process) else { return false }
    process.pid = row.integer(2)
    // Most rows are those of processes, which have no TID.
    process.tid = row.isNull(3) ? nil : row.integer(3)
    process.start = row.optionalWallTime(4)
    readComm(row, 5, into: &process)
    process.uid = row.optionalInteger(6)
    (process.hasInheritedUID, process.hasInheritedCgroup) = Self.inherited(row, 9)
    try setCgroup(row.optionalInteger(7), of: &process)
    try programs.set(row.optionalInteger(10), row.optionalInteger(11), of: &process)
    return true
  }

  /// Reads a row of `short_lived_task` into `process`. Its PID belongs to the PID space of the session.
  mutating func read(
    shortLivedTask row: Statement, of session: SessionSpan, start: WallTime,
    into process: inout ExportProcess
  ) throws(SQLiteError) {
    process.row = row.integer(0)
    if try !setSpace(session.space, of: &process) { process.boot = "" }
    process.pid = row.integer(1)
    process.tid = nil
    process.start = start
    readComm(row, 2, into: &process)
    process.uid = row.optionalInteger(3)
    (process.hasInheritedUID, process.hasInheritedCgroup) = Self.inherited(row, 8)
    try setCgroup(row.optionalInteger(4), of: &process)
    try programs.set(row.optionalInteger(9), row.optionalInteger(10), of: &process)
  }

  /// A description of a process, and the range of sequence numbers for which the export gives the
  /// process this description.
  struct Segment {
    private(set) var numbers: ClosedRange<SequenceNumber>
    let beginsExactly: Bool
    let endsExactly: Bool
    let comm: String?
    let uid: Int64?
    let cgroup: Int64?
    let hasInheritedUID: Bool
    let hasInheritedCgroup: Bool
    let program: Int64?
    let login: Int64?
    /// The container that `ContainerRule` derives from the namespaces of the process in this segment;
    /// nil if it derives none.
    var enclosure: ContainerRule.Enclosure?

    /// The row of the control group by which filters match the container: that of `enclosure`, or else
    /// `cgroup`.
    var container: Int64? { enclosure?.cgroup ?? cgroup }

    /// Returns the segment with the time up to the next one, in which the description changed at an unknown time.
    func extended(to next: Segment) -> Segment {
      guard next.numbers.lowerBound > numbers.lowerBound else { return self }
      var copy = self
      copy.numbers = numbers.lowerBound...(next.numbers.lowerBound - 1)
      return copy
    }
  }

  /// Returns the only description of a process that no sample observed.
  func segment(ofShortLivedTask row: Statement) -> Segment {
    let (hasInheritedUID, hasInheritedCgroup) = Self.inherited(row, 8)
    return Segment(
      numbers: SequenceNumber.min...SequenceNumber.max, beginsExactly: true, endsExactly: true,
      comm: row.optionalText(2), uid: row.optionalInteger(3), cgroup: row.optionalInteger(4),
      hasInheritedUID: hasInheritedUID, hasInheritedCgroup: hasInheritedCgroup,
      program: row.optionalInteger(9), login: row.optionalInteger(10))
  }

  /// Returns the descriptions of a process that `read(task:into:)` has read, in time order.
  ///
  /// - Parameter isCertain: whether to omit an interval in which the description changed at an unknown
  ///   time. If false, the earlier description counts for that interval.
  func segments(of row: Statement, isCertain: Bool) throws(SQLiteError) -> [Segment] {
    var first = SequenceNumber.min
    var isExact = true
    var segments: [Segment] = []
    if !row.isNull(8) {
      let past = try connection.prepare(
        """
        SELECT next_seq, last_seq, exact, comm, uid, cgroup_id, provenance, program_id, login_id
        FROM past_description
        WHERE task_id = ? ORDER BY next_seq
        """
      ).bind(.integer(row.integer(0)))
      defer { past.reset() }
      while try past.step() {
        let next = past.sequence(0)
        let last = isCertain ? min(past.sequence(1), next - 1) : next - 1
        let ends = past.integer(2) == 1
        let (hasInheritedUID, hasInheritedCgroup) = Self.inherited(past, 6)
        segments.append(
          Segment(
            numbers: first...max(first, last), beginsExactly: isExact, endsExactly: ends,
            comm: past.optionalText(3), uid: past.optionalInteger(4),
            cgroup: past.optionalInteger(5), hasInheritedUID: hasInheritedUID,
            hasInheritedCgroup: hasInheritedCgroup, program: past.optionalInteger(7),
            login: past.optionalInteger(8)))
        first = next
        isExact = ends
      }
    }
    let (hasInheritedUID, hasInheritedCgroup) = Self.inherited(row, 9)
    segments.append(
      Segment(
        numbers: first...SequenceNumber.max, beginsExactly: isExact, endsExactly: false,
        comm: row.optionalText(5), uid: row.optionalInteger(6), cgroup: row.optionalInteger(7),
        hasInheritedUID: hasInheritedUID, hasInheritedCgroup: hasInheritedCgroup,
        program: row.optionalInteger(10), login: row.optionalInteger(11)))
    return segments
  }

  /// Sets the description of a process to that of a segment.
  mutating func set(_ segment: Segment, of process: inout ExportProcess) throws(SQLiteError) {
    process.version += 1
    process.hasComm = segment.comm != nil
    process.comm = Array(SystemText.sanitized(segment.comm ?? "").utf8)
    process.uid = segment.uid
    process.hasInheritedUID = segment.hasInheritedUID
    process.hasInheritedCgroup = segment.hasInheritedCgroup
    try programs.set(segment.program, segment.login, of: &process)
    if let enclosure = segment.enclosure {
      process.cgroupMembership = try cgroups.membership(of: segment.cgroup, in: enclosure)
    } else {
      try setCgroup(segment.cgroup, of: &process)
    }
  }

  /// Returns which parts of a description are inherited. Most rows have no provenance.
  private static func inherited(
    _ row: Statement, _ column: Int32
  ) -> (user: Bool, cgroup: Bool) {
    if row.isNull(column) { return (false, false) }
    let parts = Provenance(row.optionalInteger(column)).inherited
    return (parts.contains(.user), parts.contains(.cgroup))
  }

  /// Returns the row of the container that a control group belongs to; nil if it belongs to none.
  mutating func container(of cgroup: Int64?) throws(SQLiteError) -> Int64? {
    try cgroup.flatMap { (row) throws(SQLiteError) in try cgroups.membership(of: row).container?.row
    }
  }

  private mutating func setSpace(
    _ space: Int64, of process: inout ExportProcess
  ) throws(SQLiteError) -> Bool {
    // Most processes have the PID space of the previous process, whose values `process` still holds.
    if process.space == space { return true }
    process.space = nil
    guard let boot = try cgroups.boot(ofSpace: space) else { return false }
    process.space = space
    process.bootRow = boot.row
    process.boot = boot.uuid
    return true
  }

  private mutating func setCgroup(
    _ row: Int64?, of process: inout ExportProcess
  ) throws(SQLiteError) {
    guard let row else {
      process.cgroupMembership = nil
      return
    }
    if process.cgroupMembership?.row == row { return }
    process.cgroupMembership = try cgroups.membership(of: row)
  }

  private func readComm(_ row: Statement, _ column: Int32, into process: inout ExportProcess) {
    process.hasComm = row.readText(column, into: &process.comm)
    // Text in the file is already escaped, unless someone edited the file.
    if process.comm.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return }
    process.comm = Array(SystemText.sanitized(String(decoding: process.comm, as: UTF8.self)).utf8)
  }
}

/// Reads and caches the programs and logins of an export, because many processes share few of them.
struct ExportPrograms {
  private let connection: Connection
  private var programs = Slots<ExportProgram>(bits: 11)
  private var logins = Slots<ExportLogin>(bits: 8)

  init(_ connection: Connection) { self.connection = connection }

  /// Sets the program and the login of a process, by their rows.
  mutating func set(
    _ program: Int64?, _ login: Int64?, of process: inout ExportProcess
  ) throws(SQLiteError) {
    if let program {
      process.program = try self.program(program)
    } else if process.program != nil {
      process.program = nil
    }
    if let login {
      process.login = try self.login(login)
    } else if process.login != nil {
      process.login = nil
    }
  }

  private mutating func program(_ row: Int64) throws(SQLiteError) -> ExportProgram? {
    if let known = programs[row] { return known }
    let found = try connection.prepare(
      "SELECT executable, command_line FROM program WHERE program_id = ?"
    ).bind(.integer(row)).first { row in
      ExportProgram(
        executable: row.optionalText(0).map(SystemText.sanitized),
        commandLine: row.optionalText(1).map(SystemText.sanitized))
    }
    programs[row] = found
    return found
  }

  private mutating func login(_ row: Int64) throws(SQLiteError) -> ExportLogin? {
    if let known = logins[row] { return known }
    let found = try connection.prepare("SELECT login_uid, sid, tty FROM login WHERE login_id = ?")
      .bind(.integer(row)).first { row in
        ExportLogin(
          uid: row.optionalInteger(0), session: row.optionalInteger(1),
          terminal: row.optionalText(2).map(SystemText.sanitized))
      }
    logins[row] = found
    return found
  }
}

/// Reads and caches the control groups and boots of an export, because many processes share few of
/// them.
struct ExportCgroups {
  private let connection: Connection
  private var memberships = Slots<ExportCgroupMembership>(bits: 11)
  /// The memberships of processes whose container is derived from their namespaces, by control group and
  /// container.
  private var enclosed = BoundedCache<Enclosed, ExportCgroupMembership>(limit: 4096)
  private var enclosedCount: Int64 = 0
  private var boots = Slots<(row: Int64, uuid: String)>(bits: 6)

  private struct Enclosed: Hashable {
    let cgroup: Int64?
    let container: Int64?
  }

  init(_ connection: Connection) { self.connection = connection }

  /// Returns the membership for the control group of a row and a container that is derived from namespaces.
  mutating func membership(
    of row: Int64?, in enclosure: ContainerRule.Enclosure
  ) throws(SQLiteError) -> ExportCgroupMembership {
    let key = Enclosed(cgroup: row, container: enclosure.container.row)
    if let known = enclosed[key] { return known }
    enclosedCount += 1
    let cgroup = try row.map { (row) throws(SQLiteError) in try membership(of: row) }?.cgroup
    let found = ExportCgroupMembership(
      row: -enclosedCount, cgroup: cgroup, container: enclosure.container, isByNamespaces: true)
    enclosed.insert(found, for: key)
    return found
  }

  /// Returns the membership for the control group of a row, with the container that the control group names.
  mutating func membership(of row: Int64) throws(SQLiteError) -> ExportCgroupMembership {
    if let known = memberships[row] { return known }
    let found = try connection.prepare(
      """
      SELECT path, \(ContainerRecord.columns) FROM cgroup \(ContainerRecord.joins)
      WHERE cgroup.cgroup_id = ?
      """
    ).bind(.integer(row)).first { columns in
      let path = columns.optionalText(0)
      return ExportCgroupMembership(
        // Text in the file is already escaped, unless someone edited the file.
        row: row, cgroup: path.map(SystemText.sanitized),
        container: ContainerRecord(columns, from: 1))
    }
    let membership = found ?? ExportCgroupMembership(row: row, cgroup: nil, container: nil)
    memberships[row] = membership
    return membership
  }

  /// Returns the row and the uuid of the boot of a PID space; nil if the file does not have it.
  mutating func boot(ofSpace space: Int64) throws(SQLiteError) -> (row: Int64, uuid: String)? {
    if let known = boots[space] { return known }
    let boot = try connection.prepare(
      "SELECT boot_id, uuid FROM pid_space JOIN boot USING (boot_id) WHERE space_id = ?"
    ).bind(.integer(space)).first { ($0.integer(0), SystemText.sanitized($0.text(1))) }
    boots[space] = boot
    return boot
  }
}

/// Reads and caches the links of namespace sets, one value for each type.
struct ExportSets {
  private let reader: SetReader
  /// The values of each set by its row, one for each type in the order of `NamespaceType`.
  private var sets = Slots<[LinkValue]>(bits: 11)

  init(_ reader: SetReader) { self.reader = reader }

  /// Returns the namespace of a type in a set, or the reason why the link is unread.
  mutating func value(
    _ type: NamespaceType, of set: NamespaceSetID
  ) throws(SQLiteError) -> LinkValue {
    let index = Int(type.rawValue) - 1
    if let known = sets[set.rawValue] { return known[index] }
    let links = try reader.links(of: set)
    // `links(of:)` throws if a set lacks a link, so the default value is never used.
    let values = NamespaceType.allCases.map { links[$0.link] ?? .unread(.unseen) }
    sets[set.rawValue] = values
    return values[index]
  }
}

/// A direct-mapped cache of values by row id. All ids with one remainder share a slot, which holds the
/// value that was stored last. So the cache has a fixed size, and a lookup takes a few instructions.
struct Slots<Value> {
  private var keys: [Int64]
  private var values: [Value?]

  /// - Parameter bits: the number of slots, as an exponent of two.
  init(bits: Int) {
    keys = Array(repeating: 0, count: 1 << bits)
    values = Array(repeating: nil, count: 1 << bits)
  }

  subscript(key: Int64) -> Value? {
    get {
      let slot = slot(key)
      return keys[slot] == key ? values[slot] : nil
    }
    set {
      let slot = slot(key)
      keys[slot] = key
      values[slot] = newValue
    }
  }

  private func slot(_ key: Int64) -> Int { Int(truncatingIfNeeded: key) & (keys.count - 1) }
}
