internal import NamespaceModel
internal import ArgumentParser
internal import NSHistory

/// What the options of every question hold: the output format, the time zone and the history file.
protocol QuestionOptions: ParsableArguments {
  var format: AnswerFormat { get }
  var utc: Bool { get }
  var pager: Bool { get }
  var database: DatabaseOption { get }
  /// The store that the question may be asked of; nil for a question that only a file can answer.
  var fleet: FleetOptions? { get }
}

extension QuestionOptions {
  var zone: TimeZoneChoice { utc ? .utc : .local }
  var fleet: FleetOptions? { nil }

  /// Opens the history file for reading, or a slice out of the store that the options name.
  ///
  /// - Parameter window: the time that the question is about.
  func reader(_ console: Console, about window: TimeWindow = TimeWindow()) throws -> HistoryReader {
    if fleet?.fleet != nil, database.given != nil {
      throw ValidationError("--db cannot be combined with --fleet")
    }
    let reader =
      try fleet?.reader(of: window, console) ?? HistoryReader(path: database.path())
    console.messages.watch(reader)
    return reader
  }
}

/// The options of commands that print a listing: the output format, the pager and the history file.
struct ListingOptions: QuestionOptions {
  @Option(help: "Output format.") var format = AnswerFormat.table
  @Flag(help: "Show times in UTC.") var utc = false
  @Flag(help: "Show it page by page, with $PAGER or less.") var pager = false
  @OptionGroup var database: DatabaseOption
}

/// The options of questions that print a listing: as above, or a store instead of the history file.
struct QueryOptions: QuestionOptions {
  @Option(help: "Output format.") var format = AnswerFormat.table
  @Flag(help: "Show times in UTC.") var utc = false
  @Flag(help: "Show it page by page, with $PAGER or less.") var pager = false
  @OptionGroup var database: DatabaseOption
  @OptionGroup var store: FleetOptions

  var fleet: FleetOptions? { store }
}

/// The output format of an answer.
enum AnswerFormat: String, ExpressibleByArgument, CaseIterable {
  case table, json, csv
}

/// The options of commands that compare processes: the time, the container whose PIDs are given, the namespace
/// types, the output format and the history file.
struct ComparisonOptions: QuestionOptions {
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
  @OptionGroup var store: FleetOptions

  var fleet: FleetOptions? { store }

  /// An answer of this kind fits a screen.
  var pager: Bool { false }

  func validate() throws {
    if at != nil, range.since != nil || range.until != nil {
      throw ValidationError("--at cannot be combined with --since or --until")
    }
  }

  /// Returns the time that the question is about.
  func window(now: WallTime) throws -> TimeWindow {
    try moment(now: now).map { TimeWindow(since: $0, until: $0) } ?? range.window(now: now)
  }

  /// Returns the moment of the question (`--at`); nil if the question is about a range.
  func moment(now: WallTime) throws -> WallTime? { try TimeArguments.end(at, "--at", now: now) }
}

/// The options that select the columns and rows of a listing, and their order.
struct RowOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Only these columns, in this order.", valueName: "name,..."),
    completion: Completions.columns)
  var columns: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Sort by this column; a minus before its name sorts in descending order.",
      valueName: "name"), completion: Completions.sortColumn)
  var sort: String?

  @Flag(help: "Print the last row first.") var reverse = false

  @Option(
    help: ArgumentHelp("Print at most this many rows.", valueName: "count"))
  var limit: Int?

  @Flag(help: "On a terminal, show all columns however wide they are.") var wide = false

  func validate() throws {
    if let limit, limit < 1 {
      throw ValidationError("--limit must be 1 or more, not \(limit)")
    }
  }

  /// Returns the arrangement that the options select for a listing with these columns, in a format.
  func arrangement<Row>(
    of known: [Column<Row>], _ format: AnswerFormat
  ) throws -> RowArrangement {
    var arrangement = RowArrangement(isReversed: reverse, limit: limit, isWide: wide)
    arrangement.columns = try columns?.split(separator: ",", omittingEmptySubsequences: false)
      .map { try Self.key(String($0), known, format) }
    if let sort {
      let isDescending = sort.hasPrefix("-")
      arrangement.sort = .init(
        key: try Self.key(isDescending ? String(sort.dropFirst()) : sort, known, format),
        isDescending: isDescending)
    }
    return arrangement
  }

  /// Returns the key of the column with a name, which is its key or its heading in a table. One column may have the
  /// heading that another has as its key: then the format decides which of the two is meant.
  private static func key<Row>(
    _ name: String, _ known: [Column<Row>], _ format: AnswerFormat
  ) throws -> String {
    let name = name.lowercased()
    let headed = known.first { $0.title.lowercased() == name }
    let keyed = known.first { $0.key == name }
    let shown = format == .table && keyed?.formats.contains(.table) == false ? headed : nil
    let column = shown ?? keyed ?? headed
    guard let column else {
      let all = known.map(\.key).joined(separator: ", ")
      throw ValidationError("'\(name)' is not a column; the columns are \(all)")
    }
    return column.key
  }
}
