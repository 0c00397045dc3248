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
  private let columns: [Column<Row>]
  private let key: String
  private let output: Output
  private var table: StreamedTable
  /// How many were printed.
  private(set) var rows = 0
  private var failure: OutputError?

  /// - Parameters:
  ///   - key: what JSON calls the rows.
  ///   - chosen: the columns that were asked for, by their keys; nil for the usual ones.
  init(
    _ key: String, _ columns: [Column<Row>], chosen: [String]? = nil, to output: Output,
    _ format: AnswerFormat
  ) {
    self.key = key
    self.format = format
    self.output = output
    if let chosen {
      self.columns = chosen.compactMap { key in columns.first { $0.key == key } }
    } else {
      self.columns = columns.filter { $0.formats.contains(format) }
    }
    table = StreamedTable(self.columns.map(\.title), colours: output.colours)
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
    do throws(OutputError) { try print(row) } catch { failure = error }
    return failure == nil && !output.isLeft
  }

  private func print(_ row: Row) throws(OutputError) {
    switch format {
    case .table:
      if let text = table.add(columns.map { $0.cell(row) }) { try output.write(text) }
    case .json:
      let object = JSON.object(columns.map { ($0.key, $0.json(row)) })
      try output.write((rows == 0 ? "\n    " : ",\n    ") + object.compact)
    case .csv: try output.write(DelimitedText.csv(columns.map { $0.field(row) }))
    }
    rows += 1
  }

  /// What stands behind the last row.
  func end(lines: [String] = []) throws(OutputError) {
    if let failure { throw failure }
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
