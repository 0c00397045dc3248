internal import NSHistory
internal import NamespaceModel

/// Writes the data of a page, from which its script draws: one JSON text, without a character that could end the script
/// element that holds it.
///
/// Times are nanoseconds after the beginning of the report, as a number. JavaScript's numbers hold them exactly up to
/// 104 days.
struct ReportData {
  let layout: ReportLayout
  let tables: [ReportTable]
  /// The time at which the cursor is at first; nil to choose one.
  let start: WallTime?
  let zone: TimeZoneChoice

  private var report: HistoryReport { layout.report }

  /// The text, ready to stand in a script element.
  var text: String {
    var text = "{"
    text += head.map { "\(JSON.string($0.0).compact):\($0.1.compact)" }.joined(separator: ",\n")
    text += ",\n\"states\":["
    for (index, rows) in report.states.enumerated() {
      if index > 0 { text += "," }
      text +=
        "["
        + rows.map { "[\($0.map(String.init).joined(separator: ","))]" }
        .joined(separator: ",") + "]"
    }
    text += "],\n\"times\":["
    // Many lanes change at one sample, so a lane refers to its times by their index in the list of all.
    let times = Set(report.lanes.flatMap(\.pieces).map { offset($0.from) }).sorted()
    var last: Int64 = 0
    for (index, time) in times.enumerated() {
      text += index > 0 ? ",\(time &- last)" : "\(time)"
      last = time
    }
    let indices = Dictionary(uniqueKeysWithValues: times.enumerated().map { ($1, $0) })
    // The pieces of a lane: by how much the index of the time exceeds the one before, and the states.
    text += "],\n\"tracks\":["
    for (number, lane) in report.lanes.enumerated() {
      text += number > 0 ? ",\n[" : "["
      var last = 0
      for (number, piece) in lane.pieces.enumerated() {
        let time = indices[offset(piece.from)] ?? 0
        text += "\(number > 0 ? "," : "")\(time - last),\(piece.states)"
        last = time
      }
      text += "]"
    }
    text += "]}"
    return Self.inElement(text)
  }

  private func offset(_ time: WallTime) -> Int64 {
    report.time.map { time &- $0.lowerBound } ?? 0
  }

  private func offset(_ time: WallTime?) -> JSON {
    .optional(time) { .integer(offset($0)) }
  }

  private var head: [(String, JSON)] {
    let time = report.time ?? WallTime.zero...WallTime.zero
    return [
      ("base", .string("\(time.lowerBound.nanoseconds)")),
      ("length", .integer(time.upperBound &- time.lowerBound)),
      ("zone", zones(time)),
      ("types", .array(report.types.map { .string($0.name) })),
      ("shown", .array(layout.shownTypes.map { .integer(Int64($0)) })),
      ("reasons", .array(UnknownReason.allCases.map { .string($0.rawValue) })),
      (
        "words",
        .array(UnknownReason.allCases.map { .string(ReasonFormatter.recorded($0)) })
      ),
      ("groups", .array(layout.groups.map { .string($0.name) })),
      // The groups of processes of no container.
      (
        "loose",
        .array(
          layout.groups.indices.filter { layout.groups[$0].container == nil }
            .map { .integer(Int64($0)) })
      ),
      ("containers", .array(layout.groups.map { .string($0.containerName) })),
      ("start", offset(start)),
      ("namespaces", .array(report.namespaces.indices.map(namespace))),
      ("lanes", .array(report.lanes.indices.map(lane))),
      ("order", .array(layout.order.map { .integer(Int64($0)) })),
      (
        "evidence",
        .array(
          report.evidence.map { piece in
            .array([
              .integer(offset(piece.from)), .integer(piece.isExact ? 1 : 0),
              .optional(piece.missing) { .string($0.words) },
            ])
          })
      ),
      (
        "gaps",
        .array(
          report.gaps.map { gap in
            .array([
              .integer(offset(gap.from)), .integer(offset(gap.until)), .string(gap.missing.words),
            ])
          })
      ),
      ("marks", .array(marks)),
      ("tables", .array(tables.map(table))),
    ]
  }

  private func namespace(_ index: Int) -> JSON {
    let one = report.namespaces[index]
    let mark = layout.marks[index]
    return .object([
      ("name", .string(one.namespace.text)),
      ("type", .integer(Int64(report.types.firstIndex(of: one.namespace.type) ?? 0))),
      // Two namespaces with equal keys may be one, if the kernel's id of one of them is not known.
      ("key", .string("\(one.namespace.boot) \(one.namespace.inode)")),
      ("known", .bool(one.namespace.kernelID != nil)),
      ("initial", .optional(one.namespace.isInitial, JSON.bool)),
      ("letter", .string(mark.letter)),
      ("colour", .optional(mark.colour) { .integer(Int64($0)) }),
      ("owner", .optional(one.owner) { .integer(Int64($0)) }),
      ("parent", .optional(one.parent) { .integer(Int64($0)) }),
      ("text", .optional(one.summary) { .string(SummaryFormatter(zone: zone).line($0)) }),
    ])
  }

  private func lane(_ index: Int) -> JSON {
    let lane = report.lanes[index]
    let process = lane.process
    return .array([
      .string(process.number.description), .string(process.shownName),
      .integer(Int64(layout.groupOfLane[index])), .integer(lane.isNamed ? 1 : 0),
      .integer(process.tid == nil ? 0 : 1), .integer(offset(process.firstSeen)),
      .integer(offset(process.lastSeen)),
    ])
  }

  /// The marks: the time, the lane, the style, and the row in the table of changes.
  private var marks: [JSON] {
    return report.changes.enumerated().compactMap { row, change in
      guard let time = change.by, let lane = layout.lane(of: change),
        let shape = ReportMark(change)
      else { return nil }
      return .array([
        .integer(offset(time)), .integer(Int64(lane)), .string(shape.style), .integer(Int64(row)),
      ])
    }
  }

  private func table(_ table: ReportTable) -> JSON {
    .object([
      ("id", .string(table.id)),
      (
        "rows",
        .array(
          table.rows.map { row in
            .array([
              .array(row.cells.map(JSON.string)), offset(row.time),
              .optional(row.lane) { .integer(Int64($0)) },
              .optional(row.namespace) { .integer(Int64($0)) },
              .optional(row.group) { .integer(Int64($0)) },
            ])
          })
      ),
    ])
  }

  /// The number of days in which a change of the offset is searched for: ten years.
  private static let mostDays = 3660

  /// Returns the offset of local time, as pairs: from when on, and how far it is ahead of UTC in nanoseconds.
  private func zones(_ time: ClosedRange<WallTime>) -> JSON {
    var pairs: [JSON] = []
    func add(_ from: WallTime) {
      pairs.append(
        .array([.integer(offset(from)), .integer(TimeFormat.offset(of: from, in: zone))]))
    }
    add(time.lowerBound)
    let day: Int64 = 86_400_000_000_000
    var from = time.lowerBound
    for _ in 0..<Self.mostDays where from < time.upperBound {
      let until = min(time.upperBound, from &+ day)
      if TimeFormat.offset(of: from, in: zone) != TimeFormat.offset(of: until, in: zone) {
        var (low, high) = (from, until)
        while high &- low > 1_000_000_000 {
          let middle = low &+ (high &- low) / 2
          if TimeFormat.offset(of: middle, in: zone) == TimeFormat.offset(of: from, in: zone) {
            low = middle
          } else {
            high = middle
          }
        }
        add(high)
      }
      // The times of a damaged file may wrap around.
      guard until > from else { break }
      from = until
    }
    return .array(pairs)
  }

  /// Returns JSON without the characters that end a script element or begin a comment in it, and without the line
  /// separators that older JavaScript does not allow in strings (HTML, "Restrictions for contents of script elements").
  static func inElement(_ json: String) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(json.utf8.count + 1024)
    for byte in json.utf8 {
      switch byte {
      case UInt8(ascii: "<"): bytes += Array("\\u003c".utf8)
      case UInt8(ascii: ">"): bytes += Array("\\u003e".utf8)
      case UInt8(ascii: "&"): bytes += Array("\\u0026".utf8)
      default: bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
