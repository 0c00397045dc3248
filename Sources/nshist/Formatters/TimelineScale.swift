internal import NSHistory
internal import NamespaceModel

/// The content of one column of a row.
enum TimelineMark: Hashable {
  /// The process was in a namespace, by its row.
  case namespace(Int64)
  /// The process was in two or more namespaces during the column's time.
  case several
  case unknown(UnknownReason)
  /// The process was not observed.
  case absent

  var isNamespace: Bool { if case .namespace = self { true } else { false } }
}

/// Maps a time span to columns of equal duration.
struct TimelineScale {
  let from: WallTime
  let until: WallTime
  let columns: Int

  init(from: WallTime, until: WallTime, columns: Int) {
    self.from = from
    self.until = until
    self.columns = max(8, columns)
  }

  // Times from a damaged file may be any number, so the arithmetic wraps on overflow instead of trapping.
  private var span: UInt64 { UInt64(bitPattern: until &- from) }

  /// The duration of a column, in nanoseconds.
  var step: Int64 { max(1, Int64(clamping: span / UInt64(columns))) }

  /// Returns the time at which a column begins.
  func time(of column: Int) -> WallTime {
    let (whole, rest) = span.quotientAndRemainder(dividingBy: UInt64(columns))
    let index = UInt64(column)
    return from &+ Int64(bitPattern: whole &* index &+ rest * index / UInt64(columns))
  }

  /// Returns the column in which a time of the span lies.
  func column(of time: WallTime) -> Int {
    let share = Double(UInt64(bitPattern: time &- from)) / Double(max(1, span))
    var column = min(max(0, Int(share * Double(columns))), columns - 1)
    // The bounds of a column are rounded to nanoseconds.
    while column > 0, self.time(of: column) > time { column -= 1 }
    while column < columns - 1, self.time(of: column + 1) <= time { column += 1 }
    return column
  }

  /// Returns the mark of each column of a row.
  ///
  /// - Parameter drawsEdges: whether changes are drawn as edges where that hides none. A column in which one namespace
  ///   is followed by another then has the mark of the one that lasts longer in it if the columns beside it show both,
  ///   and a namespace that no column beside it shows comes before a longer time that is not known.
  func marks(of row: TimelineRow, drawsEdges: Bool = false) -> [TimelineMark] {
    let contents = (0..<columns).map { content(of: $0, row) }
    var marks = contents.map { Self.most($0.shares) }
    guard drawsEdges else { return marks }
    let drawn = marks
    for (column, content) in contents.enumerated() {
      let last = column > 0 ? drawn[column - 1] : .absent
      let next = column + 1 < columns ? drawn[column + 1] : .absent
      guard let first = content.namespaces.first, drawn[column] != .unknown(.gap) else { continue }
      if content.namespaces.count == 1 {
        if last != first, next != first { marks[column] = first }
      } else if content.namespaces.count == 2, last == first, next == content.namespaces[1] {
        let isMostlyNext = content.shares[next, default: 0] > content.shares[first, default: 0]
        marks[column] = isMostlyNext ? next : first
      }
    }
    return marks
  }

  /// What the time of a column contains.
  private struct Content {
    /// How long each mark holds.
    var shares: [TimelineMark: Int64] = [:]
    /// The namespaces in the order of time, each as often as the process came into it.
    var namespaces: [TimelineMark] = []
  }

  private func content(of column: Int, _ row: TimelineRow) -> Content {
    let low = time(of: column)
    // The last column includes the end of the span, because that is the time of the last sample.
    let high = max(low &+ 1, column == columns - 1 ? until &+ 1 : time(of: column + 1))
    var content = Content()
    for segment in row.segments
    where segment.from < high && (segment.until > low || segment.from == low) {
      // A segment of a single sample has no duration. It counts as the whole column, so that it shows.
      let share =
        segment.from == segment.until
        ? high &- low : max(1, min(high, segment.until) &- max(low, segment.from))
      let mark = Self.mark(segment.state)
      content.shares[mark, default: 0] &+= share
      if mark.isNamespace, content.namespaces.last != mark { content.namespaces.append(mark) }
    }
    return content
  }

  /// Returns the mark of a column: a gap if there is one, however short; `several` for two or more namespaces;
  /// else the mark with the longest duration.
  private static func most(_ shares: [TimelineMark: Int64]) -> TimelineMark {
    if shares[.unknown(.gap)] != nil { return .unknown(.gap) }
    if shares.keys.count(where: \.isNamespace) > 1 { return .several }
    // Of marks with the same duration a namespace comes before any other.
    return shares.max { one, other in
      (one.value, one.key.isNamespace ? 1 : 0) < (other.value, other.key.isNamespace ? 1 : 0)
    }?.key ?? .absent
  }

  private static func mark(_ state: TimelineRow.State) -> TimelineMark {
    switch state {
    case .namespace(let namespace): .namespace(namespace.id)
    case .unknown(let reason): .unknown(reason)
    }
  }
}
