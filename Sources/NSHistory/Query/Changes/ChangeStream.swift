internal import NamespaceModel
internal import SQLite

/// Something that may be a change, in the order of the sample that was the first to show it.
enum ChangeEvent {
  /// A membership began.
  case begun(MembershipRow)
  /// A membership ended.
  case exited(MembershipRow)
  /// A namespace lost its last process.
  case ended(NamespaceLife)

  /// A membership as the file has it.
  struct MembershipRow {
    let task: Int64
    let set: Int64
    let from: Int64
    /// Nil while it holds.
    let until: Int64?
    /// What there is to tell: see `membership.cause` in `Migrations`.
    let cause: Int64?
    let origin: Int64?
  }
}

/// One kind of event, read row by row.
final class ChangeStream {
  private let statement: Statement
  private let make: (Statement) throws(SQLiteError) -> (Int64, ChangeEvent)
  /// The event at hand, and the first sample that showed it; nil at the end.
  private(set) var event: ChangeEvent?
  private(set) var sample: Int64?

  private init(
    _ statement: Statement,
    _ make: @escaping (Statement) throws(SQLiteError) -> (Int64, ChangeEvent)
  ) throws(SQLiteError) {
    self.statement = statement
    self.make = make
    try advance()
  }

  /// Goes to the next event.
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

  /// Lets go of the file.
  func close() { statement.reset() }

  static func begun(
    _ reading: Reading, _ scope: ChangeScope, _ samples: ClosedRange<Int64>
  ) throws(SQLiteError) -> ChangeStream {
    let statement = try reading.connection.prepare(
      """
      SELECT \(columns) FROM membership AS m
      WHERE \(scope.condition) AND m.from_sample BETWEEN ?1 AND ?2
      \(scope.briefs(columns, "m.from_sample BETWEEN ?1 AND ?2")) ORDER BY from_sample
      """
    ).bind(MembershipStab.values(samples) + scope.values)
    return try ChangeStream(statement) { (row) throws(SQLiteError) in
      let membership = membership(row)
      return (membership.from, .begun(membership))
    }
  }

  static func exited(
    _ reading: Reading, _ scope: ChangeScope, _ samples: ClosedRange<Int64>
  ) throws(SQLiteError) -> ChangeStream {
    let statement = try reading.connection.prepare(
      """
      SELECT \(columns) FROM membership AS m
      WHERE \(scope.condition) AND m.until_sample IS NOT NULL AND m.until_sample BETWEEN ?1 AND ?2
      \(scope.briefs(columns, "m.until_sample BETWEEN ?1 AND ?2")) ORDER BY until_sample
      """
    ).bind(MembershipStab.values(before(samples)) + scope.values)
    return try ChangeStream(statement) { (row) throws(SQLiteError) in
      let membership = membership(row)
      return ((membership.until ?? 0) + 1, .exited(membership))
    }
  }

  static func ended(
    _ reading: Reading, _ scope: ChangeScope, _ samples: ClosedRange<Int64>
  ) throws(SQLiteError) -> ChangeStream {
    let isMeant =
      scope.namespaces == nil ? "" : "namespace_id IN (SELECT value FROM json_each(?)) AND"
    let statement = try reading.connection.prepare(
      """
      SELECT \(NamespaceReader.columns) FROM namespace
      WHERE \(isMeant) last_sample BETWEEN ? AND ? ORDER BY last_sample
      """
    ).bind(scope.namespaceValues + MembershipStab.values(before(samples)))
    return try ChangeStream(statement) { (row) throws(SQLiteError) in
      guard let life = NamespaceReader.life(row), let last = life.last else {
        throw .corrupt("a namespace is of no type", operation: "read namespaces")
      }
      return (last + 1, .ended(life))
    }
  }

  /// What ended in a sample shows in the next.
  private static func before(_ samples: ClosedRange<Int64>) -> ClosedRange<Int64> {
    (samples.lowerBound - 1)...samples.upperBound
  }

  private static let columns = """
    m.task_id, m.set_id, m.from_sample, m.until_sample, m.cause, m.origin_set_id
    """

  private static func membership(_ row: Statement) -> ChangeEvent.MembershipRow {
    ChangeEvent.MembershipRow(
      task: row.integer(0), set: row.integer(1), from: row.integer(2),
      until: row.optionalInteger(3), cause: row.optionalInteger(4),
      origin: row.optionalInteger(5))
  }
}
