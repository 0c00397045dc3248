internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist query history`: the namespaces of a process through time.
struct QueryHistory: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history",
    abstract: "Show the namespaces that a process had, from when to when, and what changed.",
    discussion: """
      nshist query history 4711
      nshist query history 4711@10:42 --since -1h --format json
      """)

  @Argument(help: ArgumentHelp(SelectorArguments.processHelp, valueName: "process"))
  var process: String

  @OptionGroup var inside: InsideOption
  @OptionGroup var range: RangeOption
  @OptionGroup var columns: ColumnsOption
  @OptionGroup var options: ListingOptions

  func run() throws {
    let now = ClockReading.now().wall
    let selector = try inside.process(process, now: now)
    let window = try range.window(now: now)
    let all = StayColumns.all(options.zone)
    let chosen = try columns.chosen(of: all)
    let reader = try options.reader()
    try reader.requireKnown(selector)
    let listing = Listing(
      "history", all, chosen: chosen, to: try options.output(), options.format)
    let hints = Hints(reader: reader, zone: options.zone)
    let caveats = try hints.caveats(in: window)
    try listing.begin([caveats.json])
    try reader.history(selector, in: window) { listing.add($0) }
    try listing.end()
    try hints.say(caveats, in: window, isEmpty: listing.rows == 0)
    try hints.say(othersOf: selector, in: window)
    if listing.rows == 0 {
      try hints.say(nothingOf: selector, in: window)
      try hints.endEmpty(caveats)
    }
  }
}
