internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist query namespaces`: lists the namespaces at a moment, as lsns(8) does for the present.
struct QueryNamespaces: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "namespaces",
    abstract: "Show every namespace at a time: what lsns would have printed then.",
    discussion: """
      nshist query namespaces --at 10:42
      nshist query namespaces --at -5m --type net --columns inode,nprocs,pid,comm
      """)

  @OptionGroup var moment: MomentOption
  @OptionGroup var type: TypeOption
  @Option(
    help: ArgumentHelp(
      "Only those that processes of a container are in, by name or the beginning of an id.",
      valueName: "container"))
  var container: String?

  @OptionGroup var rows: RowOptions
  @OptionGroup var options: ListingOptions

  func run() throws {
    let time = try moment.time(now: ClockReading.now().wall)
    let types = try type.types()
    let all = NamespaceMomentColumns.all(options.zone)
    let arrangement = try rows.arrangement(of: all, options.format)
    let reader = try options.reader()
    try reader.requireKnown(container.map { .container($0) })
    let answer = try reader.namespaces(
      at: time, of: container.map { try reader.matcher(.container($0)) })
    let listing = Listing(
      "namespaces", all, arrangement, to: try options.output(), options.format)
    let words = MomentFormatter(
      time: time, samples: answer.samples, zone: options.zone, unread: answer.unread,
      looks: answer.looks)
    let hints = EmptyResultHelp(reader: reader, zone: options.zone)
    let caveats = try hints.caveats(at: time, moment)
    try listing.begin(words.json + [caveats.json], lines: words.lines)
    let nameless = NamelessContainers()
    _ = answer.namespaces.lazy.filter { types.contains($0.namespace.type) }
      .allSatisfy { namespace in
        nameless.note(namespace.lowest)
        return listing.add(namespace)
      }
    try listing.end()
    nameless.say()
    try hints.say(caveats, time, answer.samples, answer.recorded)
    if let container, answer.namespaces.isEmpty {
      try hints.say(
        nothingOf: .container(container), in: TimeWindow(since: time, until: time))
    }
    if listing.rows == 0 { try hints.endEmpty(caveats) }
  }
}
