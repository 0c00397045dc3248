internal import NSHistory
internal import NamespaceModel

/// Draws timeline rows as lines that fit the terminal: with a letter for each namespace, the same in every row, or with
/// blocks in colours.
struct TimelineDrawing {
  let rows: [TimelineRow]
  /// Whether a line names the types in which nothing differs or changes, instead of a row for each process.
  let folds: Bool
  let window: TimeWindow
  let width: Int
  let style: Style
  let zone: TimeZoneChoice

  /// How the rows are drawn.
  enum Style {
    /// A letter or sign for each moment, in 16 colours or in none.
    case letters(colours: Bool)
    /// Block characters, which show two moments each, in 256 colours.
    case blocks
  }

  /// The lines of a drawing.
  struct Picture {
    /// The span of time and the ruler.
    var head: [String] = []
    var rows: [String] = []
    /// What the letters and signs mean. These lines may be wider than the terminal.
    var foot: [String] = []

    /// Returns the lines that a terminal of this size shows, without the last rows if it is too small.
    func lines(_ width: Int, _ height: Int) -> [String] {
      let foot = foot.flatMap { line in
        TextWrap.wrapped(line, width).split(separator: "\n", omittingEmptySubsequences: false)
          .map(String.init)
      }
      let room = height - head.count - foot.count
      if rows.count <= room { return head + rows + foot }
      let shown = rows.prefix(max(1, room - 1))
      let rest = rows.dropFirst(shown.count).count { !$0.isEmpty }
      return head + shown + ["... and \(RecordingFormatter.count(rest, "more row", "more rows"))"]
        + foot
    }
  }

  /// The lines of the drawing; none if there is nothing to draw.
  var picture: Picture {
    var picture = Picture()
    guard let span else { return picture }
    let folded = folds ? foldedTypes(in: span) : [:]
    let rows = rows.filter { folded[$0.type] == nil }
    let labels = rows.map { "\($0.process.label) \($0.type)" }
    let margin = min(labels.map(\.count).max() ?? 0, max(16, width / 3)) + 2
    let columns = max(8, width - margin)
    let scale = TimelineScale(
      from: span.lowerBound, until: span.upperBound, columns: columns * momentsInColumn)
    let blanks = String(repeating: " ", count: margin)
    picture.head = spanLines(scale, blanks) + axis(scale, columns).map { blanks + $0 }
    let letters = TimelineLetters(rows, in: span)
    var blocks = TimelineBlocks(letters)
    var used: Set<TimelineMark> = []
    var last: Int64?
    for (row, label) in zip(rows, labels) {
      // An empty line separates the rows of different processes.
      if let last, last != row.process.id, Self.hasGroups(rows) { picture.rows.append("") }
      last = row.process.id
      let marks = scale.marks(of: row, drawsEdges: momentsInColumn > 1)
      let text: String
      switch style {
      case .letters(let colours):
        used.formUnion(marks)
        text = Self.draw(marks, letters, colours)
      case .blocks: text = blocks.row(marks)
      }
      picture.rows.append(Self.fitted(label, margin - 2) + "  " + text)
    }
    if !folded.isEmpty { picture.foot += ["", Self.line(folded)] }
    switch style {
    case .letters(let colours):
      picture.foot.append("")
      var signs: [String] = []
      for entry in letters.legend(used) {
        let letter = String(letters.letter(of: entry.mark))
        let text = "\(letters.colour(of: entry.mark).paint(letter, colours)) = \(entry.meaning)"
        if entry.mark.isNamespace { picture.foot.append(text) } else { signs.append(text) }
      }
      if !signs.isEmpty { picture.foot.append(signs.joined(separator: "   ")) }
    case .blocks: picture.foot += [""] + blocks.legend(width)
    }
    return picture
  }

  private var momentsInColumn: Int { if case .blocks = style { 2 } else { 1 } }

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

  private static func draw(
    _ marks: [TimelineMark], _ letters: TimelineLetters, _ colours: Bool
  ) -> String {
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

  /// The least number of columns from one label of the ruler to the next.
  private static let labelColumns = 14

  /// Returns the line about the span of time. That of blocks is shorter, so that it fits 80 columns.
  private func spanLines(_ scale: TimelineScale, _ blanks: String) -> [String] {
    let from = TimeFormat.localTime(scale.from, zone)
    let until = TimeFormat.localTime(scale.until, zone)
    let step = TimeFormat.duration(scale.step)
    switch style {
    case .letters:
      let text = "\(from) to \(until), \(step) a column"
      return [blanks.count + text.count <= width ? blanks + text : text]
    case .blocks:
      let isOneDay = from.prefix(11) == until.prefix(11)
      let text = "\(from) to \(isOneDay ? until.dropFirst(11) : until[...]), \(step) a half column"
      return blanks.count + text.count <= width
        ? [blanks + text] : TextWrap.lines(text, width, width)
    }
  }

  /// Returns the lines of the ruler: round times, and where they are.
  private func axis(_ scale: TimelineScale, _ columns: Int) -> [String] {
    let length = Double(UInt64(bitPattern: scale.until &- scale.from))
    let ruler = TimeRuler(time: scale.from...scale.until, zone: zone)
    var labels = ""
    var ticks = ""
    for tick in ruler.ticks(apart: length / Double(columns) * Double(Self.labelColumns)) {
      let (column, half) = scale.column(of: tick.time).quotientAndRemainder(
        dividingBy: momentsInColumn)
      if !labels.isEmpty, column <= labels.count { continue }
      if column + tick.text.count > columns { break }
      labels += String(repeating: " ", count: column - labels.count) + tick.text
      ticks += String(repeating: " ", count: column - ticks.count)
      switch style {
      case .letters: ticks += "|"
      // The line stands at the left end of the half in which the time lies.
      case .blocks: ticks += half == 0 ? "▏" : "│"
      }
    }
    return [labels, ticks]
  }

  private static func fitted(_ text: String, _ width: Int) -> String {
    if text.count > width { return text.prefix(max(1, width - 1)) + "~" }
    return text + String(repeating: " ", count: width - text.count)
  }
}
