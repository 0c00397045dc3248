internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist query coverage`: shows the recorded periods and the gaps between them.
struct QueryCoverage: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "coverage",
    abstract: "Show when samples were taken, the gaps and their causes, and what was denied.",
    discussion: """
      nshist query coverage
      nshist query coverage --at 10:42

      With --at: whether the history covers that moment. Without: all periods that were recorded, and all gaps.
      """)

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Only the period that contains this time. \(TimeArguments.help)", valueName: "time"))
  var at: String?

  @OptionGroup var range: RangeOption
  @OptionGroup var rows: RowOptions
  @OptionGroup var options: ListingOptions

  func validate() throws {
    if at != nil, range.since != nil || range.until != nil {
      throw ValidationError("--at cannot be combined with --since or --until")
    }
  }

  func run() throws {
    let now = ClockReading.now().wall
    let time = try TimeArguments.end(at, "--at", now: now)
    var window = try range.window(now: now)
    if let time { window = TimeWindow(since: time, until: time) }
    let all = CoverageColumns.all(options.zone)
    let arrangement = try rows.arrangement(of: all, options.format)
    let reader = try options.reader()
    let hints = EmptyResultHelp(reader: reader, zone: options.zone)
    let caveats = try hints.caveats(in: window)
    let listing = Listing(
      "periods", all, arrangement, to: try options.output(), options.format)
    let coverage = try time.map { try reader.coverage(at: $0) }
    if let time, let coverage {
      let words = CoverageFormatter(time: time, coverage: coverage, zone: options.zone)
      try listing.begin(
        words.json + [caveats.json], lines: words.lines + caveats.lines)
    } else {
      try listing.begin([])
    }
    try reader.coverage(in: window) { listing.add($0) }
    try listing.end()
    guard listing.rows == 0 else {
      if coverage?.isCovered == false { throw ExitCode(ExitStatus.unknown) }
      return
    }
    if try reader.recordedSpan() == nil { try hints.say(caveats, now, [], nil) }
    try hints.say(caveats, in: window, isEmpty: true)
    try hints.endEmpty(caveats)
  }
}
