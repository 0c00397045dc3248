internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist timeline`: draws the history of processes in the terminal.
struct Timeline: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "timeline",
    abstract: "Draw the namespaces of processes through time: one letter is one namespace.",
    discussion: """
      nshist timeline 4711 812 --type net
      nshist timeline comm:nginx --since -1h --until now
      """)

  @Argument(help: ArgumentHelp(SelectorArguments.processHelp, valueName: "process"))
  var processes: [String]

  @OptionGroup var type: TypeOption
  @OptionGroup var inside: InsideOption
  @OptionGroup var range: RangeOption
  @OptionGroup var options: ListingOptions

  func run() throws {
    let now = ClockReading.now().wall
    let window = try range.window(now: now)
    let selectors = try processes.map { try inside.process($0, now: now) }
    let types = try type.types()
    let reader = try options.reader()
    for selector in selectors { try reader.requireKnown(selector) }
    let lanes = try reader.timeline(selectors, in: window, types: types)
    let hints = EmptyResultHelp(reader: reader, zone: options.zone)
    let caveats = try hints.caveats(in: window)
    let output = try options.output()
    if options.format == .table {
      let drawing = TimelineDrawing(
        lanes: lanes, window: window, width: output.width, colours: output.colours,
        zone: options.zone)
      try output.write(drawing.text)
      try output.finish()
    } else {
      let listing = Listing(
        "segments", SegmentColumns.all(options.zone), to: output, options.format)
      try listing.begin([caveats.json])
      _ = SegmentRow.rows(lanes, window).allSatisfy(listing.add)
      try listing.end()
    }
    try hints.say(caveats, in: window, isEmpty: lanes.isEmpty)
    for selector in selectors {
      try hints.say(othersOf: selector, in: window)
      let matches = try reader.matcher(selector)
      if lanes.contains(where: { matches($0.process) }) { continue }
      try hints.say(nothingOf: selector, in: window)
    }
    if lanes.isEmpty { try hints.endEmptyThroughTime(caveats, of: selectors) }
  }
}
