internal import ArgumentParser

/// Which columns and rows of a listing are printed, and in which order.
struct RowOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Only these columns, in this order.", valueName: "name,..."))
  var columns: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "In the order of this column; with a minus before its name, the greatest first.",
      valueName: "name"))
  var sort: String?

  @Flag(help: "The last row first.") var reverse = false

  @Option(
    help: ArgumentHelp("At most so many rows: the first ones in their order.", valueName: "count"))
  var limit: Int?

  @Flag(help: "On a terminal, show all columns however wide they are.") var wide = false

  func validate() throws {
    if let limit, limit < 1 {
      throw ValidationError("--limit takes a number from 1 on, not \(limit)")
    }
  }

  /// What was asked for, of a listing with these columns.
  func arrangement<Row>(of known: [Column<Row>]) throws -> RowArrangement {
    var arrangement = RowArrangement(isReversed: reverse, limit: limit, isWide: wide)
    arrangement.columns = try columns?.split(separator: ",", omittingEmptySubsequences: false)
      .map { try Self.key(String($0), known) }
    if let sort {
      let isDescending = sort.hasPrefix("-")
      arrangement.sort = .init(
        key: try Self.key(isDescending ? String(sort.dropFirst()) : sort, known),
        isDescending: isDescending)
    }
    return arrangement
  }

  /// The key of a column that is named as a program has it, or as a table shows it.
  private static func key<Row>(_ name: String, _ known: [Column<Row>]) throws -> String {
    let name = name.lowercased()
    let column =
      known.first { $0.key == name } ?? known.first { $0.title.lowercased() == name }
    guard let column else {
      let all = known.map(\.key).joined(separator: ", ")
      throw ValidationError("'\(name)' is not a column; the columns are \(all)")
    }
    return column.key
  }
}

/// Which columns and rows of a listing are printed, and in which order.
struct RowArrangement {
  /// The keys of the columns; nil for the usual ones.
  var columns: [String]?
  /// The column whose values order the rows; nil for the order in which they come.
  var sort: Order?
  var isReversed = false
  /// How many rows are printed at most.
  var limit: Int?
  /// Whether a terminal gets all columns too.
  var isWide = false

  /// An order by one column.
  struct Order {
    let key: String
    let isDescending: Bool
  }

  /// Whether all rows have to be known before the first is printed.
  var needsAll: Bool { sort != nil || isReversed }
}
