internal import NamespaceModel
internal import SQLite

/// Chooses how far retention moves the watermark at once.
///
/// A move costs a fixed amount for the memberships that reach over the watermark, whose beginnings it raises, and an
/// amount for each row that it removes. A move removes about `wanted` rows, which takes some milliseconds, or as many
/// rows as it raises if these are more, so that at most half of the work is the fixed amount. The shortest move is from
/// one sample to the next.
struct PruneStride {
  /// The number of samples of the next move.
  private var samples = 1
  /// The rows that a move is to remove.
  private var rows = PruneStride.wanted
  /// Whether the watermark was moved since the free pages of the file were last checked.
  var hasMoved = true

  private static let wanted = 400
  private static let mostSamples = 4096

  /// A sample that may become the watermark.
  struct Target: Hashable {
    let seq: SequenceNumber
    let wall: WallTime
    let bootTime: BootTime
    /// The row of its boot.
    let boot: Int64
  }

  /// Returns the sample that the watermark moves to next; nil if there is none.
  ///
  /// - Parameters:
  ///   - last: the last sample that may become the watermark.
  ///   - age: the age that the samples before it must have; nil for any age.
  mutating func next(
    after pruner: Pruner, on connection: Connection, upTo last: SequenceNumber, olderThan age: Age?
  ) throws(SQLiteError) -> Target? {
    guard let watermark = try pruner.watermark() else { return nil }
    var targets = try Self.samples(
      "s.seq > ? AND s.seq <= ? ORDER BY s.seq LIMIT ?",
      [.number(watermark), .number(last), .integer(Int64(samples))], on: connection)
    if let age { targets = Array(targets.prefix { age.includes($0) }) }
    while targets.count > 1, let target = targets.last,
      try ended(before: target.seq, most: 2 * rows, on: connection) >= 2 * rows
    {
      targets.removeLast(targets.count / 2)
    }
    samples = max(1, targets.count)
    return targets.last
  }

  /// Adjusts the next move to the last one.
  mutating func moved(_ removal: Pruner.Removal) {
    hasMoved = true
    rows = max(Self.wanted, removal.raised)
    let fitting = samples * rows / max(1, removal.removed)
    samples = min(max(fitting, samples / 4, 1), samples * 4, Self.mostSamples)
  }

  /// Returns the first sample of the history.
  static func oldest(on connection: Connection) throws(SQLiteError) -> Target? {
    try samples("TRUE ORDER BY s.seq LIMIT 1", [], on: connection).first
  }

  private static func samples(
    _ condition: String, _ values: [Value], on connection: Connection
  ) throws(SQLiteError) -> [Target] {
    try connection.prepare(
      """
      SELECT s.seq, s.wall_ns, s.boot_ns, p.boot_id FROM sample AS s
      CROSS JOIN session AS e ON e.session_id = s.session_id
      CROSS JOIN pid_space AS p ON p.space_id = e.space_id
      WHERE \(condition)
      """
    ).bind(values).map {
      Target(
        seq: $0.sequence(0), wall: $0.wallTime(1), bootTime: $0.bootTime(2), boot: $0.integer(3))
    }
  }

  /// Counts the memberships and short-lived tasks that ended before a sample, up to `most`.
  private func ended(
    before sample: SequenceNumber, most: Int, on connection: Connection
  ) throws(SQLiteError) -> Int {
    var count = 0
    for sql in PruneStatements.countEnded where count < most {
      count += Int(
        try connection.prepare(sql).bind(.number(sample), .integer(Int64(most)))
          .first { $0.integer(0) } ?? 0)
    }
    return count
  }
}
