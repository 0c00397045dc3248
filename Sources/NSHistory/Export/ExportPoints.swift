internal import SQLite

/// When samples and events were. An export asks for two in each row, mostly near those of the row
/// before: so they are read, and kept, in blocks of neighbours.
struct ExportPoints {
  private let index: SampleIndex
  private let connection: Connection
  /// The number of the block that is in each slot; nil for none.
  private var blocks: [Int64?]
  private var walls: [Int64]
  private var states: [State]
  private var session: SessionSpan?

  private enum State { case missing, sampled, exact }

  /// How many points are a block, and how many blocks are kept, as powers of two.
  private static let width: Int64 = 6
  private static let slots: Int64 = 10

  init(_ index: SampleIndex, _ connection: Connection) {
    self.index = index
    self.connection = connection
    blocks = Array(repeating: nil, count: 1 << Self.slots)
    walls = Array(repeating: 0, count: 1 << (Self.slots + Self.width))
    states = Array(repeating: .missing, count: 1 << (Self.slots + Self.width))
  }

  /// When a sample or event began, on the wall clock.
  mutating func wall(_ id: Int64) throws(SQLiteError) -> Int64 {
    let place = try place(id)
    // What is missing here is missing there too, and told.
    return states[place] == .missing ? try index.point(id).wall : walls[place]
  }

  /// Whether events reported all that happened between the one before and this: as `SampleWindow.isExact`.
  mutating func isExact(before id: Int64) throws(SQLiteError) -> Bool {
    guard try states[place(id)] == .exact, let session = session(of: id) else { return false }
    return id > session.first
  }

  /// The session that a sample is of.
  mutating func session(of id: Int64) -> SessionSpan? {
    if let session, session.first <= id, id <= session.last { return session }
    session = index.session(of: id)
    return session
  }

  private mutating func place(_ id: Int64) throws(SQLiteError) -> Int {
    let block = id >> Self.width
    let slot = Int(block & (1 << Self.slots - 1))
    if blocks[slot] != block { try read(block, into: slot) }
    return slot << Int(Self.width) + Int(id & (1 << Self.width - 1))
  }

  private mutating func read(_ block: Int64, into slot: Int) throws(SQLiteError) {
    blocks[slot] = nil
    let first = block << Self.width
    let last = first + (1 << Self.width - 1)
    let start = slot << Int(Self.width)
    for place in start..<start + 1 << Int(Self.width) { states[place] = .missing }
    try readEvents(first...last, start)
    // Where both say something a sample is what is meant.
    let samples = try connection.prepare(
      "SELECT seq, wall_ns, exact, gap FROM sample WHERE seq BETWEEN ? AND ?"
    ).bind(.integer(first), .integer(last))
    defer { samples.reset() }
    while try samples.step() {
      let place = start + Int(samples.integer(0) - first)
      walls[place] = samples.integer(1)
      states[place] = samples.integer(2) == 1 && samples.isNull(3) ? .exact : .sampled
    }
    blocks[slot] = block
  }

  private mutating func readEvents(_ ids: ClosedRange<Int64>, _ start: Int) throws(SQLiteError) {
    let batches = try connection.prepare(
      """
      SELECT first_seq, wall_ns, offsets FROM event_batch
      WHERE first_seq BETWEEN COALESCE(
        (SELECT MAX(first_seq) FROM event_batch WHERE first_seq <= ?1), ?1) AND ?2
      ORDER BY first_seq
      """
    ).bind(.integer(ids.lowerBound), .integer(ids.upperBound))
    defer { batches.reset() }
    var digits: [UInt8] = []
    while try batches.step() {
      let batch = batches.integer(0)
      // One that begins in the middle ends what the one before can say.
      if batch > ids.lowerBound {
        for id in batch...ids.upperBound { states[start + Int(id - ids.lowerBound)] = .missing }
      }
      _ = batches.readText(2, into: &digits)
      let count = Int64(digits.count / PointReader.digits)
      guard count > 0 else { continue }
      // What a file says is not trusted to be near.
      let (last, isFar) = batch.addingReportingOverflow(count - 1)
      let wall = batches.integer(1)
      let first = max(batch, ids.lowerBound)
      let end = isFar ? ids.upperBound : min(last, ids.upperBound)
      guard first <= end else { continue }
      for id in first...end {
        let place = start + Int(id - ids.lowerBound)
        walls[place] = wall &+ PointReader.offset(Int(id - batch), in: digits)
        states[place] = .exact
      }
    }
  }
}

/// Finds where a time in which all was the same is cut into pieces: see `SampleIndex.pieces`. An
/// export asks that of every time that a process was somewhere, and mostly there is no cut in it.
struct ExportCuts {
  private let index: SampleIndex
  /// All cuts, in order; nil where they are more than are kept.
  private let cuts: [Int64]?

  /// So many gaps are kept: there is room for a gap in each minute of a month.
  static let most = 1 << 16

  init(
    _ index: SampleIndex, _ connection: Connection, most: Int = Self.most
  ) throws(SQLiteError) {
    self.index = index
    let gaps = try connection.prepare(
      "SELECT seq FROM sample WHERE gap IS NOT NULL ORDER BY seq LIMIT ?"
    ).bind(.integer(Int64(most + 1))).map { $0.integer(0) }
    guard gaps.count <= most else {
      cuts = nil
      return
    }
    let all = Set(gaps).union(index.clockSteps).union(index.sessions.map(\.first))
    cuts = all.sorted()
  }

  /// The pieces of a range of samples; nil where it is one piece.
  func pieces(of range: ClosedRange<Int64>) throws(SQLiteError) -> [ClosedRange<Int64>]? {
    if let cuts {
      let next = cuts.partitioningIndex { $0 > range.lowerBound }
      if next == cuts.count || cuts[next] > range.upperBound { return nil }
    }
    return try index.pieces(of: range)
  }
}
