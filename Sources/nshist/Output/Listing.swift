internal import NSHistory

/// A column of a listing: one value of each row, in the words of each format.
struct Column<Row> {
  /// Its name in JSON, in CSV and for `--columns`.
  let key: String
  /// Its heading in a table.
  let title: String
  /// Which formats have it unless columns are chosen.
  let formats: Set<AnswerFormat>
  let json: (Row) -> JSON
  let cell: (Row) -> Table.Cell
  /// Where a table is too wide for the terminal, the column with the highest rank is left out first; one of rank 0
  /// stays.
  var rank = 0
  /// Whether its cells are times.
  var isTime = false

  /// A column whose cells, unless given, are what CSV has.
  init(
    _ key: String, _ title: String? = nil, in formats: Set<AnswerFormat> = [.table, .json, .csv],
    cell: ((Row) -> Table.Cell)? = nil, _ json: @escaping (Row) -> JSON
  ) {
    self.key = key
    self.title = title ?? key.uppercased()
    self.formats = formats
    self.json = json
    self.cell = cell ?? { Table.Cell(text: json($0).field) }
  }

  /// The same column, whose cells are times.
  var ofTime: Column {
    var column = self
    column.isTime = true
    return column
  }

  /// The same column, which gives way on a narrow terminal.
  func yielding(_ rank: Int) -> Column {
    var column = self
    column.rank = rank
    return column
  }

  /// The field of a CSV record: an object is reported in the words of a table.
  func field(_ row: Row) -> String {
    let value = json(row)
    return value.hasObjects ? cell(row).text : value.field
  }
}

extension Set<AnswerFormat> {
  /// What is too much for a table.
  static let data: Self = [.json, .csv]
}

/// Prints rows as they come, in one of the formats.
///
/// JSON is an object whose last key holds the rows. A table is kept back until it is known how wide
/// the columns of the first thousand rows are. So memory does not grow with the number of rows.
final class Listing<Row> {
  private let format: AnswerFormat
  private let all: [Column<Row>]
  private let columns: [Column<Row>]
  private let key: String
  private let output: Output
  private let arrangement: RowArrangement
  private var table: StreamedTable
  /// The rows, where all have to be known first, each with the value that orders it.
  private var kept: [(row: Row, value: JSON)] = []
  /// Whether there are more rows than were asked for.
  private var isCut = false
  /// How many there were to print.
  private(set) var rows = 0
  private var isFirst = true
  private var failure: OutputError?

  /// - Parameters:
  ///   - key: what JSON calls the rows.
  ///   - arrangement: which columns and rows are printed.
  init(
    _ key: String, _ columns: [Column<Row>], _ arrangement: RowArrangement = .init(),
    to output: Output, _ format: AnswerFormat
  ) {
    self.key = key
    self.format = format
    self.output = output
    self.arrangement = arrangement
    all = columns
    let shown =
      arrangement.columns?.compactMap { key in columns.first { $0.key == key } }
      ?? columns.filter { $0.formats.contains(format) }
    self.columns = shown
    let fit =
      output.isSeen && !arrangement.isWide
      ? TableFit(
        width: output.width, ranks: shown.map(\.rank),
        times: shown.indices.filter { shown[$0].isTime }) : nil
    table = StreamedTable(shown.map(\.title), colours: output.colours, fit: fit)
  }

  /// What stands before the first row: for JSON what else there is to say, for a table lines.
  func begin(_ head: [(String, JSON)], lines: [String] = []) throws(OutputError) {
    switch format {
    case .table:
      for line in lines { try output.write(line + "\n") }
      if !lines.isEmpty { try output.write("\n") }
    case .json:
      try output.write("{\n")
      for (key, value) in head {
        try output.write("  \(JSON.string(key).compact): \(value.compact),\n")
      }
      try output.write("  \(JSON.string(key).compact): [")
    case .csv: try output.write(DelimitedText.csv(columns.map(\.key)))
    }
  }

  /// Prints a row; returns false when nobody wants more, or that failed, which `end` then throws.
  func add(_ row: Row) -> Bool {
    guard failure == nil else { return false }
    Progress.shared.tick()
    if arrangement.needsAll {
      let column = arrangement.sort.flatMap { order in all.first { $0.key == order.key } }
      kept.append((row, column?.json(row) ?? .null))
      rows += 1
      return true
    }
    guard rows < arrangement.limit ?? .max else {
      isCut = true
      return false
    }
    rows += 1
    do throws(OutputError) { try print(row) } catch { failure = error }
    return failure == nil && !output.isLeft
  }

  private func print(_ row: Row) throws(OutputError) {
    switch format {
    case .table:
      if let text = table.add(columns.map { $0.cell(row) }) { try output.write(text) }
    case .json:
      let object = JSON.object(columns.map { ($0.key, $0.json(row)) })
      try output.write((isFirst ? "\n    " : ",\n    ") + object.compact)
    case .csv: try output.write(DelimitedText.csv(columns.map { $0.field(row) }))
    }
    isFirst = false
  }

  /// Prints the rows that were kept, in the order that was asked for.
  private func printKept() throws(OutputError) {
    guard arrangement.needsAll else { return }
    var indices = Array(kept.indices)
    if let order = arrangement.sort {
      indices.sort { one, other in
        let (value, next) = (kept[one].value, kept[other].value)
        if value.isBefore(next) { return !order.isDescending }
        if next.isBefore(value) { return order.isDescending }
        return one < other
      }
    }
    if arrangement.isReversed { indices.reverse() }
    isCut = indices.count > arrangement.limit ?? .max
    for index in indices.prefix(arrangement.limit ?? .max) where !output.isLeft {
      try print(kept[index].row)
    }
    kept.removeAll()
  }

  /// What stands behind the last row.
  func end(lines: [String] = []) throws(OutputError) {
    if let failure { throw failure }
    try printKept()
    defer { sayWhatIsLeftOut() }
    switch format {
    case .table:
      if rows > 0 { try output.write(table.rest()) }
      if !lines.isEmpty {
        try output.write((rows > 0 ? "\n" : "") + lines.joined(separator: "\n") + "\n")
      }
    case .json: try output.write(rows == 0 ? "]\n}\n" : "\n  ]\n}\n")
    case .csv: break
    }
    try output.finish()
  }

  private func sayWhatIsLeftOut() {
    if isCut, let limit = arrangement.limit {
      Messages.shared.say("there are more rows; --limit \(limit) shows the first of them")
    }
    let hidden = table.hidden.map { columns[$0].title }
    if !hidden.isEmpty {
      let word = hidden.count == 1 ? "column" : "columns"
      Messages.shared.say(
        "the terminal is too narrow for the \(word) \(hidden.joined(separator: ", ")): --wide shows all"
      )
    }
  }
}

extension JSON {
  /// Whether there is an object in it.
  fileprivate var hasObjects: Bool {
    switch self {
    case .object: true
    case .array(let values): values.contains(where: \.hasObjects)
    default: false
    }
  }

  /// Whether it comes before another value of its column: numbers by their size, everything else as text, and nothing
  /// at the end.
  fileprivate func isBefore(_ other: JSON) -> Bool {
    switch (self, other) {
    case (.null, _): false
    case (_, .null): true
    default:
      if let number, let next = other.number { number < next } else { field < other.field }
    }
  }

  private var number: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .unsigned(let value): Double(value)
    case .number(let value): Double(value)
    default: nil
    }
  }

  /// The value as one field of CSV, or a cell: nothing for null, and the values of a list with spaces
  /// in between.
  var field: String {
    switch self {
    case .null: ""
    case .bool(let value): String(value)
    case .integer(let value): String(value)
    case .unsigned(let value): String(value)
    case .number(let value): value
    case .string(let value): value
    case .array(let values): values.map(\.field).joined(separator: " ")
    case .object: compact
    }
  }
}
