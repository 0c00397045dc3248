internal import ArgumentParser
internal import NSHistory

/// How the answer of a question is printed, and which file is asked.
struct ListingOptions: ParsableArguments {
  @Option(help: "How to print it.") var format = AnswerFormat.table
  @Flag(help: "Show times in UTC.") var utc = false
  @Flag(help: "Show it page by page, with $PAGER or less.") var pager = false
  @OptionGroup var database: DatabaseOption

  var zone: TimeZoneChoice { utc ? .utc : .local }

  /// The file, opened for reading.
  func reader() throws -> HistoryReader {
    let reader = try HistoryReader(path: database.path())
    Progress.shared.watch(reader)
    return reader
  }

  func output() throws -> Output { try Output(pages: pager) }
}
