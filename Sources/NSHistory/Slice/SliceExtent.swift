internal import SQLite

/// The samples and events of which a slice (a history that was cut out of another one) has every row, and the time that
/// the slice is about. A search in a range of other samples would miss rows that were left out, so it is refused
/// (`SQLiteError.notFound`).
struct SliceExtent {
  /// The sequence numbers of these samples and events.
  let numbers: ClosedRange<SequenceNumber>
  /// The bounds of the slice.
  let time: ClosedRange<WallTime>
  /// The PIDs that the slice is limited to, and the ids of containers; nil for a slice of all processes.
  let limits: (pids: Set<Int64>, containers: Set<String>)?

  /// For how many sequence numbers after a namespace was first seen a slice has every process in it, also if that was
  /// before the slice: enough for an engine to start the first process of a container in it.
  static let beginning: Int64 = 1024

  /// Whether a sequence number is before, among or after those of which the slice has every row.
  enum Side { case before, inside, after }

  /// Reads what a slice holds; nil for a history that is no slice.
  init?(_ connection: Connection) throws(SQLiteError) {
    let row = try connection.prepare(
      "SELECT first_seq, last_seq, from_wall_ns, until_wall_ns FROM slice WHERE slice_id = 1"
    ).first { ($0.sequence(0), $0.sequence(1), $0.wallTime(2), $0.wallTime(3)) }
    guard let (first, last, from, until) = row else { return nil }
    guard from <= until, first <= last else {
      throw .corrupt("a slice ends before it begins", operation: "read the bounds of a slice")
    }
    numbers = first...last
    time = from...until
    let rows = try connection.prepare(
      "SELECT p.pid, c.id FROM slice_process AS p LEFT JOIN container AS c USING (container_id)"
    ).map { ($0.optionalInteger(0), $0.optionalText(1)) }
    limits =
      rows.isEmpty
      ? nil
      : (Set(rows.compactMap(\.0)), Set(rows.compactMap(\.1)))
  }

  func side(of number: SequenceNumber) -> Side {
    number < numbers.lowerBound ? .before : number > numbers.upperBound ? .after : .inside
  }

  /// Throws unless every sample and event of a range is in the slice.
  func require(_ range: ClosedRange<SequenceNumber>) throws(SQLiteError) {
    guard range.lowerBound >= numbers.lowerBound, range.upperBound <= numbers.upperBound else {
      throw .notFound(
        "not all of samples \(range.lowerBound) to \(range.upperBound) are in it",
        operation: "search a range of samples")
    }
  }

  /// Throws unless every process of the samples and events of a range is in the slice.
  func requireProcesses(_ range: ClosedRange<SequenceNumber>) throws(SQLiteError) {
    try require(range)
    guard limits == nil else {
      throw .notFound(
        "other processes may have been there", operation: "search the processes of a range")
    }
  }
}

extension SampleIndex {
  /// Returns the values of the two parameters of an `IntervalOverlapQuery` for a range. Throws if the history is a
  /// slice that does not have every process of the range.
  func values(_ range: ClosedRange<SequenceNumber>) throws(SQLiteError) -> [Value] {
    if let range = whole(range) { try slice?.requireProcesses(range) }
    return IntervalOverlapQuery.values(range)
  }

  /// Returns the values of the parameters for a range, a namespace and the process's own link of its type.
  func values(
    _ range: ClosedRange<SequenceNumber>, _ namespace: NamespaceRecord
  ) throws(SQLiteError) -> [Value] {
    if let range = whole(range) { try slice?.requireProcesses(range) }
    return IntervalOverlapQuery.values(range, namespace)
  }

  /// Returns the values of the two parameters for a search of samples, or of the processes that a slice is limited to.
  /// Throws if the history is a slice that does not have every sample and event of the range.
  func sampleValues(_ range: ClosedRange<SequenceNumber>) throws(SQLiteError) -> [Value] {
    try require(range)
    return IntervalOverlapQuery.values(range)
  }

  /// Throws if the history is a slice that does not have every sample and event of a range.
  func require(_ range: ClosedRange<SequenceNumber>) throws(SQLiteError) {
    if let range = whole(range) { try slice?.require(range) }
  }

  /// Returns the part of a range that is within the sequence numbers of the history; nil if there is none.
  private func whole(
    _ range: ClosedRange<SequenceNumber>
  ) -> ClosedRange<SequenceNumber>? {
    guard let first, let last, range.overlaps(first...last) else { return nil }
    return range.clamped(to: first...last)
  }

  /// Returns the window that a question is about: in a slice, a side without an end reaches as far as the slice.
  func window(_ asked: TimeWindow) -> TimeWindow {
    guard let slice else { return asked }
    return TimeWindow(
      since: asked.since ?? slice.time.lowerBound, until: asked.until ?? slice.time.upperBound)
  }

  /// Throws if the history is a slice, because the answer depends on rows of the whole history that a slice lacks.
  ///
  /// - Parameter what: the rows, for the message of the error.
  func requireWhole(_ what: String) throws(SQLiteError) {
    guard slice != nil else { return }
    throw .notFound("it does not have \(what)", operation: "search the whole history")
  }
}
