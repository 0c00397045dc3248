internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist query peers`: shows which processes ever shared a namespace with a process.
struct QueryPeers: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peers",
    abstract: "Show who ever shared a namespace with a process, which, when and for how long.",
    discussion: """
      nshist query peers 4711
      nshist query peers 4711 --type net --initial --since 10:00 --until 11:00
      """)

  @Argument(help: ArgumentHelp(SelectorArguments.processHelp, valueName: "process"))
  var process: String

  @Flag(help: "Count initial namespaces too: those are shared with the host.")
  var initial = false

  @OptionGroup var type: TypeOption
  @OptionGroup var inside: InsideOption
  @OptionGroup var range: RangeOption
  @OptionGroup var rows: RowOptions
  @OptionGroup var options: ListingOptions

  func run() throws {
    let now = ClockReading.now().wall
    let selector = try inside.process(process, now: now)
    let window = try range.window(now: now)
    let question = PeersQuestion(
      selector, in: window, types: try type.types(), countsInitial: initial)
    let all = PeerColumns.all(options.zone)
    let arrangement = try rows.arrangement(of: all, options.format)
    let reader = try options.reader()
    try reader.requireKnown(selector)
    let listing = Listing("peers", all, arrangement, to: try options.output(), options.format)
    let hints = EmptyResultHelp(reader: reader, zone: options.zone)
    let caveats = try hints.caveats(in: window)
    try listing.begin([caveats.json])
    let nameless = NamelessContainers()
    try reader.peers(question) { peer in
      nameless.note(peer.peer)
      return PeerRow.rows(peer, grouped: options.format == .table).allSatisfy(listing.add)
    }
    try listing.end()
    nameless.say()
    try hints.say(caveats, in: window, isEmpty: listing.rows == 0)
    try hints.say(othersOf: selector, in: window)
    if listing.rows == 0 {
      try sayNothing(selector, window, reader, hints)
      try hints.endEmptyThroughTime(caveats)
    }
  }

  private func sayNothing(
    _ selector: ProcessSelector, _ window: TimeWindow, _ reader: HistoryReader,
    _ hints: EmptyResultHelp
  ) throws {
    guard try reader.isRecorded(selector, in: window) else {
      return try hints.say(nothingOf: selector, in: window)
    }
    var isRead = false
    try reader.history(selector, in: window) { stay in
      isRead = stay.links.values.contains { $0.namespace != nil }
      return !isRead
    }
    guard isRead else {
      return Messages.shared.say("its namespaces could not be read: see nshist query history")
    }
    Messages.shared.say(
      initial
        ? "no process is proven to have shared a namespace with it"
        : "no process is proven to have shared a namespace with it, initial ones excepted; --initial includes those"
    )
  }
}
