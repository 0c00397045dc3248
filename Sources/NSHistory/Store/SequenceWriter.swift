internal import NamespaceModel
internal import SQLite

/// The rows of what has a number: samples, and events in their batches.
struct SequenceWriter {
  let connection: Connection
  let session: Int64

  /// Events, of which the first was at `start`, with numbers from `first` on.
  func insert(
    _ times: [Int64], from start: Int64, epoch: Int64, first: Int64
  ) throws(SQLiteError) {
    try connection.prepare(
      """
      INSERT INTO event_batch (first_seq, session_id, wall_ns, boot_ns, offsets)
      VALUES (?, ?, ?, ?, ?)
      """
    ).bind(
      .integer(first), .integer(session), .integer(epoch &+ start), .integer(start),
      .text(EventRuns.offsets(times, from: start))
    ).run()
  }

  /// A sample.
  func insert(
    _ sample: ProcessSample, _ timing: SampleTiming, number: Int64, isExact: Bool,
    isFirst: Bool
  ) throws(SQLiteError) {
    // Behind a gap, too, what was compared with events is of its beginning: those of its time follow.
    let took =
      timing.isExact && !isExact ? 0 : max(0, sample.end.boot - sample.start.boot)
    try connection.prepare(
      """
      INSERT INTO sample (seq, session_id, wall_ns, boot_ns, duration_ns, gap, exact, disagreements)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      """
    ).bind(
      .integer(number), .integer(session), .integer(sample.start.wall), .integer(sample.start.boot),
      .integer(took), .optional(timing.gap?.rawValue), isExact ? .integer(1) : .null,
      timing.disagreements > 0 ? .integer(Int64(timing.disagreements)) : .null
    ).run()
    if timing.late != nil || timing.folded > 0 {
      try connection.prepare("INSERT INTO sample_note (seq, late_ns, folded) VALUES (?, ?, ?)")
        .bind(
          .integer(number), .optional(timing.late),
          timing.folded > 0 ? .integer(Int64(timing.folded)) : .null
        ).run()
    }
    if isFirst {
      try connection.prepare("UPDATE session SET first_seq = ? WHERE session_id = ?")
        .bind(.integer(number), .integer(session)).run()
    }
    if let loss = LostEvents(of: timing.losses) {
      try connection.prepare(
        """
        INSERT INTO event_loss (seq, after_ns, by_ns, records, cause) VALUES (?, ?, ?, ?, ?)
        """
      ).bind(
        .integer(number), .integer(loss.after), .integer(loss.by), .optional(loss.records),
        .text(loss.cause.rawValue)
      ).run()
    }
  }

  /// The wall clock was set before a sample or event.
  func insert(_ step: Int64, before number: Int64) throws(SQLiteError) {
    try connection.prepare("INSERT INTO clock_step (seq, step_ns) VALUES (?, ?)")
      .bind(.integer(number), .integer(step)).run()
  }
}
