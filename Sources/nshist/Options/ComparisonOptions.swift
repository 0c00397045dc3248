internal import ArgumentParser
internal import NSHistory

/// The options of commands that compare processes: the time, the container whose PIDs are given, the namespace
/// types, the output format and the history file.
struct ComparisonOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("At this moment. \(TimeArguments.help)", valueName: "time"))
  var at: String?

  @OptionGroup var inside: InsideOption
  @OptionGroup var range: RangeOption
  @OptionGroup var type: TypeOption
  @Option(help: "Output format.") var format = AnswerFormat.table
  @Flag(help: "Show times in UTC.") var utc = false
  @OptionGroup var database: DatabaseOption

  var zone: TimeZoneChoice { utc ? .utc : .local }

  func validate() throws {
    if at != nil, range.since != nil || range.until != nil {
      throw ValidationError("--at cannot be combined with --since or --until")
    }
  }

  /// Returns the moment of the question (`--at`); nil if the question is about a range.
  func moment(now: Int64) throws -> Int64? { try TimeArguments.end(at, "--at", now: now) }

  /// Opens the history file for reading. Throws an error if it does not hold a name or container of a selector.
  func reader(of selectors: [ProcessSelector], _ console: Console) throws -> HistoryReader {
    let reader = try HistoryReader(path: database.path())
    for selector in selectors { try reader.requireKnown(selector) }
    console.messages.watch(reader)
    return reader
  }
}
