internal import ArgumentParser

/// The options that select the columns and rows of a listing, and their order.
struct RowOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Only these columns, in this order.", valueName: "name,..."))
  var columns: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Sort by this column; a minus before its name sorts in descending order.",
      valueName: "name"))
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
