internal import NamespaceModel
internal import SQLite

/// Writes the rows of samples and of batches of events, which have sequence numbers.
struct SequenceWriter {
  let connection: Connection
  let session: Int64

  /// Inserts a batch of events at these boot-clock times. The first is at `start` and has the sequence
  /// number `first`.
  func insert(
    _ times: [BootTime], from start: BootTime, epoch: WallTime, first: SequenceNumber
  ) throws(SQLiteError) {
    try connection.prepare(
      """
      INSERT INTO event_batch (first_seq, session_id, wall_ns, boot_ns, offsets)
      VALUES (?, ?, ?, ?, ?)
      """
    ).bind(
      .number(first), .integer(session), .wall(start.wall(epoch: epoch)), .boot(start),
      .text(EventRuns.offsets(times, from: start))
    ).run()
  }

  /// Inserts a sample, with its delay, its omitted changes and its lost events.
  func insert(
    _ sample: ProcessSample, _ timing: SampleTiming, number: SequenceNumber, isExact: Bool,
    isFirst: Bool
  ) throws(SQLiteError) {
    // A sample that was compared with events describes the state at its beginning, because the events
    // during the sample are recorded after it. Readers therefore ignore the duration of an exact sample. After a
    // gap such a sample is not stored as exact, so its duration is stored as 0.
    let took =
      timing.isExact && !isExact ? 0 : max(0, sample.end.boot - sample.start.boot)
    try connection.prepare(
      """
      INSERT INTO sample (seq, session_id, wall_ns, boot_ns, duration_ns, gap, exact, disagreements)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      """
    ).bind(
      .number(number), .integer(session), .wall(sample.start.wall), .boot(sample.start.boot),
      .integer(took), .optional(timing.gap?.rawValue), isExact ? .integer(1) : .null,
      timing.disagreements > 0 ? .integer(Int64(timing.disagreements)) : .null
    ).run()
    if timing.late != nil || timing.folded > 0 {
      try connection.prepare("INSERT INTO sample_note (seq, late_ns, folded) VALUES (?, ?, ?)")
        .bind(
          .number(number), .optional(timing.late),
          timing.folded > 0 ? .integer(Int64(timing.folded)) : .null
        ).run()
    }
    if isFirst {
      try connection.prepare("UPDATE session SET first_seq = ? WHERE session_id = ?")
        .bind(.number(number), .integer(session)).run()
    }
    if let loss = LostEvents(of: timing.losses) {
      try connection.prepare(
        """
        INSERT INTO event_loss (seq, after_ns, by_ns, records, cause) VALUES (?, ?, ?, ?, ?)
        """
      ).bind(
        .number(number), .boot(loss.after), .boot(loss.by), .optional(loss.records),
        .text(loss.cause.rawValue)
      ).run()
    }
  }

  /// Inserts a step of the wall clock before a sample or event.
  func insert(_ step: Int64, before number: SequenceNumber) throws(SQLiteError) {
    try connection.prepare("INSERT INTO clock_step (seq, step_ns) VALUES (?, ?)")
      .bind(.number(number), .integer(step)).run()
  }
}

/// Writes the tasks for which a sample shows a state that no event had reported.
struct DisagreementWriter {
  let connection: Connection
  let interner: Interner

  func write(_ disagreements: [Disagreement], of sample: SequenceNumber) throws(SQLiteError) {
    for (index, one) in disagreements.enumerated() {
      let kind: DisagreementRecord.Kind =
        one.reported == nil ? .startNotReported : one.sampled == nil ? .exitNotReported : .elsewhere
      let reported = try one.reported.map { (set) throws(SQLiteError) in try interner.set(set) }
      let sampled = try one.sampled.map { (set) throws(SQLiteError) in try interner.set(set) }
      try connection.prepare(
        """
        INSERT INTO disagreement (seq, position, pid, tid, comm, kind, reported_set_id,
          sampled_set_id)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        """
      ).bind(
        .number(sample), .integer(Int64(index + 1)), .integer(Int64(one.pid)),
        .optional(one.tid.map(Int64.init)), .optional(one.comm.map { SystemText.escaped($0) }),
        .integer(kind.rawValue), .number(reported?.id), .number(sampled?.id)
      ).run()
    }
  }
}

/// Splits events into runs of less than a second, which become rows of `event_batch` (see
/// `Migrations`).
struct EventRuns: Sequence, IteratorProtocol {
  private var rest: ArraySlice<ProcessEvent>
  /// The limit of the length of a run, in nanoseconds: an offset has six digits of microseconds.
  private static let length: Int64 = 1_000_000_000

  init(_ events: [ProcessEvent]) { rest = events[...] }

  mutating func next() -> ArraySlice<ProcessEvent>? {
    guard let first = rest.first else { return nil }
    let run = rest.prefix { $0.boot >= first.boot && $0.boot - first.boot < Self.length }
    rest = rest.dropFirst(run.count)
    return run
  }

  /// Returns the offset of each time from `start`, as six digits of microseconds each.
  static func offsets(_ times: [BootTime], from start: BootTime) -> String {
    var digits: [UInt8] = []
    digits.reserveCapacity(times.count * PointReader.digits)
    for time in times {
      var rest = Swift.max(0, time - start) / 1000
      let position = digits.count
      for _ in 0..<PointReader.digits { digits.append(0x30) }
      for digit in (position..<digits.count).reversed() {
        digits[digit] = 0x30 + UInt8(rest % 10)
        rest /= 10
      }
    }
    return String(decoding: digits, as: UTF8.self)
  }
}
