internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist query members`: who was in a namespace, and when.
struct QueryMembers: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "members",
    abstract: "Show every process that was in a namespace, when, and what keeps it alive.",
    discussion: """
      nshist query members net:4026532281
      nshist query members mnt@4711 --since -1h --format csv
      """)

  @Argument(help: ArgumentHelp(SelectorArguments.namespaceHelp, valueName: "namespace"))
  var namespace: String

  @OptionGroup var incarnations: IncarnationsOption
  @OptionGroup var range: RangeOption
  @OptionGroup var columns: ColumnsOption
  @OptionGroup var options: ListingOptions

  func run() throws {
    let now = ClockReading.now().wall
    let selector = try incarnations.namespace(namespace, now: now)
    let window = try range.window(now: now)
    let all = MemberColumns.all(options.zone)
    let chosen = try columns.chosen(of: all)
    let reader = try options.reader()
    try reader.requireKnown(selector.process)
    let summaries = try reader.namespaces(selector, in: window)
    let listing = Listing(
      "members", all, chosen: chosen, to: try options.output(), options.format)
    let words = SummaryWords(zone: options.zone)
    let hints = Hints(reader: reader, zone: options.zone)
    let caveats = try hints.caveats(in: window)
    try listing.begin(
      [caveats.json, ("namespaces", .array(summaries.map(words.json)))],
      lines: summaries.map(words.line))
    try reader.members(of: selector, in: window) { listing.add($0) }
    try reader.parents(of: selector, in: window) { listing.add($0) }
    try listing.end()
    try hints.say(caveats, in: window, isEmpty: listing.rows == 0)
    try hints.say(othersOf: selector)
    guard listing.rows == 0 else { return }
    if summaries.isEmpty, try reader.namespaces(selector).isEmpty {
      try hints.say(nothingOf: selector)
    } else {
      Messages.shared.say("no process was seen in it then")
    }
    try hints.endEmpty(caveats)
  }
}
