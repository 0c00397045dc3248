internal import SQLite

/// Reads samples and events by number: an event is in a batch of those that follow one another.
final class PointReader {
  private let connection: Connection
  /// A long export reads every sample.
  private var points = BoundedCache<Int64, SamplePoint>(limit: 4096)
  /// The batch that was read last: whoever asks for an event is likely to ask for its neighbours.
  private var batch: Batch?

  private struct Batch {
    let first: Int64
    let wall: Int64
    let boot: Int64
    /// Six digits for each event, as it is in the file.
    let digits: [UInt8]

    func contains(_ id: Int64) -> Bool {
      // What a file says is not trusted to be near.
      let (place, isFar) = id.subtractingReportingOverflow(first)
      return !isFar && place >= 0 && place < Int64(digits.count / PointReader.digits)
    }

    func offset(of id: Int64) -> Int64 { PointReader.offset(Int(id - first), in: digits) }
  }

  /// How many digits an event has in `event_batch.offsets`.
  static let digits = 6

  /// How far an event is behind its batch's beginning, by its place in `event_batch.offsets`: in
  /// nanoseconds; of what is no number, 0.
  static func offset(_ event: Int, in digits: [UInt8]) -> Int64 {
    let start = event * Self.digits
    let microseconds = digits[start..<start + Self.digits].reduce(Int64(0)) {
      $0 * 10 + Int64($1 >= 0x30 && $1 <= 0x39 ? $1 - 0x30 : 0)
    }
    return microseconds * 1000
  }

  init(_ connection: Connection) { self.connection = connection }

  /// The sample or event of a number, in the session that spans it.
  func point(_ id: Int64, in session: SessionSpan?) throws(SQLiteError) -> SamplePoint {
    if let known = points[id] { return known }
    var found: SamplePoint?
    if let session {
      found = try sample(id, session)
      if found == nil { found = try event(id, session) }
    }
    guard let point = found else {
      throw .corrupt("sample \(id) is missing", operation: "read a sample")
    }
    points.insert(point, for: id)
    return point
  }

  private func sample(_ id: Int64, _ session: SessionSpan) throws(SQLiteError) -> SamplePoint? {
    if let batch, batch.contains(id) { return nil }
    return try connection.prepare(
      "SELECT wall_ns, boot_ns, duration_ns, gap, exact FROM sample WHERE seq = ?"
    ).bind(.integer(id)).first { row in
      let gap = row.optionalInteger(3).map { GapCause(rawValue: $0) ?? .stalled }
      let isExact = row.integer(4) == 1 && gap == nil && id != session.first
      return SamplePoint(
        id: id, wall: row.integer(0), boot: row.integer(1),
        took: isExact ? 0 : max(0, row.integer(2)), gap: gap, session: session, isExact: isExact)
    }
  }

  private func event(_ id: Int64, _ session: SessionSpan) throws(SQLiteError) -> SamplePoint? {
    if batch?.contains(id) != true { batch = try read(id) }
    guard let batch, batch.contains(id) else { return nil }
    let offset = batch.offset(of: id)
    return SamplePoint(
      id: id, wall: batch.wall &+ offset, boot: batch.boot &+ offset, took: 0, gap: nil,
      session: session, isExact: true, isEvent: true)
  }

  private func read(_ id: Int64) throws(SQLiteError) -> Batch? {
    try connection.prepare(
      """
      SELECT first_seq, wall_ns, boot_ns, offsets FROM event_batch WHERE first_seq <= ?
      ORDER BY first_seq DESC LIMIT 1
      """
    ).bind(.integer(id)).first { row in
      Batch(
        first: row.integer(0), wall: row.integer(1), boot: row.integer(2),
        digits: Array(row.text(3).utf8))
    }
  }
}
