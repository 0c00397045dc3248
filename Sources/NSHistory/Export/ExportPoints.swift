internal import NamespaceModel
internal import SQLite

/// The wall-clock times of samples and events. An export reads two of them for each row, mostly close
/// to those of the previous row, so this type reads and caches them in blocks of consecutive sequence
/// numbers.
struct ExportPoints {
  private let index: SampleIndex
  private let connection: Connection
  /// The block number of each slot; nil for an empty slot.
  private var blocks: [Int64?]
  /// The wall-clock time of each cached sample or event, slot after slot.
  private var walls: [WallTime]
  /// For each cached sequence number, whether the file has it, and whether events reported every change before it.
  private var states: [State]
  /// The session of the sequence number that was requested last.
  private var session: SessionSpan?

  private enum State { case missing, sampled, exact }

  /// The number of points in a block, and the number of cached blocks, as exponents of two.
  private static let width: Int64 = 6
  private static let slots: Int64 = 10

  init(_ index: SampleIndex, _ connection: Connection) {
    self.index = index
    self.connection = connection
    blocks = Array(repeating: nil, count: 1 << Self.slots)
    walls = Array(repeating: .zero, count: 1 << (Self.slots + Self.width))
    states = Array(repeating: .missing, count: 1 << (Self.slots + Self.width))
  }

  /// Returns the wall-clock time of an event, or of the beginning of a sample.
  mutating func wall(_ id: SequenceNumber) throws(SQLiteError) -> WallTime {
    let position = try position(id)
    // The file has no such sample or event; `SampleIndex.point` throws an error that says so.
    return states[position] == .missing ? try index.point(id).wall : walls[position]
  }

  /// Whether events reported every change between the previous sequence number and this one; see
  /// `SampleWindow.isExact`.
  mutating func isExact(before id: SequenceNumber) throws(SQLiteError) -> Bool {
    guard try states[position(id)] == .exact, let session = session(of: id) else { return false }
    return id > session.first
  }

  /// Returns the session to which a sample or event belongs; nil if there is none.
  mutating func session(of id: SequenceNumber) -> SessionSpan? {
    if let session, session.first <= id, id <= session.last { return session }
    session = index.session(of: id)
    return session
  }

  private mutating func position(_ id: SequenceNumber) throws(SQLiteError) -> Int {
    let block = id.block(width: Self.width)
    let slot = Int(block & (1 << Self.slots - 1))
    if blocks[slot] != block { try read(block, into: slot) }
    return slot << Int(Self.width) + id.index(inBlockOfWidth: Self.width)
  }

  private mutating func read(_ block: Int64, into slot: Int) throws(SQLiteError) {
    blocks[slot] = nil
    let ids = SequenceNumber.numbers(ofBlock: block, width: Self.width)
    let start = slot << Int(Self.width)
    for position in start..<start + 1 << Int(Self.width) { states[position] = .missing }
    try readEvents(ids, start)
    // If a sample and an event batch have the same sequence number, the sample takes precedence.
    let samples = try connection.prepare(
      "SELECT seq, wall_ns, exact, gap FROM sample WHERE seq BETWEEN ? AND ?"
    ).bind(.number(ids.lowerBound), .number(ids.upperBound))
    defer { samples.reset() }
    while try samples.step() {
      let position = start + Int(samples.sequence(0) - ids.lowerBound)
      walls[position] = samples.wallTime(1)
      states[position] = samples.integer(2) == 1 && samples.isNull(3) ? .exact : .sampled
    }
    blocks[slot] = block
  }

  private mutating func readEvents(
    _ ids: ClosedRange<SequenceNumber>, _ start: Int
  ) throws(SQLiteError) {
    let batches = try connection.prepare(
      """
      SELECT first_seq, wall_ns, offsets FROM event_batch
      WHERE first_seq BETWEEN COALESCE(
        (SELECT MAX(first_seq) FROM event_batch WHERE first_seq <= ?1), ?1) AND ?2
      ORDER BY first_seq
      """
    ).bind(.number(ids.lowerBound), .number(ids.upperBound))
    defer { batches.reset() }
    var digits: [UInt8] = []
    while try batches.step() {
      let batch = batches.sequence(0)
      // A batch that begins inside the block discards the points that the previous batch gave from
      // there on.
      if batch > ids.lowerBound {
        for id in batch...ids.upperBound { states[start + Int(id - ids.lowerBound)] = .missing }
      }
      _ = batches.readText(2, into: &digits)
      let count = Int64(digits.count / PointReader.digits)
      guard count > 0 else { continue }
      // In a damaged file the sequence number may be so large that this addition overflows.
      let (last, isFar) = batch.addingReportingOverflow(count - 1)
      let wall = batches.wallTime(1)
      let first = max(batch, ids.lowerBound)
      let end = isFar ? ids.upperBound : min(last, ids.upperBound)
      guard first <= end else { continue }
      for id in first...end {
        let position = start + Int(id - ids.lowerBound)
        walls[position] = wall &+ PointReader.offset(Int(id - batch), in: digits)
        states[position] = .exact
      }
    }
  }
}

/// Finds the sequence numbers at which an interval of unchanged state is split into pieces: see
/// `SampleIndex.pieces`. An export asks for the pieces of every such interval of a process, and most
/// intervals have no cut.
struct ExportCuts {
  private let index: SampleIndex
  /// All cuts, in ascending order; nil if the history has more gaps than the limit.
  private let cuts: [SequenceNumber]?

  /// The limit of gaps up to which the cuts are cached: enough for one gap in every minute of a month.
  static let most = 1 << 16

  init(
    _ index: SampleIndex, _ connection: Connection, most: Int = Self.most
  ) throws(SQLiteError) {
    self.index = index
    let gaps = try connection.prepare(
      "SELECT seq FROM sample WHERE gap IS NOT NULL ORDER BY seq LIMIT ?"
    ).bind(.integer(Int64(most + 1))).map { $0.sequence(0) }
    guard gaps.count <= most else {
      cuts = nil
      return
    }
    let all = Set(gaps).union(index.clockSteps).union(index.sessions.map(\.first))
    cuts = all.sorted()
  }

  /// Returns the pieces of a range of samples; nil if no cut splits the range.
  func pieces(
    of range: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) -> [ClosedRange<SequenceNumber>]? {
    if let cuts {
      let next = cuts.partitioningIndex { $0 > range.lowerBound }
      if next == cuts.count || cuts[next] > range.upperBound { return nil }
    }
    return try index.pieces(of: range)
  }
}
