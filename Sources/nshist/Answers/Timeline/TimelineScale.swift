internal import NSHistory

/// What one column of a lane shows.
enum TimelineMark: Hashable {
  case namespace(NamespaceRecord)
  /// Two namespaces or more.
  case several
  case unknown(UnknownReason)
  /// The process was not there.
  case absent
}

/// Time cut into columns.
struct TimelineScale {
  let from: Int64
  let until: Int64
  let columns: Int

  init(from: Int64, until: Int64, columns: Int) {
    self.from = from
    self.until = until
    self.columns = max(8, columns)
  }

  // What a file says is not trusted to be a time: it wraps, and never traps.
  private var span: UInt64 { UInt64(bitPattern: until &- from) }

  /// How much time a column is, in nanoseconds.
  var step: Int64 { max(1, Int64(clamping: span / UInt64(columns))) }

  /// When a column begins.
  func time(of column: Int) -> Int64 {
    let (whole, rest) = span.quotientAndRemainder(dividingBy: UInt64(columns))
    let place = UInt64(column)
    return from &+ Int64(bitPattern: whole &* place &+ rest * place / UInt64(columns))
  }

  /// Column by column, what a lane was for the longest part of it.
  func marks(of lane: TimelineRow) -> [TimelineMark] {
    (0..<columns).map { column in
      let low = time(of: column)
      let high = max(low &+ 1, time(of: column + 1))
      var shares: [TimelineMark: Int64] = [:]
      for segment in lane.segments where segment.until >= low && segment.from < high {
        // One sample alone is a point, and is seen all the same.
        let share =
          segment.from == segment.until
          ? high &- low : max(1, min(high, segment.until) &- max(low, segment.from))
        shares[Self.mark(segment.state), default: 0] &+= share
      }
      return Self.most(shares)
    }
  }

  /// A gap is shown, however short; else what was longest.
  private static func most(_ shares: [TimelineMark: Int64]) -> TimelineMark {
    if shares[.unknown(.gap)] != nil { return .unknown(.gap) }
    let namespaces = shares.keys.count { if case .namespace = $0 { true } else { false } }
    if namespaces > 1 { return .several }
    return shares.max { one, other in
      (one.value, rank(one.key)) < (other.value, rank(other.key))
    }?.key ?? .absent
  }

  /// Of equal shares, the one that says more.
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
