internal import ArgumentParser
internal import NSHistory

/// The options of commands that print a listing: the output format, the pager and the history file.
struct ListingOptions: ParsableArguments {
  @Option(help: "Output format.") var format = AnswerFormat.table
  @Flag(help: "Show times in UTC.") var utc = false
  @Flag(help: "Show it page by page, with $PAGER or less.") var pager = false
  @OptionGroup var database: DatabaseOption

  var zone: TimeZoneChoice { utc ? .utc : .local }

  /// Opens the history file for reading.
  func reader(_ console: Console) throws -> HistoryReader {
    let reader = try HistoryReader(path: database.path())
    console.messages.watch(reader)
    return reader
  }
}
