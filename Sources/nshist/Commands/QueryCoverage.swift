internal import ArgumentParser
internal import NSHistory
internal import NamespaceModel

/// `nshist query coverage`: shows the recorded periods and the gaps between them.
struct QueryCoverage: ListingCommand {
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
  @OptionGroup var options: QueryOptions

  func validate() throws {
    if at != nil, range.since != nil || range.until != nil {
      throw ValidationError("--at cannot be combined with --since or --until")
    }
  }

  static var columnNames: [String] { CoverageColumns.all(.utc).map(\.key) }

  func window(now: WallTime) throws -> TimeWindow {
    try TimeArguments.end(at, "--at", now: now).map { TimeWindow(since: $0, until: $0) }
      ?? range.window(now: now)
  }

  func ask(in context: QuestionContext) throws {
    let now = context.now
    let time = try TimeArguments.end(at, "--at", now: now)
    let window =
      try time.map { TimeWindow(since: $0, until: $0) } ?? range.window(now: now)
    let all = CoverageColumns.all(context.zone)
    let arrangement = try rows.arrangement(of: all, context.format)
    let (reader, help) = try context.open()
    let caveats = try help.caveats(in: window)
    let listing = Listing("periods", all, arrangement, to: try context.output(), context.format)
    let coverage = try time.map { try reader.coverage(at: $0) }
    if let time, let coverage {
      let formatter = CoverageFormatter(time: time, coverage: coverage, zone: context.zone)
      try listing.begin(
        formatter.json + [caveats.json], lines: formatter.lines + caveats.lines)
    } else {
      try listing.begin([])
    }
    try reader.coverage(in: window) { listing.add($0) }
    // A refusal says by itself what the slice holds.
    if let slice = try reader.sliceInfo() { context.say(SliceFormatter.line(slice, context.zone)) }
    try listing.end()
    guard listing.rows == 0 else {
      if coverage?.isCovered == false { throw ExitCode(ExitStatus.unknown) }
      return
    }
    if try reader.recordedSpan() == nil { try help.say(caveats, now, [], nil) }
    try help.say(caveats, in: window, isEmpty: true)
    try help.endEmpty(caveats)
  }
}
