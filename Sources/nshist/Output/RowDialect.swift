/// How rows of named fields look in a format, as bytes: what stands before, between and behind the
/// fields, and how text is quoted.
struct RowDialect {
  let format: RowFormat
  /// What stands before the value of each column: so many words each, of which so many bytes count.
  private var openings: [UInt64] = []
  private var openingCounts: [Int] = []
  private static let openingWords = 4
  /// What stands for a value that there is not.
  let null: TextBlock
  /// What stands behind the last value.
  let end: TextBlock

  init(_ format: RowFormat, columns: [String]) {
    self.format = format
    (null, end) =
      switch format {
      case .csv: (TextBlock(""), TextBlock("\r\n"))
      case .tsv: (TextBlock(""), TextBlock("\n"))
      case .json: (TextBlock("null"), TextBlock("}"))
      case .ndjson: (TextBlock("null"), TextBlock("}\n"))
      }
    for (place, column) in columns.enumerated() {
      let opening = TextBlock(Self.opening(format, column, isFirst: place == 0))
      precondition(opening.count <= Self.openingWords * 8, "a column's name is too long")
      openings += opening.words.prefix(Self.openingWords)
      openingCounts.append(opening.count)
    }
  }

  private static func opening(_ format: RowFormat, _ column: String, isFirst: Bool) -> String {
    switch format {
    case .csv: isFirst ? "" : ","
    case .tsv: isFirst ? "" : "\t"
    case .json: isFirst ? ",\n{\"\(column)\": " : ", \"\(column)\": "
    case .ndjson: isFirst ? "{\"\(column)\": " : ", \"\(column)\": "
    }
  }

  private var isJSON: Bool { format == .json || format == .ndjson }

  /// Adds what stands before the value of a column.
  @inline(__always)
  func open(_ column: Int, in row: inout TextBlock) {
    let start = column * Self.openingWords
    if openingCounts[column] <= 8 {
      return row.append(word: UInt64(littleEndian: openings[start]), count: openingCounts[column])
    }
    row.append(
      openings.span.extracting(start..<start + Self.openingWords), count: openingCounts[column])
  }

  /// Adds what stands on both sides of a text that needs no quoting in CSV.
  func quote(in row: inout TextBlock) { if isJSON { row.append(UInt8(ascii: "\"")) } }

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
    row.append(Array((truth ? "true" : "false").utf8))
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

extension TextBlock {
  /// A short text, with room for four words.
  init(_ text: String) {
    self.init(capacity: max(32, text.utf8.count))
    append(Array(text.utf8))
  }
}
