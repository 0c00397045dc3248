internal import NamespaceModel
internal import SQLite

/// The origin of a description, as the file stores it: see `task.provenance` in `Migrations`.
struct Provenance {
  let inherited: InheritedParts
  let hasMaker: Bool

  private static let maker: Int64 = 4

  init(_ inherited: InheritedParts, hasMaker: Bool) {
    self.inherited = inherited
    self.hasMaker = hasMaker
  }

  init(_ value: Int64?) {
    inherited = InheritedParts(rawValue: value ?? 0).intersection(.all)
    hasMaker = (value ?? 0) & Self.maker != 0
  }

  /// The value in the file.
  var value: Value {
    let sum = inherited.rawValue | (hasMaker ? Self.maker : 0)
    return sum == 0 ? .null : .integer(sum)
  }
}

/// Writes the descriptions of processes: `task` holds the latest one, `past_description` the earlier
/// ones.
final class DescriptionWriter {
  private let connection: Connection
  private let interner: Interner
  private let session: Int64
  /// The last sample in the file that read the description of every process.
  private var lastFull: SequenceNumber = .zero

  init(_ connection: Connection, _ interner: Interner, session: Int64) {
    self.connection = connection
    self.interner = interner
    self.session = session
  }

  /// Notes that a sample with this sequence number, which read the description of every process, is in
  /// the file.
  func setFull(_ number: SequenceNumber) { lastFull = number }

  /// The latest description of a process in the file.
  private struct Known {
    var comm: String?
    var uid: Int64?
    var cgroup: Int64?
    var parent: Int64
    var provenance: Provenance
    var program: Int64?
    /// The sample or event at which the program was read; nil if it was not.
    var programRead: SequenceNumber?
    var login: Int64?
    /// The first sample or event at which this description is known to have held.
    let since: SequenceNumber
  }

  /// Writes a description that a sample read, or that events reported at an unknown time.
  func write(
    _ redescription: ProcessSample.Redescription, of task: TaskID, at number: SequenceNumber
  ) throws(SQLiteError) {
    let last = try redescription.since.flatMap { (boot) throws(SQLiteError) in
      try lastSample(by: boot, before: number)
    }
    _ = try write(redescription.description, of: task, at: number, after: last)
  }

  /// Returns the last sample of the session before a sequence number that began no later than a
  /// boot-clock time.
  private func lastSample(
    by boot: BootTime, before number: SequenceNumber
  ) throws(SQLiteError) -> SequenceNumber? {
    try connection.prepare(
      """
      SELECT seq FROM sample WHERE seq < ? AND session_id = ? AND boot_ns <= ?
      ORDER BY seq DESC LIMIT 1
      """
    ).bind(.number(number), .integer(session), .boot(boot)).first { $0.sequence(0) }
  }

  /// Writes the description that the first sample of a session read of a process that an earlier
  /// session recorded.
  func write(
    _ description: ProcessDescription, ofResumed task: TaskID, at number: SequenceNumber
  ) throws(SQLiteError) {
    let last = try connection.prepare(
      """
      SELECT seq FROM sample WHERE seq <= (
        SELECT until_seq FROM membership WHERE task_id = ? ORDER BY from_seq DESC LIMIT 1)
      ORDER BY seq DESC LIMIT 1 OFFSET ?
      """
    ).bind(.number(task), .integer(Int64(ProcessDescription.samplesToReadAll - 1))).first {
      $0.sequence(0)
    }
    _ = try write(description, of: task, at: number, after: last)
  }

  /// Writes a description. Returns false if it does not differ from the recorded one.
  ///
  /// - Parameters:
  ///   - number: the sample or event that reports the description.
  ///   - last: the last sample or event at which the previous description is known to have held; nil if it is only
  ///     known to have held at the first one.
  ///   - isEvent: whether `number` is an event. Of the parts of a description, an event can only change
  ///     the name and the program.
  func write(
    _ description: ProcessDescription, of task: TaskID, at number: SequenceNumber,
    after last: SequenceNumber?,
    isEvent: Bool = false
  ) throws(SQLiteError) -> Bool {
    guard let known = try known(task) else { return false }
    // An exiting process has no readable description, so the known description still holds.
    var new = known
    new.comm = description.comm.map { SystemText.escaped($0) } ?? known.comm
    if description.hidesNames { new.comm = nil }
    new.uid = description.uid.map(Int64.init) ?? known.uid
    new.cgroup = try interner.cgroup(description.cgroup) ?? known.cgroup
    new.parent = description.parentPID.map(Int64.init) ?? known.parent
    new.login = try interner.programs.row(description.login) ?? known.login
    if description.hidesNames {
      new.program = nil
    } else if let program = description.program {
      new.program = try interner.programs.row(program)
    }
    var given = description.parts
    if description.program != nil || description.hidesNames { given.insert(.program) }
    let inherited = known.provenance.inherited.subtracting(given)
      .union(description.inherited.intersection(given))
    new.provenance = Provenance(inherited, hasMaker: known.provenance.hasMaker)
    if new.program == nil || inherited.contains(.program) {
      new.programRead = nil
    } else if new.program != known.program || known.provenance.inherited.contains(.program) {
      new.programRead = number
    }
    let differs =
      new.comm != known.comm || new.uid != known.uid || new.cgroup != known.cgroup
      || new.parent != known.parent || new.program != known.program || new.login != known.login
    guard differs || inherited != known.provenance.inherited else { return false }
    // No event reports when the user, the cgroup, the parent or the login changed.
    let isExact =
      isEvent && new.uid == known.uid && new.cgroup == known.cgroup && new.parent == known.parent
      && new.login == known.login
    let held =
      if !isEvent || isExact { last } else if let boot = description.changedSince {
        try lastSample(by: boot, before: number)
      } else { lastFull as SequenceNumber? }
    let end = max(known.since, held ?? known.since)
    if differs, end < number {
      try connection.prepare(
        """
        INSERT INTO past_description
          (task_id, next_seq, last_seq, exact, comm, uid, cgroup_id, parent_pid, provenance,
           program_id, program_seq, login_id)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
      ).bind(
        .number(task), .number(number), .number(end), isExact ? .integer(1) : .null,
        .optional(known.comm), .optional(known.uid), .optional(known.cgroup),
        .integer(known.parent), known.provenance.value, .optional(known.program),
        .number(known.programRead), .optional(known.login)
      ).run()
      interner.programs.use(known.program, known.login, at: number)
    }
    try connection.prepare(
      """
      UPDATE task SET comm = ?2, uid = ?3, cgroup_id = ?4, provenance = ?6,
        last_parent_pid = NULLIF(?5, parent_pid), has_past = COALESCE(has_past, ?7),
        program_id = ?8, program_seq = ?9, login_id = ?10
      WHERE task_id = ?1
      """
    ).bind(
      .number(task), .optional(new.comm), .optional(new.uid), .optional(new.cgroup),
      .integer(new.parent), new.provenance.value,
      differs && end < number ? .integer(1) : .null,
      .optional(new.program), .number(new.programRead), .optional(new.login)
    ).run()
    return differs
  }

  private func known(_ task: TaskID) throws(SQLiteError) -> Known? {
    try connection.prepare(
      """
      SELECT comm, uid, cgroup_id, COALESCE(last_parent_pid, parent_pid), provenance,
        COALESCE(
          CASE WHEN has_past THEN
            (SELECT next_seq FROM past_description WHERE task_id = ?1
             ORDER BY next_seq DESC LIMIT 1) END,
          (SELECT from_seq FROM membership WHERE task_id = ?1 ORDER BY from_seq LIMIT 1), 0),
        program_id, program_seq, login_id
      FROM task WHERE task_id = ?1
      """
    ).bind(.number(task)).first { row in
      Known(
        comm: row.optionalText(0), uid: row.optionalInteger(1), cgroup: row.optionalInteger(2),
        parent: row.integer(3), provenance: Provenance(row.optionalInteger(4)),
        program: row.optionalInteger(6), programRead: row.optionalSequence(7),
        login: row.optionalInteger(8), since: row.sequence(5))
    }
  }
}
