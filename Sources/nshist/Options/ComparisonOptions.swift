internal import ArgumentParser
internal import NSHistory

/// When a question that compares processes is about, whose PIDs it gives, how its answer is printed, and
/// which file is asked.
struct ComparisonOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("At this moment. \(TimeArguments.help)", valueName: "time"))
  var at: String?

  @OptionGroup var inside: InsideOption
  @OptionGroup var range: RangeOption
  @OptionGroup var type: TypeOption
  @Option(help: "How to print it.") var format = AnswerFormat.table
  @Flag(help: "Show times in UTC.") var utc = false
  @OptionGroup var database: DatabaseOption

  var zone: TimeZoneChoice { utc ? .utc : .local }

  func validate() throws {
    if at != nil, range.since != nil || range.until != nil {
      throw ValidationError("--at is one moment: leave --since and --until out, or --at")
    }
  }

  /// The moment that is asked about; nil where it is a range.
  func moment(now: Int64) throws -> Int64? { try TimeArguments.end(at, "--at", now: now) }

  /// The file, opened for reading, in which everyone who is asked about is known.
  func reader(of selectors: [ProcessSelector]) throws -> HistoryReader {
    let reader = try HistoryReader(path: database.path())
    for selector in selectors { try reader.requireKnown(selector) }
    Progress.shared.watch(reader)
    return reader
  }
}
