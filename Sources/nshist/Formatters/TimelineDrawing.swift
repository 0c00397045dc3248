internal import NSHistory
internal import NamespaceModel

/// Draws timeline rows as lines of letters that fit the terminal. A letter stands for one namespace, the
/// same in every row.
struct TimelineDrawing {
  let rows: [TimelineRow]
  /// Whether a line names the types in which nothing differs or changes, instead of a row for each process.
  let folds: Bool
  let window: TimeWindow
  let width: Int
  let colours: Bool
  let zone: TimeZoneChoice

  var text: String {
    guard let span else { return "" }
    let folded = folds ? foldedTypes(in: span) : [:]
    let rows = rows.filter { folded[$0.type] == nil }
    let labels = rows.map { "\($0.process.label) \($0.type)" }
    let margin = min(labels.map(\.count).max() ?? 0, max(16, width / 3)) + 2
    let scale = TimelineScale(
      from: span.lowerBound, until: span.upperBound, columns: width - margin)
    let letters = TimelineLetters(rows, in: span)
    var text = ""
    for line in axis(scale) { text += String(repeating: " ", count: margin) + line + "\n" }
    var used: Set<TimelineMark> = []
    var last: Int64?
    for (row, label) in zip(rows, labels) {
      // An empty line separates the rows of different processes.
      if let last, last != row.process.id, Self.hasGroups(rows) { text += "\n" }
      last = row.process.id
      let marks = scale.marks(of: row)
      used.formUnion(marks)
      text += Self.fitted(label, margin - 2) + "  " + draw(marks, letters) + "\n"
    }
    if !folded.isEmpty { text += "\n" + Self.line(folded) + "\n" }
    return text + "\n" + letters.legend(used, colours: colours).joined(separator: "\n") + "\n"
  }

  /// Whether a process has several consecutive rows.
  private static func hasGroups(_ rows: [TimelineRow]) -> Bool {
    zip(rows, rows.dropFirst()).contains { $0.process.id == $1.process.id }
  }

  /// Returns the types of which all processes were seen in one namespace only, with that namespace. One type stays
  /// to be drawn, because the rows also show when a process was seen.
  private func foldedTypes(in span: ClosedRange<WallTime>) -> [NamespaceType: NamespaceRecord] {
    var seen: [NamespaceType: Set<TimelineRow.State>] = [:]
    for row in rows {
      for segment in row.segments
      where segment.until >= span.lowerBound && segment.from <= span.upperBound {
        seen[row.type, default: []].insert(segment.state)
      }
    }
    var folded: [NamespaceType: NamespaceRecord] = [:]
    for (type, states) in seen {
      let namespaces = states.compactMap { state in
        if case .namespace(let namespace) = state { namespace } else { nil }
      }
      // A link that could not be read may have led to another namespace. Between two samples it is unknown for
      // every type alike.
      let isRead = states.allSatisfy { state in
        if case .unknown(let reason) = state { Self.isOfTime(reason) } else { true }
      }
      if isRead, namespaces.count == 1 { folded[type] = namespaces[0] }
    }
    let types = rows.map(\.type).uniqued
    if types.allSatisfy({ folded[$0] != nil }),
      let drawn = types.first(where: { $0 == .net }) ?? types.first
    {
      folded[drawn] = nil
    }
    return folded
  }

  /// Whether a reason is that of a time which was not observed, and not that of one link.
  private static func isOfTime(_ reason: UnknownReason) -> Bool {
    switch reason {
    case .gap, .changedBetweenSamples, .notRunning, .notRecorded, .expired: true
    case .denied, .zombie, .inodeMayBeReused, .unsupported: false
    }
  }

  /// Returns the line about the folded types: `same wherever seen (...): cgroup, ipc (initial); pid:[4026532199]`.
  private static func line(_ folded: [NamespaceType: NamespaceRecord]) -> String {
    let all = NamespaceType.allCases.compactMap { folded[$0] }
    let initial = all.filter { $0.isInitial == true }.map(\.type.name).joined(separator: ", ")
    let others = all.filter { $0.isInitial != true }.map(\.text)
    let parts = (initial.isEmpty ? [] : ["\(initial) (initial)"]) + others
    return "same wherever seen (--all draws them): \(parts.joined(separator: "; "))"
  }

  /// The time span of the drawing: each end that the user gave, or else that of the recorded segments; nil if
  /// there are no segments.
  private var span: ClosedRange<WallTime>? {
    let segments = rows.flatMap(\.segments)
    guard let low = window.since ?? segments.map(\.from).min(),
      let high = window.until ?? segments.map(\.until).max(), !segments.isEmpty
    else { return nil }
    return low...max(low, high)
  }

  private func draw(_ marks: [TimelineMark], _ letters: TimelineLetters) -> String {
    var text = ""
    var index = 0
    while index < marks.count {
      let end = marks[index...].firstIndex { $0 != marks[index] } ?? marks.count
      let run = String(repeating: letters.letter(of: marks[index]), count: end - index)
      text += letters.colour(of: marks[index]).paint(run, colours)
      index = end
    }
    return text
  }

  /// Returns the lines above the rows: the span, then times at the beginning and at each quarter with enough
  /// room for a label.
  private func axis(_ scale: TimelineScale) -> [String] {
    var labels = ""
    var ticks = ""
    for quarter in 0..<4 {
      let column = scale.columns * quarter / 4
      let time = scale.time(of: column)
      let label = label(time, scale)
      if !labels.isEmpty, column <= labels.count { continue }
      labels += String(repeating: " ", count: column - labels.count) + label
      ticks += String(repeating: " ", count: column - ticks.count) + "|"
    }
    return [
      "\(TimeFormat.localTime(scale.from, zone)) to \(TimeFormat.localTime(scale.until, zone)), "
        + "\(TimeFormat.duration(scale.step)) a column",
      labels, ticks,
    ]
  }

  /// Returns the label of a time, with the precision that the length of the span requires.
  private func label(_ time: WallTime, _ scale: TimelineScale) -> String {
    switch scale.until &- scale.from {
    case ..<20_000_000_000: TimeFormat.timeOfDay(time, zone, milliseconds: true)
    case ..<86_400_000_000_000: TimeFormat.timeOfDay(time, zone)
    default: TimeFormat.dayAndTime(time, zone)
    }
  }

  private static func fitted(_ text: String, _ width: Int) -> String {
    if text.count > width { return text.prefix(max(1, width - 1)) + "~" }
    return text + String(repeating: " ", count: width - text.count)
  }
}

/// The content of one column of a row.
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

  /// Returns the mark of each column of a row.
  func marks(of row: TimelineRow) -> [TimelineMark] {
    (0..<columns).map { column in
      let low = time(of: column)
      let high = max(low &+ 1, time(of: column + 1))
      var shares: [TimelineMark: Int64] = [:]
      for segment in row.segments where segment.until >= low && segment.from < high {
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

/// Assigns a letter and a colour to each namespace, and formats the legend.
struct TimelineLetters {
  private var order: [NamespaceRecord] = []
  private var indexes: [Int64: Int] = [:]
  /// Indexes of the letters that may stand for two namespaces: the records have the same inode number, and do
  /// not prove that they are different namespaces.
  private var ambiguous: Set<Int> = []

  private static let alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
  /// The colours of namespaces. Yellow and red are those of what is not one known namespace.
  private static let palette: [Colour] = [.green, .cyan, .magenta, .blue]

  /// Assigns letters in the order in which the namespaces appear in the rows within a span of time.
  init(_ rows: [TimelineRow], in span: ClosedRange<WallTime>) {
    for segment in rows.flatMap(\.segments)
    where segment.until >= span.lowerBound && segment.from <= span.upperBound {
      guard case .namespace(let namespace) = segment.state, indexes[namespace.id] == nil else {
        continue
      }
      if let index = order.firstIndex(where: { !namespace.differs(from: $0) }) {
        indexes[namespace.id] = index
        ambiguous.insert(index)
        continue
      }
      indexes[namespace.id] = order.count
      order.append(namespace)
    }
  }

  func letter(of mark: TimelineMark) -> Character {
    switch mark {
    case .namespace(let namespace):
      let index = indexes[namespace.id] ?? Self.alphabet.count
      return index < Self.alphabet.count ? Self.alphabet[index] : "#"
    case .several: return "*"
    case .unknown(.gap): return "-"
    case .unknown: return "?"
    case .absent: return "."
    }
  }

  func colour(of mark: TimelineMark) -> Colour {
    switch mark {
    case .namespace(let namespace):
      guard namespace.isInitial != true, let index = indexes[namespace.id] else { return .none }
      return Self.palette[index % Self.palette.count]
    case .several: return .red
    case .unknown: return .yellow
    case .absent: return .faint
    }
  }

  /// Returns the legend of the letters and signs in the drawing.
  func legend(_ used: Set<TimelineMark>, colours: Bool) -> [String] {
    let known = order.prefix(Self.alphabet.count)
    let usedIndexes = Set(
      used.compactMap { mark in
        if case .namespace(let namespace) = mark { indexes[namespace.id] } else { nil }
      })
    let letters = known.enumerated().filter { usedIndexes.contains($0.offset) }
      .map { index, namespace in
        let mark = TimelineMark.namespace(namespace)
        let other =
          ambiguous.contains(index) ? ", or another namespace that reused its inode number" : ""
        return colour(of: mark).paint("\(letter(of: mark))", colours)
          + " = \(namespace.text)\(other)"
      }
    let rest = order.count - known.count
    let more = rest > 0 ? ["# = one of \(rest) more namespaces"] : []
    let reasons = Set(
      used.compactMap { mark in
        if case .unknown(let reason) = mark, reason != .gap { reason.rawValue } else { nil }
      }
    ).sorted().joined(separator: ", ")
    func sign(_ mark: TimelineMark, _ meaning: String) -> String {
      colour(of: mark).paint("\(letter(of: mark))", colours) + " = \(meaning)"
    }
    let signs = [
      used.contains(.several)
        ? sign(.several, "several in one column, which a shorter time shows apart") : nil,
      reasons.isEmpty ? nil : sign(.unknown(.notRecorded), "not known (\(reasons))"),
      used.contains(.unknown(.gap)) ? sign(.unknown(.gap), "a gap: no samples") : nil,
      used.contains(.absent) ? sign(.absent, "not seen") : nil,
    ].compactMap(\.self)
    return letters + more + (signs.isEmpty ? [] : [signs.joined(separator: "   ")])
  }
}
