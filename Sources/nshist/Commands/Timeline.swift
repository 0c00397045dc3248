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
      nshist timeline container:web --follow --since -5m
      """)

  @Argument(
    help: ArgumentHelp(SelectorArguments.processHelp, valueName: "process"),
    completion: Completions.process)
  var processes: [String]

  @Flag(help: "Draw every type, also those in which the processes never differ and never change.")
  var all = false

  @Flag(
    help: """
      Draw again in the same place while a recorder writes, until ^C. By default it draws the last 10 minutes; a \
      relative --since such as -1h moves along.
      """)
  var follow = false

  @OptionGroup var type: TypeOption
  @OptionGroup var inside: InsideOption
  @OptionGroup var range: RangeOption
  @OptionGroup var options: ListingOptions

  func validate() throws {
    guard follow else { return }
    let excluded = [
      ("--until", range.until != nil), ("--pager", options.pager),
      ("--format \(options.format)", options.format != .table),
    ].filter(\.1).map(\.0)
    if let option = excluded.first {
      throw ValidationError("--follow cannot be combined with \(option)")
    }
  }

  func ask(in context: QuestionContext) throws {
    let now = context.now
    var window = try range.window(now: now)
    let selectors = try processes.map { try inside.process($0, now: now) }
    let types = try type.types()
    var (reader, help) = try context.open(naming: selectors)
    if follow {
      try requireScreen(context.console)
      window = try follow(selectors, types, in: context)
      (reader, help) = try context.open()
    }
    let rows = try reader.timeline(selectors, in: window, types: types)
    let caveats = try help.caveats(in: window)
    let output = try context.output()
    if context.format == .table {
      let picture = drawing(rows, in: window, Console.width(of: context.console.output), context)
        .picture
      for line in picture.head + picture.rows { try output.write(line + "\n") }
      for line in picture.foot { try output.write(line: line) }
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

  private func drawing(
    _ rows: [TimelineRow], in window: TimeWindow, _ width: Int, _ context: QuestionContext
  ) -> TimelineDrawing {
    let console = context.console
    return TimelineDrawing(
      rows: rows, folds: !all && type.given.isEmpty, window: window, width: width,
      style: console.showsBlocks ? .blocks : .letters(colours: console.colours),
      zone: context.zone)
  }

  private func requireScreen(_ console: Console) throws {
    let remedy = "leave it out, or print changes with nshist query changes --follow"
    guard console.isTerminal else {
      throw ValidationError(
        "--follow draws in place on a terminal, and standard output is none; \(remedy)")
    }
    if Environment.variable("TERM") == "dumb" {
      throw ValidationError(
        "--follow draws in place, which a terminal of the type 'dumb' cannot do; \(remedy)")
    }
  }

  /// How much of the past `--follow` draws without `--since`, in nanoseconds.
  private static let followed: Int64 = 600_000_000_000

  /// Draws again and again while a recorder writes, until a signal ends it. Returns the window of the last drawing.
  private func follow(
    _ selectors: [ProcessSelector], _ types: [NamespaceType], in context: QuestionContext
  ) throws -> TimeWindow {
    // The status line of a query would be drawn into the picture.
    context.console.messages.stopProgress()
    let screen = try Screen(context.console)
    while true {
      // A reader knows only when it opens the file whether a recorder has it open.
      let reader = try context.options.reader(context.console)
      let version = try reader.version()
      let size = screen.size
      let now = ClockReading.now().wall
      let given = try range.window(now: now)
      // Without a recorder, the time since the last sample is drawn too: as a gap.
      let window = TimeWindow(
        since: try given.since
          ?? max(
            now &- Self.followed, reader.recordedSpan()?.lowerBound ?? .min),
        until: reader.isRecorded ? nil : now)
      let picture = drawing(
        try reader.timeline(selectors, in: window, types: types), in: window, size.width, context
      ).picture
      let status = try status(of: reader, at: now, context.zone)
      try screen.show(
        [String(status.prefix(size.width)), ""] + picture.lines(size.width, size.height - 2))
      // Draws at most four times a second, and at least once.
      var waits = 0
      repeat {
        guard try screen.wait(milliseconds: 250) else { return window }
        waits += 1
      } while try waits < 4 && reader.version() == version && screen.size == size
    }
  }

  /// Returns the first line of a drawing that is followed.
  private func status(
    of reader: HistoryReader, at now: WallTime, _ zone: TimeZoneChoice
  ) throws -> String {
    let time = TimeFormat.localTime(now, zone)
    guard reader.isRecorded else { return "\(time): no recorder has \(reader.path) open" }
    let last = try reader.lastSample().map {
      "the last sample was \(TimeFormat.duration(now &- $0)) earlier"
    }
    return "\(time): \(last ?? "there is no sample yet"); ^C ends this"
  }
}

/// A row about one segment of a timeline row.
final class SegmentRow {
  let row: TimelineRow
  let segment: TimelineRow.Segment

  private init(row: TimelineRow, segment: TimelineRow.Segment) {
    self.row = row
    self.segment = segment
  }

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
