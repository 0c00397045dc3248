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

  /// How much time a column is, in nanoseconds.
  var step: Int64 { max(1, (until &- from) / Int64(columns)) }

  /// When a column begins.
  func time(of column: Int) -> Int64 {
    from &+ Int64((Double(until &- from) * Double(column) / Double(columns)).rounded())
  }

  /// Column by column, what a lane was for the longest part of it.
  func marks(of lane: Lane) -> [TimelineMark] {
    var first = 0
    return (0..<columns).map { column in
      let low = time(of: column)
      let high = max(low &+ 1, time(of: column + 1))
      while first < lane.segments.count, lane.segments[first].until < low { first += 1 }
      var shares: [TimelineMark: Int64] = [:]
      for segment in lane.segments[first...].prefix(while: { $0.from < high }) {
        // One sample alone is a point, and is seen all the same.
        let share =
          segment.from == segment.until
          ? high &- low : max(1, min(high, segment.until) &- max(low, segment.from))
        shares[Self.mark(segment.state), default: 0] += share
      }
      return Self.most(shares)
    }
  }

  private static func most(_ shares: [TimelineMark: Int64]) -> TimelineMark {
    let namespaces = shares.keys.count { if case .namespace = $0 { true } else { false } }
    if namespaces > 1 { return .several }
    return shares.max { one, other in
      (one.value, rank(one.key)) < (other.value, rank(other.key))
    }?.key ?? .absent
  }

  /// Of equal shares, the one that says more.
  private static func rank(_ mark: TimelineMark) -> Int {
    switch mark {
    case .namespace: 2
    case .unknown(.gap): 1
    default: 0
    }
  }

  private static func mark(_ state: Lane.State) -> TimelineMark {
    switch state {
    case .namespace(let namespace): .namespace(namespace)
    case .unknown(let reason): .unknown(reason)
    }
  }
}
