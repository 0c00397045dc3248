internal import NamespaceModel
internal import SQLite

/// A session being recorded: turns the news of samples into rows.
final class OpenSession {
  let row: Int64
  private let connection: Connection
  private let interner: Interner
  private let memberships: MembershipWriter
  private var backlog = Backlog()
  private var live = LiveProcesses()
  private var lastSample: Int64?
  private var lastStart: ClockReading?

  private init(
    _ row: Int64, boot: Int64, space: Int64, info: SessionInfo, connection: Connection
  ) {
    self.row = row
    self.connection = connection
    interner = Interner(connection, boot: boot, session: row)
    memberships = MembershipWriter(
      connection: connection, interner: interner,
      tasks: TaskWriter(
        connection: connection, interner: interner, space: space,
        ticksPerSecond: info.ticksPerSecond))
  }

  static func begin(
    _ info: SessionInfo, on connection: Connection
  ) throws(SQLiteError) -> OpenSession {
    try connection.prepare(
      "INSERT INTO boot (uuid, ticks_per_second) VALUES (?, ?) ON CONFLICT (uuid) DO NOTHING"
    ).bind(.text(info.bootID), .integer(info.ticksPerSecond)).run()
    let boot =
      try connection.prepare("SELECT boot_id FROM boot WHERE uuid = ?").bind(.text(info.bootID))
      .first { $0.integer(0) } ?? 0
    let space = try PIDSpaceWriter.row(of: info, boot: boot, in: connection)
    try connection.prepare(
      """
      INSERT INTO session (space_id, recorder_pid, recorder_pid_namespace_inode, program,
        interval_ns, identity, proc_root, hidepid, started_wall_ns, started_boot_ns)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """
    ).bind(
      .integer(space), .integer(Int64(info.recorderPID)),
      .optional(info.recorderPIDNamespaceInode.map(Int64.init(bitPattern:))),
      .text(info.program), .integer(info.interval), .text(info.identity), .text(info.procRoot),
      .optional(info.hidePID), .integer(info.started.wall), .integer(info.started.boot)
    ).run()
    return OpenSession(
      connection.lastInsertedRowID, boot: boot, space: space, info: info, connection: connection)
  }

  /// Keeps what a sample told for the next one that is written.
  func keep(_ sample: ProcessSample) { backlog.add(sample) }

  /// Writes a sample in one transaction. After an error, all is as before but the backlog.
  func write(
    _ sample: ProcessSample, _ timing: SampleTiming
  ) throws(SQLiteError) -> HistoryWriter.Written {
    backlog.add(sample)
    let step = clockStep(to: sample.start)
    let id: Int64
    let written: LiveProcesses
    do {
      (id, written) = try connection.transaction { () throws(SQLiteError) in
        let id = try insert(sample, timing, step: step)
        interner.begin(id)
        var live = live
        try memberships.write(
          backlog, into: &live, sample: id, at: sample.start, isFirst: lastSample == nil)
        try live.presence.write(on: connection, last: lastSample)
        try RelationWriter(connection: connection, interner: interner).write(backlog.related)
        return (id, live)
      }
    } catch {
      interner.forget()
      throw error
    }
    let changes = backlog.disappeared.count + written.changes
    live = written
    live.changes = 0
    backlog.clear()
    interner.trim()
    lastSample = id
    lastStart = sample.start
    return HistoryWriter.Written(changes: changes, clockStep: step)
  }

  private func insert(
    _ sample: ProcessSample, _ timing: SampleTiming, step: Int64?
  ) throws(SQLiteError) -> Int64 {
    try connection.prepare(
      """
      INSERT INTO sample (session_id, wall_ns, boot_ns, took_ns, late_ns, gap)
      VALUES (?, ?, ?, ?, ?, ?)
      """
    ).bind(
      .integer(row), .integer(sample.start.wall), .integer(sample.start.boot),
      .integer(max(0, sample.end.boot - sample.start.boot)), .optional(timing.late),
      .optional(timing.gap?.rawValue)
    ).run()
    let id = connection.lastInsertedRowID
    if lastSample == nil {
      try connection.prepare("UPDATE session SET first_sample = ? WHERE session_id = ?")
        .bind(.integer(id), .integer(row)).run()
    }
    if let step {
      try connection.prepare("INSERT INTO clock_step (sample_id, step_ns) VALUES (?, ?)")
        .bind(.integer(id), .integer(step)).run()
    }
    return id
  }

  /// How far the wall clock moved against the boot clock since the last sample, if it was a step or
  /// would bring samples out of order: what is less is as good as none.
  private func clockStep(to now: ClockReading) -> Int64? {
    guard let lastStart else { return nil }
    let step = (now.wall - lastStart.wall) - (now.boot - lastStart.boot)
    return abs(step) >= ClockStep.least || now.wall <= lastStart.wall ? step : nil
  }
}
