internal import Containers
internal import NamespaceModel
internal import SQLite

/// A session that is being recorded. It writes events, and the changes of samples, as rows.
final class OpenSession {
  /// The row of the session.
  let row: Int64
  /// The row of the boot.
  let boot: Int64
  private let connection: Connection
  private let interner: Interner
  private let memberships: MembershipWriter
  private let descriptions: DescriptionWriter
  private let events: EventWriter
  private let rows: SequenceWriter
  private let numbers: RowNumbers
  /// Counts the steps of a long write, and lets the recorder interrupt it.
  let pauses = WritePauses()
  private var backlog = Backlog()
  /// Whether events or samples since the last committed sample were coalesced into `backlog`, which
  /// retains only the outcome of events.
  private(set) var hasCoalesced = false
  private var pending = PendingEvents()
  /// Whether a commit since the last request requires a scan for pins; see `takePinScanRequest`.
  private var needsPinScan = false
  private let pinWriter: PinWriter
  /// The rows of the pins that the last scan found.
  private var pins: [PinWriter.Key: Int64] = [:]
  /// The end of the last sample that is not exact, on the boot clock. Events report every change only
  /// since then.
  private var lastBeginning: BootTime = .max
  /// The end of the first scan for pins after `lastBeginning`, on the boot clock; nil if there was
  /// none.
  private var pinsScannedAt: BootTime?
  private var live = LiveProcesses()
  /// The sequence number of the last sample of the session; nil before the first one.
  private var lastSample: SequenceNumber?
  /// The sequence number of the last sample or event in the file.
  private var lastNumber: SequenceNumber
  /// The last sample up to which the events are certain; nil before the first sample. It is the last sample, unless
  /// that one is exact: then it is the sample before, because the next sample may still contradict events that the
  /// exact sample did not contradict.
  private(set) var confirmed: SequenceNumber?
  private var clock = ClockWatch()
  private let bootClock: InitialBootClock

  private init(
    _ row: Int64, boot: Int64, space: Int64, last: SequenceNumber, info: SessionInfo,
    numbers: RowNumbers, connection: Connection
  ) {
    self.row = row
    self.boot = boot
    self.connection = connection
    self.numbers = numbers
    lastNumber = last
    bootClock = InitialBootClock(info)
    interner = Interner(
      connection, boot: boot, session: row,
      // Another proc mount may show the processes of another machine.
      folders: info.procRoot == "/proc" ? .current() : CgroupFolders(mountinfo: []))
    let tasks = TaskWriter(
      connection: connection, interner: interner, space: space,
      ticksPerSecond: info.ticksPerSecond,
      descriptions: DescriptionWriter(connection, interner, session: row), numbers: numbers)
    descriptions = tasks.descriptions
    memberships = MembershipWriter(
      connection: connection, interner: interner, tasks: tasks, pauses: pauses)
    rows = SequenceWriter(connection: connection, session: row)
    pinWriter = PinWriter(
      connection: connection, interner: interner, session: row, space: space)
    events = EventWriter(
      connection: connection, interner: interner, tasks: tasks, retains: info.shortLived,
      pauses: pauses)
  }

  static func begin(
    _ info: SessionInfo, _ limits: RetentionLimits, into file: FileIdentity,
    on connection: Connection
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
        interval_ns, identity, proc_root, machine_id, host_name, hidepid, started_wall_ns, started_boot_ns, events,
        short_lived, command_lines, keep_ns, max_bytes, source, event_source)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """
    ).bind(
      .integer(space), .integer(Int64(info.recorderPID)),
      .optional(info.recorderPIDNamespaceInode.map(Int64.init(bitPattern:))),
      .text(info.program), .integer(info.interval), .text(info.identity), .text(info.procRoot),
      .optional(info.machineID), .optional(info.hostName.map(SystemText.escaped)),
      .optional(info.hidePID), .wall(info.started.wall),
      .boot(InitialBootClock(info).reading(info.started).boot),
      .integer(info.hasEvents ? 1 : 0), info.hasEvents ? .text(info.shortLived.rawValue) : .null,
      .integer(info.commandLines ? 1 : 0), .optional(limits.keep), .optional(limits.maxSize),
      .optional(info.source?.rawValue), .optional(info.eventSource?.rawValue)
    ).run()
    let session = connection.lastInsertedRowID
    try connection.prepare("INSERT INTO session_file (session_id, device, inode) VALUES (?, ?, ?)")
      .bind(.integer(session), .integer(file.deviceNumber), .integer(file.inodeNumber)).run()
    let last =
      try connection.prepare(SessionSpan.lastNumber).first { $0.sequence(0) } ?? .zero
    guard last.rawValue < Int64.max / 2 else {
      throw .corrupt("a sample has the number \(last)", operation: "begin a session")
    }
    return try OpenSession(
      session, boot: boot, space: space, last: last, info: info,
      numbers: RowNumbers(connection), connection: connection)
  }

  /// Buffers the changes of a sample, to be written with the next sample.
  func buffer(_ sample: ProcessSample) { buffer(converted: bootClock.sample(sample)) }

  private func buffer(converted sample: ProcessSample) {
    coalesce()
    backlog.add(sample)
  }

  /// Buffers events, to be written by `writeEvents` or with the next sample. Retains only their
  /// outcome, to be written with the next sample, before the first sample of the session, above the
  /// limit of `PendingEvents`, and after earlier events were coalesced.
  func add(_ batch: EventBatch) {
    guard lastSample != nil, !hasCoalesced, pending.add(batch) else {
      coalesce()
      return backlog.add(batch)
    }
  }

  private func coalesce() {
    hasCoalesced = true
    for batch in pending.take() { backlog.add(batch) }
  }

  /// The number of events that the next call of `writeSomeEvents` writes, adjusted by the duration of
  /// the last one. A recorder that must stop, or whose sample is due, thus waits for a fraction of a
  /// second only.
  private var portion = 1024
  private static let portions = 128...8192
  /// The intended duration of a transaction of events, in nanoseconds.
  private static let portionTime: Int64 = 100_000_000

  /// The number of buffered events.
  var pendingEvents: Int { pending.count }

  /// Writes the buffered events in one transaction. After an error all are still buffered.
  func writeEvents() throws(SQLiteError) -> HistoryWriter.Written {
    guard !pending.isEmpty else { return HistoryWriter.Written(changes: 0) }
    let written = try transaction { (state) throws(SQLiteError) in try write(pending, &state) }
    pending = PendingEvents()
    let changes = take(written)
    return HistoryWriter.Written(changes: changes, clockStep: clock.takeUnreported())
  }

  /// Writes the first of the buffered events, in one transaction of a fraction of a second. After an
  /// error all are still buffered.
  func writeSomeEvents() throws(SQLiteError) -> HistoryWriter.Written {
    guard !pending.isEmpty else { return HistoryWriter.Written(changes: 0) }
    let began = ClockReading.now().boot
    let portion = pending.portion(of: self.portion)
    let written = try transaction { (state) throws(SQLiteError) in try write(portion, &state) }
    pending.remove(portion)
    let took = ClockReading.now().boot - began
    if portion.count >= self.portion || took > Self.portionTime {
      let next = Int64(portion.count) * Self.portionTime / max(1, took)
      self.portion = min(max(Int(next), Self.portions.lowerBound), Self.portions.upperBound)
    }
    let changes = take(written)
    return HistoryWriter.Written(changes: changes, clockStep: clock.takeUnreported())
  }

  /// Whether too many events are buffered to write a sample in one transaction with them.
  var hasBacklog: Bool { pending.count > portion }

  /// Writes a sample in one transaction, after the buffered events. If many events are buffered,
  /// earlier transactions write most of them. After an error the session retains only the outcome of
  /// the sample and of the buffered events; but if the sample only confirms the events, they are still
  /// buffered as events.
  func write(
    _ sample: ProcessSample, _ timing: SampleTiming
  ) throws(SQLiteError) -> HistoryWriter.Written {
    let sample = bootClock.sample(sample)
    var timing = timing
    if hasCoalesced, timing.isExact, lastSample != nil { timing.gap = timing.gap ?? .writeFailed }
    let isExact = timing.isExact && timing.gap == nil && lastSample != nil
    var pendingChanges = backlog
    pendingChanges.add(sample)
    let written: State
    var changes = 0
    do {
      while hasBacklog {
        let some = try writeSomeEvents()
        changes += some.changes
        clock.restoreUnreported(some.clockStep)
      }
      written = try transaction { (state) throws(SQLiteError) in
        try write(pending, &state)
        state.clock.observe(sample.start)
        state.number += 1
        try rows.insert(
          sample, timing, number: state.number, isExact: isExact, isFirst: lastSample == nil)
        if let step = state.clock.takeUnwritten() {
          try rows.insert(step, before: state.number)
        }
        interner.begin(state.number)
        for renaming in pendingChanges.renamed { try interner.rename(renaming, in: &state.live) }
        try memberships.write(
          pendingChanges, into: &state.live, sample: state.number, at: sample.start,
          isFirst: lastSample == nil, previous: lastSample, confirmed: confirmed ?? .zero)
        try state.live.presence.write(on: connection)
        try DisagreementWriter(connection: connection, interner: interner)
          .write(sample.disagreements, of: state.number)
        try RelationWriter(connection: connection, interner: interner).write(pendingChanges.related)
      }
    } catch {
      // The events are valid without a sample that only confirms them.
      if isExact, sample.isConfirmation {
        backlog.addDetails(of: sample)
      } else {
        buffer(converted: sample)
      }
      throw error
    }
    changes += pendingChanges.disappeared.count + take(written)
    backlog.clear()
    interner.clearRenamed()
    hasCoalesced = false
    pending = PendingEvents()
    if !isExact {
      lastBeginning = sample.end.boot
      pinsScannedAt = nil
    }
    confirmed = isExact ? lastSample : written.number
    lastSample = written.number
    if sample.hasAllDescriptions { descriptions.setFull(written.number) }
    return HistoryWriter.Written(
      changes: changes, clockStep: clock.takeUnreported(), gap: timing.gap)
  }

  /// Writes a scan for pins in one transaction. After an error the state of the session is unchanged.
  func write(_ scan: PinScan) throws(SQLiteError) {
    let scan = bootClock.scan(scan)
    var found: [PinWriter.Key: Int64] = [:]
    let written = try transaction { (state) throws(SQLiteError) in
      interner.begin(state.number)
      for renaming in scan.renamed { try interner.rename(renaming, in: &state.live) }
      found = try pinWriter.write(scan, after: pins)
    }
    live = written.live
    pins = found
    live.pinHolders = Set(found.keys.compactMap(\.holder.pid))
    if scan.start.boot > lastBeginning { pinsScannedAt = pinsScannedAt ?? scan.end.boot }
  }

  func takePinScanRequest() -> Bool {
    defer { needsPinScan = false }
    return needsPinScan
  }

  /// Converts a reading of the clocks to the boot clock of the rows.
  func reading(_ reading: ClockReading) -> ClockReading { bootClock.reading(reading) }

  var eventsSinceSample: Int64 { lastSample.map { lastNumber - $0 } ?? 0 }

  /// The tasks that may continue although they exited: their rows have to remain.
  var resumable: [TaskID] { live.resumable }

  /// Forgets the rows of namespaces, sets and cgroups, of which retention may have removed some. The rows to which the
  /// membership of a running process refers still exist.
  func forgetRemovedRows() { interner.clearCaches() }

  func takeUnnamedContainers() -> [ContainerIdentity] { interner.containers.takeUnnamed() }

  /// Writes the names, images and pods that engines report for containers, in one transaction.
  func write(_ names: [ContainerIdentity: ContainerName]) throws(SQLiteError) {
    _ = try transaction { (_) throws(SQLiteError) in try interner.containers.write(names) }
  }

  /// The state in memory that a transaction changes.
  private struct State {
    var live: LiveProcesses
    var number: SequenceNumber
    var clock: ClockWatch
  }

  private func transaction(
    _ body: (inout State) throws(SQLiteError) -> Void
  ) throws(SQLiteError) -> State {
    do {
      let state = try connection.transaction { () throws(SQLiteError) in
        var state = State(live: live, number: lastNumber, clock: clock)
        try body(&state)
        try interner.programs.write()
        try numbers.write()
        return state
      }
      numbers.commit()
      return state
    } catch {
      interner.clearCaches()
      throw error
    }
  }

  /// Adopts the state of a committed transaction. Returns the number of processes that started or
  /// changed their set.
  private func take(_ written: State) -> Int {
    let changes = written.live.changes
    live = written.live
    live.changes = 0
    let isEmptied = live.presence.takeEmptied()
    let isHolderGone = live.takePinHolderExit()
    needsPinScan = needsPinScan || isEmptied || isHolderGone
    lastNumber = written.number
    clock = written.clock
    interner.trim()
    return changes
  }

  private func write(_ pending: PendingEvents, _ state: inout State) throws(SQLiteError) {
    guard !pending.isEmpty else { return }
    for batch in pending.batches {
      state.clock.observe(epoch: batch.epoch)
      for run in EventRuns(batch.events) {
        let first = state.number + 1
        let times = try events.write(
          run, epoch: batch.epoch, into: &state.live, first: first, after: lastSample,
          makers: MakerWriter(
            connection: connection, interner: interner, known: pinsScannedAt))
        guard let start = times.first else { continue }
        // A run of events may get no row. Then a step is written before the next row.
        if let step = state.clock.takeUnwritten() { try rows.insert(step, before: first) }
        try rows.insert(times, from: start, epoch: batch.epoch, first: first)
        state.number += Int64(times.count)
      }
    }
    try state.live.presence.write(on: connection)
  }
}
