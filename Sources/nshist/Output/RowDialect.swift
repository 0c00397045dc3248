internal import NSHistory

/// The syntax of rows in an output format, as bytes: the text before, between and after the fields, and the quoting
/// of strings.
struct RowDialect {
  let format: RowFormat
  /// The separator of the values in CSV and TSV; nil in JSON, where `openings` separate them.
  private let separator: UInt8?
  /// The text before the value of each column in JSON, which includes the column's name.
  private let openings: [[UInt8]]
  /// The text for a missing value.
  private let null: [UInt8]
  /// The text after the last value of a row.
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
    openings = columns.enumerated().map { index, column in
      let before = index > 0 ? ", " : format == .json ? ",\n{" : "{"
      return Array("\(before)\"\(column)\": ".utf8)
    }
  }

  private var isJSON: Bool { format == .json || format == .ndjson }

  /// Appends the text before the value of a column.
  @inline(__always)
  func open(_ column: Int, in row: inout TextBlock) {
    guard let separator else { return row.append(openings[column]) }
    if column > 0 { row.append(separator) }
  }

  /// Appends a number; the text for a missing value if it is nil.
  func add(_ column: Int, _ number: (some BinaryInteger)?, to row: inout TextBlock) {
    open(column, in: &row)
    guard let number else { return row.append(null) }
    if number < 0 { row.append(UInt8(ascii: "-")) }
    row.append(decimal: UInt64(number.magnitude))
  }

  /// Appends a Boolean value.
  func add(_ column: Int, _ truth: Bool?, to row: inout TextBlock) {
    open(column, in: &row)
    guard let truth else { return row.append(null) }
    row.append(truth ? "true" : "false")
  }

  /// Appends a time, which needs no quoting in CSV.
  func add(_ column: Int, _ time: UTCText?, to row: inout TextBlock) {
    open(column, in: &row)
    guard let time else { return row.append(null) }
    if isJSON { row.append(UInt8(ascii: "\"")) }
    row.append(time)
    if isJSON { row.append(UInt8(ascii: "\"")) }
  }

  /// Appends a string.
  func add(_ column: Int, _ text: String?, to row: inout TextBlock) {
    add(column, text.map { Array($0.utf8) }, to: &row)
  }

  /// Appends a string, given in UTF-8.
  func add(_ column: Int, _ text: [UInt8]?, to row: inout TextBlock) {
    open(column, in: &row)
    guard let text else { return row.append(null) }
    switch format {
    case .csv: DelimitedText.add(text, to: &row)
    // The history escapes strings from the system, so they contain no tab.
    case .tsv: row.append(text)
    case .json, .ndjson: JSON.add(text, to: &row)
    }
  }
}

/// Formats CSV records according to RFC 4180.
enum DelimitedText {
  /// Returns a CSV record with its line end.
  static func csv(_ fields: [String]) -> String {
    fields.map(quoted).joined(separator: ",") + "\r\n"
  }

  /// Returns a field, in quotes if it contains a comma, a quote or a line end.
  private static func quoted(_ field: String) -> String {
    if !field.utf8.contains(where: isSpecial) { return field }
    return String(decoding: quoted(Array(field.utf8)), as: UTF8.self)
  }

  /// Appends a field to a record, in quotes if necessary.
  static func add(_ field: [UInt8], to record: inout TextBlock) {
    if field.contains(where: isSpecial) { return record.append(quoted(field)) }
    record.append(field)
  }

  private static func isSpecial(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == 0x0A || byte == 0x0D
  }

  // Compares bytes, because a quote with a combining mark is one `Character` that differs from a quote.
  private static func quoted(_ field: [UInt8]) -> [UInt8] {
    let quote = UInt8(ascii: "\"")
    return [quote] + field.flatMap { $0 == quote ? [quote, quote] : [$0] } + [quote]
  }
}
