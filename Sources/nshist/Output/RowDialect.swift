internal import NSHistory

/// How rows of named fields look in a format, as bytes: what stands before, between and behind the
/// fields, and how text is quoted.
struct RowDialect {
  let format: RowFormat
  /// What stands between values, if no name does.
  private let separator: UInt8?
  /// What stands before the value of each column, with its name.
  private let openings: [[UInt8]]
  /// What stands for a value that there is not.
  private let null: [UInt8]
  /// What stands behind the last value.
  let end: [UInt8]

  init(_ format: RowFormat, columns: [String]) {
    self.format = format
    let (null, end) =
      switch format {
      case .csv: ("", "\r\n")
      case .tsv: ("", "\n")
      case .json: ("null", "}")
      case .ndjson: ("null", "}\n")
      }
    self.null = Array(null.utf8)
    self.end = Array(end.utf8)
    separator =
      switch format {
      case .csv: UInt8(ascii: ",")
      case .tsv: UInt8(ascii: "\t")
      case .json, .ndjson: nil
      }
    openings = columns.enumerated().map { place, column in
      let before = place > 0 ? ", " : format == .json ? ",\n{" : "{"
      return Array("\(before)\"\(column)\": ".utf8)
    }
  }

  private var isJSON: Bool { format == .json || format == .ndjson }

  /// Adds what stands before the value of a column.
  @inline(__always)
  func open(_ column: Int, in row: inout TextBlock) {
    guard let separator else { return row.append(openings[column]) }
    if column > 0 { row.append(separator) }
  }

  /// Adds a value; what stands for none in its place.
  func add(_ column: Int, _ number: (some BinaryInteger)?, to row: inout TextBlock) {
    open(column, in: &row)
    guard let number else { return row.append(null) }
    if number < 0 { row.append(UInt8(ascii: "-")) }
    row.append(decimal: UInt64(number.magnitude))
  }

  /// Adds a truth.
  func add(_ column: Int, _ truth: Bool?, to row: inout TextBlock) {
    open(column, in: &row)
    guard let truth else { return row.append(null) }
    row.append(truth ? "true" : "false")
  }

  /// Adds a time, which needs no quoting in CSV.
  func add(_ column: Int, _ time: UTCText?, to row: inout TextBlock) {
    open(column, in: &row)
    guard let time else { return row.append(null) }
    if isJSON { row.append(UInt8(ascii: "\"")) }
    row.append(time)
    if isJSON { row.append(UInt8(ascii: "\"")) }
  }

  /// Adds a text.
  func add(_ column: Int, _ text: String?, to row: inout TextBlock) {
    add(column, text.map { Array($0.utf8) }, to: &row)
  }

  /// Adds a text, in UTF-8.
  func add(_ column: Int, _ text: [UInt8]?, to row: inout TextBlock) {
    open(column, in: &row)
    guard let text else { return row.append(null) }
    switch format {
    case .csv: DelimitedText.add(text, to: &row)
    // Text from the system is escaped: no tab can be in it.
    case .tsv: row.append(text)
    case .json, .ndjson: JSON.add(text, to: &row)
    }
  }
}
