internal import NSHistory
internal import NamespaceModel

/// Lanes of letters, as wide as the terminal: a letter is a namespace, the same in every lane.
struct TimelineDrawing {
  let lanes: [TimelineRow]
  let window: TimeWindow
  let width: Int
  let colours: Bool
  let zone: TimeZoneChoice

  var text: String {
    guard let span else { return "" }
    let labels = lanes.map { "\($0.process.label) \($0.type)" }
    let margin = min(labels.map(\.count).max() ?? 0, max(16, width / 3)) + 2
    let scale = TimelineScale(
      from: span.lowerBound, until: span.upperBound, columns: width - margin)
    let letters = TimelineLetters(lanes, in: span)
    var text = ""
    for line in axis(scale) { text += String(repeating: " ", count: margin) + line + "\n" }
    var used: Set<TimelineMark> = []
    var last: Int64?
    for (lane, label) in zip(lanes, labels) {
      // The lanes of one process stand together.
      if let last, last != lane.process.id, hasGroups { text += "\n" }
      last = lane.process.id
      let marks = scale.marks(of: lane)
      used.formUnion(marks)
      text += Self.fitted(label, margin - 2) + "  " + draw(marks, letters) + "\n"
    }
    return text + "\n" + letters.legend(used, colours: colours).joined(separator: "\n") + "\n"
  }

  /// Whether a process has several lanes.
  private var hasGroups: Bool {
    zip(lanes, lanes.dropFirst()).contains { $0.process.id == $1.process.id }
  }

  /// What is asked for, or else what is known.
  private var span: ClosedRange<Int64>? {
    let segments = lanes.flatMap(\.segments)
    guard let low = window.since ?? segments.map(\.from).min(),
      let high = window.until ?? segments.map(\.until).max(), !segments.isEmpty
    else { return nil }
    return low...max(low, high)
  }

  private func draw(_ marks: [TimelineMark], _ letters: TimelineLetters) -> String {
    var text = ""
    var place = 0
    while place < marks.count {
      let end = marks[place...].firstIndex { $0 != marks[place] } ?? marks.count
      let run = String(repeating: letters.letter(of: marks[place]), count: end - place)
      text += letters.colour(of: marks[place]).paint(run, colours)
      place = end
    }
    return text
  }

  /// The times above the lanes: at the beginning, and at each quarter that there is room for.
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

  /// As exact as the quarters of the span need it.
  private func label(_ time: Int64, _ scale: TimelineScale) -> String {
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
