internal import NSHistory

/// The content of one column of a lane.
enum TimelineMark: Hashable {
  case namespace(NamespaceRecord)
  /// The process was in two or more namespaces during the column's time.
  case several
  case unknown(UnknownReason)
  /// The process was not observed.
  case absent
}

/// Maps a time span to columns of equal duration.
struct TimelineScale {
  let from: Int64
  let until: Int64
  let columns: Int

  init(from: Int64, until: Int64, columns: Int) {
    self.from = from
    self.until = until
    self.columns = max(8, columns)
  }

  // Times from a damaged file may be any number, so the arithmetic wraps on overflow instead of trapping.
  private var span: UInt64 { UInt64(bitPattern: until &- from) }

  /// The duration of a column, in nanoseconds.
  var step: Int64 { max(1, Int64(clamping: span / UInt64(columns))) }

  /// Returns the time at which a column begins.
  func time(of column: Int) -> Int64 {
    let (whole, rest) = span.quotientAndRemainder(dividingBy: UInt64(columns))
    let place = UInt64(column)
    return from &+ Int64(bitPattern: whole &* place &+ rest * place / UInt64(columns))
  }

  /// Returns the mark of each column of a lane.
  func marks(of lane: TimelineRow) -> [TimelineMark] {
    (0..<columns).map { column in
      let low = time(of: column)
      let high = max(low &+ 1, time(of: column + 1))
      var shares: [TimelineMark: Int64] = [:]
      for segment in lane.segments where segment.until >= low && segment.from < high {
        // A segment of a single sample has no duration. It counts as the whole column, so that it shows.
        let share =
          segment.from == segment.until
          ? high &- low : max(1, min(high, segment.until) &- max(low, segment.from))
        shares[Self.mark(segment.state), default: 0] &+= share
      }
      return Self.most(shares)
    }
  }

  /// Returns the mark of a column: a gap if there is one, however short; `several` for two or more namespaces;
  /// else the mark with the longest duration.
  private static func most(_ shares: [TimelineMark: Int64]) -> TimelineMark {
    if shares[.unknown(.gap)] != nil { return .unknown(.gap) }
    let namespaces = shares.keys.count { if case .namespace = $0 { true } else { false } }
    if namespaces > 1 { return .several }
    return shares.max { one, other in
      (one.value, rank(one.key)) < (other.value, rank(other.key))
    }?.key ?? .absent
  }

  /// Returns the rank among marks with the same duration: a namespace comes before any other mark.
  private static func rank(_ mark: TimelineMark) -> Int {
    if case .namespace = mark { 1 } else { 0 }
  }

  private static func mark(_ state: TimelineRow.State) -> TimelineMark {
    switch state {
    case .namespace(let namespace): .namespace(namespace)
    case .unknown(let reason): .unknown(reason)
    }
  }
}
