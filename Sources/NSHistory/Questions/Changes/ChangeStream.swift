internal import NamespaceModel
internal import SQLite

/// A beginning or an end in the file that may be a change to report. It is ordered by the first sample or event of the
/// kernel that shows it.
enum ChangeEvent {
  /// A membership began.
  case begun(MembershipRow)
  /// A membership ended.
  case exited(MembershipRow)
  /// A namespace lost its last process.
  case ended(NamespaceLifetime)
  /// A namespace got its first pin, or lost its last one.
  case pin(PinRow)

  /// A pin that a scan was the first to find, or the first not to find any more.
  struct PinRow {
    let pin: Int64
    let isNew: Bool
    /// The scan that shows the change.
    let scan: PinScanRow
    /// The scan before that.
    let before: PinScanRow
  }

  /// A scan for pins.
  struct PinScanRow {
    let wall: WallTime
    let boot: BootTime
    let denied: Int64
  }

  /// A membership as the history file stores it.
  struct MembershipRow {
    let task: TaskID
    let set: NamespaceSetID
    let from: SequenceNumber
    /// The last sample or event at which the membership held; nil while it holds.
    let until: SequenceNumber?
    /// The code of the reason for which the membership is reported: see `membership.cause` in `Migrations`.
    let cause: Int64?
    let origin: NamespaceSetID?
  }
}

/// Reads the events of one kind row by row.
final class ChangeStream {
  private let statement: Statement
  private let make: (Statement) throws(SQLiteError) -> (SequenceNumber, ChangeEvent)
  /// The current event; nil at the end.
  private(set) var event: ChangeEvent?
  /// The first sample or event of the kernel that shows the current event; nil at the end.
  private(set) var sample: SequenceNumber?

  private init(
    _ statement: Statement,
    _ make: @escaping (Statement) throws(SQLiteError) -> (SequenceNumber, ChangeEvent)
  ) throws(SQLiteError) {
    self.statement = statement
    self.make = make
    try advance()
  }

  /// Advances to the next event.
  func advance() throws(SQLiteError) {
    if try statement.step() {
      let (sample, event) = try make(statement)
      self.event = event
      self.sample = sample
    } else {
      event = nil
      sample = nil
    }
  }

  /// Resets the statement, which ends its read of the file.
  func close() { statement.reset() }

  static func begun(
    _ reading: HistorySnapshot, _ scope: ChangeScope, _ samples: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) -> ChangeStream {
    let statement = try reading.connection.prepare(
      """
      SELECT \(columns) FROM membership AS m
      WHERE \(scope.condition) AND m.from_seq BETWEEN ?1 AND ?2
      \(scope.shortLivedTasks(columns, "m.from_seq BETWEEN ?1 AND ?2")) ORDER BY from_seq
      """
    ).bind(reading.index.values(samples) + scope.values)
    return try ChangeStream(statement) { (row) throws(SQLiteError) in
      let membership = membership(row)
      return (membership.from, .begun(membership))
    }
  }

  static func exited(
    _ reading: HistorySnapshot, _ scope: ChangeScope, _ samples: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) -> ChangeStream {
    let statement = try reading.connection.prepare(
      """
      SELECT \(columns) FROM membership AS m
      WHERE \(scope.condition) AND m.until_seq IS NOT NULL AND m.until_seq BETWEEN ?1 AND ?2
      \(scope.shortLivedTasks(columns, "m.until_seq BETWEEN ?1 AND ?2")) ORDER BY until_seq
      """
    ).bind(reading.index.values(before(samples)) + scope.values)
    return try ChangeStream(statement) { (row) throws(SQLiteError) in
      let membership = membership(row)
      return ((membership.until ?? .zero) + 1, .exited(membership))
    }
  }

  static func ended(
    _ reading: HistorySnapshot, _ scope: ChangeScope, _ samples: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) -> ChangeStream {
    let isSelected =
      scope.namespaces == nil ? "" : "namespace_id IN (SELECT value FROM json_each(?)) AND"
    let statement = try reading.connection.prepare(
      """
      SELECT \(NamespaceReader.columns) FROM namespace
      WHERE \(isSelected) last_seq BETWEEN ? AND ? ORDER BY last_seq
      """
    ).bind(scope.namespaceValues + reading.index.values(before(samples)))
    return try ChangeStream(statement) { (row) throws(SQLiteError) in
      guard let lifetime = NamespaceReader.lifetime(row), let last = lifetime.last else {
        throw .corrupt("a namespace is of no type", operation: "read namespaces")
      }
      return (last + 1, .ended(lifetime))
    }
  }

  /// Streams the first and the last pins of namespaces, in the order of scans. The first scan of a session
  /// is left out: a pin that it finds may have been there before.
  static func pins(
    _ reading: HistorySnapshot, _ scope: ChangeScope, _ question: ChangesQuestion
  ) throws(SQLiteError) -> ChangeStream {
    let isSelected =
      scope.namespaces == nil
      ? "" : "AND p.namespace_id IN (SELECT value FROM json_each(?3))"
    // The range of scans in the window, with one more after it.
    let window = question.window
    let least = question.after.map { "AND scan_id > \($0.scan)" } ?? ""
    let low = "(SELECT MIN(scan_id) FROM pin_scan WHERE wall_ns >= ?1 \(least))"
    let high = "(SELECT MAX(scan_id) + 1 FROM pin_scan WHERE wall_ns <= ?2)"
    let statement = try reading.connection.prepare(
      """
      WITH shown (pin_id, scan, is_new) AS (
        SELECT MIN(p.pin_id), p.from_scan, 1 FROM pin AS p
        WHERE p.from_scan BETWEEN \(low) AND \(high) AND NOT EXISTS (
          SELECT 1 FROM pin AS o WHERE o.namespace_id = p.namespace_id AND o.from_scan < p.from_scan
            AND (o.until_scan IS NULL OR o.until_scan >= p.from_scan - 1)) \(isSelected)
        GROUP BY p.namespace_id, p.from_scan
        UNION ALL
        SELECT MAX(p.pin_id), p.until_scan + 1, 0 FROM pin AS p
        WHERE p.until_scan BETWEEN \(low) - 1 AND \(high) AND NOT EXISTS (
          SELECT 1 FROM pin AS o WHERE o.namespace_id = p.namespace_id
            AND o.from_scan <= p.until_scan + 1
            AND (o.until_scan IS NULL OR o.until_scan > p.until_scan)) \(isSelected)
        GROUP BY p.namespace_id, p.until_scan)
      SELECT pin_id, is_new, s.wall_ns, s.boot_ns, s.denied, b.wall_ns, b.boot_ns, b.denied
      FROM shown JOIN pin_scan AS s ON s.scan_id = scan JOIN pin_scan AS b ON b.scan_id = scan - 1
      WHERE s.session_id = b.session_id AND MAX(s.wall_ns, b.wall_ns) >= ?1
        AND MIN(s.wall_ns, b.wall_ns) <= ?2
      ORDER BY scan
      """
    ).bind(
      [.wall(window.since ?? .min), .wall(window.until ?? .max)] + scope.namespaceValues)
    return try ChangeStream(statement) { (row) throws(SQLiteError) in
      let scan = ChangeEvent.PinScanRow(
        wall: row.wallTime(2), boot: row.bootTime(3), denied: row.integer(4))
      let before = ChangeEvent.PinScanRow(
        wall: row.wallTime(5), boot: row.bootTime(6), denied: row.integer(7))
      return (
        try reading.index.lastSample(notAfter: scan.wall),
        .pin(.init(pin: row.integer(0), isNew: row.integer(1) != 0, scan: scan, before: before))
      )
    }
  }

  /// Shifts the lower bound of a range by one: the first sample that shows an end is the one after
  /// `until_seq`.
  private static func before(_ samples: ClosedRange<SequenceNumber>) -> ClosedRange<SequenceNumber>
  {
    (samples.lowerBound - 1)...samples.upperBound
  }

  private static let columns = """
    m.task_id, m.set_id, m.from_seq, m.until_seq, m.cause, m.origin_set_id
    """

  private static func membership(_ row: Statement) -> ChangeEvent.MembershipRow {
    ChangeEvent.MembershipRow(
      task: row.task(0), set: row.set(1), from: row.sequence(2),
      until: row.optionalSequence(3), cause: row.optionalInteger(4),
      origin: row.optionalSet(5))
  }
}
