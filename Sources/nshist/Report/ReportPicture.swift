internal import NSHistory
internal import NamespaceModel

/// The timeline of a report as a picture that needs no script: values for the template, which writes it as SVG. What is
/// narrower than a pixel is merged.
struct ReportPicture {
  let width = ReportPicture.pictureWidth
  let height: Int
  /// The left end of the time axis.
  let left = ReportPicture.margin
  let plotWidth = ReportPicture.plot
  let top = ReportPicture.axisHeight
  let ticks: [Tick]
  let gaps: [Gap]
  let groups: [Group]
  /// The sentence about lanes that the picture leaves out; nil if it has all.
  let leftOut: String?
  /// Whether a part of the picture was too narrow to be drawn by itself.
  let isMerged: Bool

  struct Tick {
    let x: String
    /// The middle of the text, which ends within the picture.
    let textX: String
    let text: String
  }

  struct Gap {
    let x: String
    let width: String
    let title: String
  }

  struct Group {
    let y: Int
    let textY: Int
    let name: String
    let lanes: [DrawnLane]
  }

  struct DrawnLane {
    let y: Int
    let label: String
    let title: String
    let textY: Int
    let isNamed: Bool
    let lineY: Int
    let rows: [Row]
    let marks: [Mark]
  }

  struct Row {
    let y: Int
    let type: String?
    let typeY: Int
    let paths: [Path]
    let letters: [Letter]
  }

  struct Path {
    let style: String
    let data: String
    let title: String
  }

  struct Letter {
    let x: String
    let y: Int
    let text: String
    let style: String
  }

  struct Mark {
    let x: String
    let y: Int
    let data: String
    let style: String
    let title: String
  }

  private static let pictureWidth = 1160
  static let margin = 210
  static let plot = 940
  static let axisHeight = 26
  /// The width of a digit of the ruler, at most.
  private static let digitWidth = 6.5
  /// The greatest number of lanes in the picture.
  static let mostLanes = 150

  init(_ layout: ReportLayout, zone: TimeZoneChoice) {
    let report = layout.report
    let drawn = Array(layout.order.prefix(Self.mostLanes))
    let time = report.time ?? WallTime.zero...WallTime.zero
    let scale = ReportScale(time, width: Double(Self.plot))
    let stripes = drawn.reduce(0) { sum, lane in
      sum + (layout.plainTypes[lane] == nil ? layout.shownTypes.count : 1)
    }
    let isTall = stripes <= 200
    var y = Self.axisHeight + 6
    var groups: [Group] = []
    var isMerged = false
    let marks = Dictionary(grouping: report.changes) { $0.process?.id ?? 0 }
    var index = 0
    while index < drawn.count {
      let group = layout.groupOfLane[drawn[index]]
      let groupY = y
      y += 22
      var lanes: [DrawnLane] = []
      while index < drawn.count, layout.groupOfLane[drawn[index]] == group {
        let lane = report.lanes[drawn[index]]
        let artist = ReportLaneArtist(
          layout: layout, lane: lane, plainType: layout.plainTypes[drawn[index]], scale: scale,
          rowHeight: isTall ? 13 : 5,
          changes: marks[lane.process.id] ?? [], zone: zone)
        let drawing = artist.lane(at: y)
        isMerged = isMerged || drawing.isMerged
        lanes.append(drawing.lane)
        y += drawing.height + 5
        index += 1
      }
      groups.append(
        Group(y: groupY, textY: groupY + 15, name: layout.groups[group].name, lanes: lanes))
      y += 4
    }
    height = y + 4
    self.groups = groups
    self.isMerged = isMerged
    ticks = scale.ticks(zone).map {
      let x = $0.x + Double(Self.margin)
      let most = Double(Self.pictureWidth) - Double($0.text.count) * Self.digitWidth / 2
      return Tick(x: Self.number(x), textX: Self.number(min(x, most)), text: $0.text)
    }
    gaps = report.gaps.filter { $0.from < $0.until }.map { gap in
      let x = scale.x(gap.from)
      return Gap(
        x: Self.number(x + Double(Self.margin)),
        width: Self.number(max(1, scale.x(gap.until) - x)),
        title: "Nothing was recorded: \(gap.missing.words)")
    }
    let rest = layout.order.count - drawn.count
    leftOut =
      rest == 0
      ? nil
      : "The picture without the script has the first \(drawn.count) lanes; \(rest) more are not drawn."
  }

  /// Returns a number with one digit after the point, for SVG.
  static func number(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    return tenths % 10 == 0
      ? "\(tenths / 10)" : "\(tenths < 0 ? "-" : "")\(abs(tenths) / 10).\(abs(tenths) % 10)"
  }
}

/// Draws one lane: a row a type.
struct ReportLaneArtist {
  let layout: ReportLayout
  let lane: HistoryReport.TaskTimeline
  /// The only type that is drawn; nil for all.
  let plainType: Int?
  let scale: ReportScale
  let rowHeight: Int
  let changes: [NamespaceChange]
  let zone: TimeZoneChoice

  func lane(at y: Int) -> (lane: ReportPicture.DrawnLane, height: Int, isMerged: Bool) {
    var isMerged = false
    var rowY = y
    var rows: [ReportPicture.Row] = []
    for type in plainType.map({ [$0] }) ?? layout.shownTypes {
      let drawing = row(type, at: rowY)
      isMerged = isMerged || drawing.isMerged
      rows.append(drawing.row)
      rowY += rowHeight + 1
    }
    let height = max(13, rowY - y)
    let process = lane.process
    let thread = process.tid == nil ? "" : "  "
    let label = Self.fitted("\(thread)\(process.label)", 24)
    return (
      ReportPicture.DrawnLane(
        y: y, label: label, title: title, textY: y + 10, isNamed: lane.isNamed,
        lineY: y + height + 2, rows: rows, marks: marks(y)), height, isMerged
    )
  }

  private var title: String {
    let process = lane.process
    let first = TimeFormat.localTime(process.firstSeen, zone)
    let last = TimeFormat.localTime(process.lastSeen, zone)
    return "\(process.number.text) \(process.shownName), recorded \(first) to \(last)"
  }

  static func fitted(_ text: String, _ width: Int) -> String {
    text.count <= width ? text : text.prefix(width - 1) + "…"
  }

  private func row(_ type: Int, at y: Int) -> (row: ReportPicture.Row, isMerged: Bool) {
    let spans = scale.spans(lane, type, layout.report)
    var data: [DrawnState: String] = [:]
    var order: [DrawnState] = []
    var dense = ""
    var letters: [ReportPicture.Letter] = []
    let middle = Double(y) + Double(rowHeight) / 2
    for span in spans {
      let x = ReportPicture.number(span.from + Double(ReportPicture.margin))
      let width = ReportPicture.number(span.until - span.from)
      let isLine = span.state == .unsure
      let box =
        isLine
        ? "M\(x) \(ReportPicture.number(middle - 1))h\(width)v2h-\(width)z"
        : "M\(x) \(y)h\(width)v\(rowHeight)h-\(width)z"
      guard !span.isDense else {
        dense += box
        continue
      }
      if data[span.state] == nil { order.append(span.state) }
      data[span.state, default: ""] += box
      if case .namespace(let index) = span.state, rowHeight > 9, span.until - span.from > 11 {
        let mark = layout.marks[index]
        letters.append(
          .init(
            x: ReportPicture.number(span.from + Double(ReportPicture.margin) + 4), y: y + 10,
            text: mark.letter, style: mark.colour.map { "t\($0)" } ?? "ti"))
      }
    }
    var paths = order.map { state in
      ReportPicture.Path(
        style: style(state), data: data[state] ?? "", title: title(state, layout.report.types[type])
      )
    }
    if !dense.isEmpty {
      paths.append(
        .init(style: "dense", data: dense, title: "Several states within one pixel: zoom in"))
    }
    return (
      ReportPicture.Row(
        y: y,
        type: rowHeight > 9 ? plainType == nil ? layout.report.types[type].name : "all" : nil,
        typeY: y + 10,
        paths: paths, letters: letters), !dense.isEmpty
    )
  }

  private func style(_ state: DrawnState) -> String {
    switch state {
    case .namespace(let index): layout.marks[index].colour.map { "c\($0)" } ?? "ci"
    case .unsure: "unsure"
    case .unknown: "unknown"
    case .absent: "absent"
    }
  }

  private func title(_ state: DrawnState, _ type: NamespaceType) -> String {
    switch state {
    case .namespace(let index): layout.report.namespaces[index].namespace.text
    case .unsure: "\(type): it started, exited or moved between two samples"
    case .unknown(let reason):
      "\(type): unknown (\(reason.rawValue)): \(ReasonFormatter.recorded(reason))"
    case .absent: ""
    }
  }

  private func marks(_ y: Int) -> [ReportPicture.Mark] {
    changes.prefix(200).compactMap { change in
      guard let time = change.by, let shape = ReportMark(change) else { return nil }
      let x = scale.x(time) + Double(ReportPicture.margin)
      let text = ReportPicture.number(x)
      return .init(
        x: text, y: y, data: "M\(text) \(y - 1)l-3 -4h6z", style: shape.style,
        title:
          "\(TimeFormat.localTime(time, zone)) \(change.marks.map(\.rawValue).joined(separator: ", "))"
      )
    }
  }
}

/// The style of the mark of a change.
struct ReportMark {
  let style: String

  init?(_ change: NamespaceChange) {
    let order: [NamespaceChange.Mark] = [.leftContainer, .joined, .created, .lastExit]
    guard let first = order.first(where: change.marks.contains) else { return nil }
    style = "m-\(first.rawValue)"
  }
}

/// Converts times to pixels.
struct ReportScale {
  let time: ClosedRange<WallTime>
  let width: Double

  init(_ time: ClosedRange<WallTime>, width: Double) {
    self.time = time
    self.width = width
  }

  private var length: Double { max(1, Self.length(from: time.lowerBound, to: time.upperBound)) }

  /// Returns the nanoseconds between two times, which may be too far apart in a damaged file for 64 bits.
  private static func length(from: WallTime, to: WallTime) -> Double {
    let (length, isFar) = to.nanoseconds.subtractingReportingOverflow(from.nanoseconds)
    return isFar ? Double(to.nanoseconds) - Double(from.nanoseconds) : Double(length)
  }

  /// Returns the pixel of a time, within the picture.
  func x(_ time: WallTime) -> Double {
    let offset = Self.length(from: self.time.lowerBound, to: time)
    return min(max(0, offset / length * width), width)
  }

  /// A state from one pixel to another.
  struct Span {
    let from: Double
    let until: Double
    let state: DrawnState
    /// Whether several states are merged, because they are narrower than a pixel.
    let isDense: Bool
  }

  /// Returns the states of a lane in one type. Times in which the process was absent are left out.
  func spans(_ lane: HistoryReport.TaskTimeline, _ type: Int, _ report: HistoryReport) -> [Span] {
    var spans: [Span] = []
    func add(_ from: Double, _ until: Double, _ state: DrawnState) {
      // A part that begins in the pixel in which a narrow one lies is merged with it.
      if let last = spans.last, last.until - last.from < 1, from - last.from < 1, until - from < 1 {
        spans[spans.count - 1] = Span(
          from: last.from, until: max(last.until, until), state: last.state,
          isDense: last.isDense || last.state != state)
      } else if let last = spans.last, last.state == state, !last.isDense, last.until >= from {
        spans[spans.count - 1] = Span(
          from: last.from, until: until, state: state, isDense: false)
      } else {
        spans.append(Span(from: from, until: until, state: state, isDense: false))
      }
    }
    for (index, piece) in lane.pieces.enumerated() {
      let state = DrawnState(report.state(piece.states, type))
      // What begins with the last sample has no length, and would be drawn as if it had.
      guard state != .absent, piece.from < time.upperBound || lane.pieces.count == 1 else {
        continue
      }
      let end = index + 1 < lane.pieces.count ? lane.pieces[index + 1].from : time.upperBound
      add(x(piece.from), x(end), state)
    }
    return spans.map { span in
      span.until - span.from >= 0.8
        ? span
        : Span(from: span.from, until: span.from + 0.8, state: span.state, isDense: span.isDense)
    }
  }

  /// Returns the round times of the ruler, at most one for every 110 pixels.
  func ticks(_ zone: TimeZoneChoice) -> [(x: Double, text: String)] {
    TimeRuler(time: time, zone: zone).ticks(apart: length / max(1, width / 110))
      .map { (x($0.time), $0.text) }
  }
}
