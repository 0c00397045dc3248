internal import NSHistory

/// A column of a listing: one value of each row, formatted for each output format.
struct Column<Row> {
  /// Its name in JSON, in CSV and for `--columns`.
  let key: String
  /// Its heading in a table.
  let title: String
  /// The formats that include the column by default.
  let formats: Set<AnswerFormat>
  let json: (Row) -> JSON
  let cell: (Row) -> Table.Cell
  /// The order in which a table that is too wide for the terminal omits columns: the highest rank first. A column
  /// of rank 1 is omitted only if it has no values, and one of rank 0 never.
  var rank = 0
  /// Whether its cells are times.
  var isTime = false
  /// Whether its cells are sentences, which a narrow terminal wraps if this is the last column.
  var isFlowing = false
  /// Whether its value begins the sentence that is printed below a row that has no room for it.
  var beginsSentence = false
  /// The width that holds nearly all of its cells, for a table whose rows come one by one.
  var usualWidth = 0

  /// A column with the CSV values as cells, unless `cell` is given.
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

  /// A copy of the column that is marked as holding times.
  var ofTime: Column {
    var column = self
    column.isTime = true
    return column
  }

  /// A copy of the column with the width that holds nearly all of its cells.
  func usually(_ width: Int) -> Column {
    var column = self
    column.usualWidth = width
    return column
  }

  /// A copy of the column whose value begins the sentence below a row that has no room for it.
  var beginningSentences: Column {
    var column = self
    column.beginsSentence = true
    return column
  }

  /// A copy of the column that a narrow terminal wraps instead of truncating it.
  var flowing: Column {
    var column = self
    column.isFlowing = true
    return column
  }

  /// A copy of the column that a narrow terminal may omit.
  func yielding(_ rank: Int) -> Column {
    var column = self
    column.rank = rank
    return column
  }

  /// The field of a CSV record; for a value that holds objects, the text of the table cell.
  func field(_ row: Row) -> String {
    let value = json(row)
    return value.hasObjects ? cell(row).text : value.field
  }
}

extension Set<AnswerFormat> {
  /// The formats for columns that are too wide for a table.
  static let data: Self = [.json, .csv]
}

/// The columns and rows of a listing to print, and their order.
struct RowArrangement {
  /// The keys of the columns; nil for the default columns.
  var columns: [String]?
  /// The column whose values sort the rows; nil for the order in which the reader returns the rows.
  var sort: Order?
  var isReversed = false
  /// The largest number of rows to print; nil for no limit.
  var limit: Int?
  /// Whether to print all columns on a terminal, even if the rows are wider than the terminal.
  var isWide = false
  /// Whether further rows may come at any time after those that were printed.
  var isOpenEnded = false

  /// A sort order by one column.
  struct Order {
    let key: String
    let isDescending: Bool
  }

  /// Whether the listing has to buffer all rows before it prints the first.
  var needsAll: Bool { sort != nil || isReversed }
}

/// Prints rows as they arrive, in one of the formats.
///
/// JSON output is an object whose last key holds the rows. A table buffers its first thousand rows to
/// compute the column widths. So memory does not grow with the number of rows.
final class Listing<Row> {
  private let format: AnswerFormat
  private let all: [Column<Row>]
  private let columns: [Column<Row>]
  private let key: String
  private let output: Output
  private let arrangement: RowArrangement
  private var table: Table
  /// The buffered rows, if sorting needs all of them first, each with its sort value.
  private var buffered: [(row: Row, value: JSON)] = []
  /// Whether there are more rows than the limit.
  private var isCut = false
  /// The number of rows that `add` accepted.
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
        times: shown.indices.filter { shown[$0].isTime },
        flow: shown.last?.isFlowing == true ? shown.count - 1 : nil,
        beginnings: Set(shown.indices.filter { shown[$0].beginsSentence })) : nil
    table = Table(
      shown.map(\.title), colours: output.colours, fit: fit,
      usualWidths: arrangement.isOpenEnded ? shown.map(\.usualWidth) : nil)
  }

  /// Prints rows that are all at hand, without fitting them to the terminal. A column of a table that may be
  /// omitted is, if no row has a value of it.
  convenience init(
    _ key: String, wide columns: [Column<Row>], showing rows: [Row], to output: Output,
    _ format: AnswerFormat
  ) {
    let shown = columns.filter { column in
      format != .table || column.rank == 0 || rows.contains { !column.cell($0).text.isEmpty }
    }
    self.init(key, shown, RowArrangement(isWide: true), to: output, format)
  }

  /// Writes the part before the first row: for JSON the other keys, for a table the lines.
  func begin(_ head: [(String, JSON)], lines: [String] = []) throws(OutputError) {
    switch format {
    case .table:
      for line in lines { try output.write(line: line) }
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

  /// Prints a row. Returns false if the reader has gone or writing failed; `end` throws that error.
  func add(_ row: Row) -> Bool {
    guard failure == nil else { return false }
    output.progress()
    if arrangement.needsAll {
      let column = arrangement.sort.flatMap { order in all.first { $0.key == order.key } }
      buffered.append((row, column?.json(row) ?? .null))
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

  /// Prints the buffered rows in the requested order.
  private func printBuffered() throws(OutputError) {
    guard arrangement.needsAll else { return }
    var indices = Array(buffered.indices)
    if let order = arrangement.sort {
      indices.sort { one, other in
        let (value, next) = (buffered[one].value, buffered[other].value)
        if value.isBefore(next) { return !order.isDescending }
        if next.isBefore(value) { return order.isDescending }
        return one < other
      }
    }
    if arrangement.isReversed { indices.reverse() }
    isCut = indices.count > arrangement.limit ?? .max
    for index in indices.prefix(arrangement.limit ?? .max) where !output.isLeft {
      try print(buffered[index].row)
    }
    buffered.removeAll()
  }

  /// Whether as many rows were printed as the user wants at most.
  var isFull: Bool { rows >= arrangement.limit ?? .max }

  /// Writes the rows so far to the output. The columns of a table then have the widths of these rows.
  func flush() throws(OutputError) {
    if let failure { throw failure }
    if format == .table, rows > 0 { try output.write(table.rest(isWhole: false)) }
    try output.flush()
  }

  /// Writes a line between the rows of a table; calls `otherwise` in a machine format, which holds rows only.
  func note(_ line: String, otherwise: () -> Void) throws(OutputError) {
    guard format == .table else { return otherwise() }
    try flush()
    try output.write(line: line)
    try output.flush()
  }

  /// Writes the part after the last row.
  func end(lines: [String] = []) throws(OutputError) {
    if let failure { throw failure }
    try printBuffered()
    defer { sayWhatIsLeftOut() }
    switch format {
    case .table:
      if rows > 0 { try output.write(table.rest(isWhole: true)) }
      if !lines.isEmpty, rows > 0 { try output.write("\n") }
      for line in lines { try output.write(line: line) }
    case .json: try output.write(rows == 0 ? "]\n}\n" : "\n  ]\n}\n")
    case .csv: break
    }
    try output.finish()
  }

  private func sayWhatIsLeftOut() {
    if isCut, let limit = arrangement.limit {
      output.say("there are more rows; --limit \(limit) shows the first of them")
    }
    let hidden = table.hidden.map { columns[$0].title }
    if !hidden.isEmpty {
      let word = hidden.count == 1 ? "column" : "columns"
      output.say(
        "the terminal is too narrow for the \(word) \(hidden.joined(separator: ", ")): --wide shows all"
      )
    }
  }
}

extension JSON {
  /// Whether the value is an object or holds one.
  fileprivate var hasObjects: Bool {
    switch self {
    case .object: true
    case .array(let values): values.contains(where: \.hasObjects)
    default: false
    }
  }

  /// Whether the value sorts before another one of its column: numbers by value, everything else as
  /// text, and null last.
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

  /// The value as one field of CSV, or a cell: empty for null, and the elements of an array separated by
  /// spaces.
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

extension Array where Element: Hashable {
  /// The elements without repetitions, each at its first place.
  var uniqued: [Element] {
    var known: Set<Element> = []
    return filter { known.insert($0).inserted }
  }
}
