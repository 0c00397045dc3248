internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist timeline`: draws the history of processes in the terminal.
struct Timeline: QuestionCommand {
  static let configuration = CommandConfiguration(
    commandName: "timeline",
    abstract: "Draw the namespaces of processes through time: one letter is one namespace.",
    discussion: """
      nshist timeline 4711 812 --type net
      nshist timeline comm:nginx --since -1h --until now
      """)

  @Argument(
    help: ArgumentHelp(SelectorArguments.processHelp, valueName: "process"),
    completion: Completions.process)
  var processes: [String]

  @Flag(help: "Draw every type, also those in which the processes never differ and never change.")
  var all = false

  @OptionGroup var type: TypeOption
  @OptionGroup var inside: InsideOption
  @OptionGroup var range: RangeOption
  @OptionGroup var options: ListingOptions

  func ask(in context: QuestionContext) throws {
    let now = context.now
    let window = try range.window(now: now)
    let selectors = try processes.map { try inside.process($0, now: now) }
    let types = try type.types()
    let (reader, help) = try context.open(naming: selectors)
    let rows = try reader.timeline(selectors, in: window, types: types)
    let caveats = try help.caveats(in: window)
    let output = try context.output()
    if context.format == .table {
      let drawing = TimelineDrawing(
        rows: rows, folds: !all && type.given.isEmpty, window: window, width: output.width,
        colours: output.colours,
        zone: context.zone)
      try output.write(drawing.text)
      try output.finish()
    } else {
      let listing = Listing(
        "segments", SegmentColumns.all(context.zone), to: output, context.format)
      try listing.begin([caveats.json])
      _ = SegmentRow.rows(rows, window).allSatisfy(listing.add)
      try listing.end()
    }
    try help.say(caveats, in: window, isEmpty: rows.isEmpty)
    for selector in selectors {
      try help.say(othersOf: selector, in: window)
      let matches = try reader.matcher(selector)
      if rows.contains(where: { matches($0.process) }) { continue }
      try help.say(nothingOf: selector, in: window)
    }
    let isInFuture =
      try window.since.flatMap { since in
        try reader.recordedSpan().flatMap { help.future(since, $0) }
      } != nil
    if rows.isEmpty || isInFuture {
      try help.endEmptyThroughTime(caveats, of: selectors, in: window)
    }
  }
}

/// A row about one segment of a timeline row.
struct SegmentRow {
  let row: TimelineRow
  let segment: TimelineRow.Segment

  static func rows(_ rows: [TimelineRow], _ window: TimeWindow) -> [SegmentRow] {
    rows.flatMap { row in
      row.segments.filter {
        $0.until >= window.since ?? WallTime.min && $0.from <= window.until ?? WallTime.max
      }.map { SegmentRow(row: row, segment: $0) }
    }
  }

  var namespace: NamespaceRecord? {
    if case .namespace(let namespace) = segment.state { namespace } else { nil }
  }

  var reason: UnknownReason? {
    if case .unknown(let reason) = segment.state { reason } else { nil }
  }
}

/// The columns of a timeline in JSON and CSV.
enum SegmentColumns {
  static func all(_ zone: TimeZoneChoice) -> [Column<SegmentRow>] {
    ProcessColumns.all { $0.row.process } + [
      Column("type") { .string($0.row.type.name) },
      TimeColumns.time("from", zone) { $0.segment.from },
      TimeColumns.time("until", zone) { $0.segment.until },
      Column("inode") { .optional($0.namespace?.inode, JSON.unsigned) },
      Column("id") { .optional($0.namespace?.kernelID, JSON.unsigned) },
      Column("initial") { .optional($0.namespace?.isInitial, JSON.bool) },
      Column("unknown") { .optional($0.reason) { .string($0.rawValue) } },
    ]
  }
}
