internal import SQLite

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
