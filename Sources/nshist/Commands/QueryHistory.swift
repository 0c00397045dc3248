internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist query history`: shows the namespaces of a process over time.
struct QueryHistory: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "history",
    abstract: "Show what a process was, its namespaces from when to when, and what changed.",
    discussion: """
      nshist query history 4711
      nshist query history 4711@10:42 --since -1h --format json

      Also of a process that has exited: its name, user, container and parent at the time, how each time \
      began and ended, and whose namespaces it joined. Who entered its container: nshist query changes \
      --container NAME.
      """)

  @Argument(help: ArgumentHelp(SelectorArguments.processHelp, valueName: "process"))
  var process: String

  @OptionGroup var inside: InsideOption
  @OptionGroup var range: RangeOption
  @OptionGroup var rows: RowOptions
  @OptionGroup var options: ListingOptions

  func run() throws {
    let now = ClockReading.now().wall
    let selector = try inside.process(process, now: now)
    let window = try range.window(now: now)
    let all = HistoryColumns.all(options.zone)
    let arrangement = try rows.arrangement(of: all, options.format)
    let reader = try options.reader()
    try reader.requireKnown(selector)
    let listing = Listing(
      "history", all, arrangement, to: try options.output(), options.format)
    let hints = EmptyResultHelp(reader: reader, zone: options.zone)
    let caveats = try hints.caveats(in: window)
    try listing.begin([caveats.json])
    let nameless = NamelessContainers()
    try reader.history(selector, in: window) { stay in
      nameless.note(stay.process)
      return listing.add(stay)
    }
    try listing.end()
    nameless.say()
    try hints.say(caveats, in: window, isEmpty: listing.rows == 0)
    try hints.say(othersOf: selector, in: window)
    if listing.rows == 0 {
      try hints.say(nothingOf: selector, in: window)
      try hints.endEmptyThroughTime(caveats, of: [selector])
    }
  }
}
