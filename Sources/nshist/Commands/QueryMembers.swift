internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist query members`: shows which processes were in a namespace, and when.
struct QueryMembers: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "members",
    abstract:
      "Show who made a namespace, what keeps it, and every process that was in it, and when.",
    discussion: """
      nshist query members net:4026532281
      nshist query members mnt@4711 --since -1h --format csv

      Above the table: who made it, or was the first to be seen in it; what pins it (a mount, an open file, \
      a socket); and what keeps it now.
      """)

  @Argument(help: ArgumentHelp(SelectorArguments.namespaceHelp, valueName: "namespace"))
  var namespace: String

  @OptionGroup var incarnations: IncarnationsOption
  @OptionGroup var range: RangeOption
  @OptionGroup var rows: RowOptions
  @OptionGroup var options: ListingOptions

  func run() throws {
    let now = ClockReading.now().wall
    let selector = try incarnations.namespace(namespace, now: now)
    let window = try range.window(now: now)
    let all = MemberColumns.all(options.zone)
    let arrangement = try rows.arrangement(of: all, options.format)
    let reader = try options.reader()
    try reader.requireKnown(selector.process)
    let summaries = try reader.namespaces(selector, in: window)
    let listing = Listing(
      "members", all, arrangement, to: try options.output(), options.format)
    let words = SummaryFormatter(zone: options.zone)
    let hints = EmptyResultHelp(reader: reader, zone: options.zone)
    let caveats = try hints.caveats(in: window)
    try listing.begin(
      [caveats.json, ("namespaces", .array(summaries.map(words.json)))],
      lines: summaries.map(words.line))
    let nameless = NamelessContainers()
    func add(_ member: Member) -> Bool {
      nameless.note(member.process)
      return listing.add(member)
    }
    try reader.members(of: selector, in: window, add)
    try reader.parents(of: selector, in: window, add)
    try listing.end()
    nameless.say()
    try hints.say(caveats, in: window, isEmpty: listing.rows == 0)
    try hints.say(othersOf: selector)
    guard listing.rows == 0 else { return }
    if summaries.isEmpty, try reader.namespaces(selector).isEmpty {
      try hints.say(nothingOf: selector)
    } else {
      Messages.shared.say("no process was seen in it then")
    }
    try hints.endEmptyThroughTime(caveats)
  }
}
