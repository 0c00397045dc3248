/// Rows of fields: CSV after RFC 4180, or TSV.
enum DelimitedText {
  /// A CSV record with its line end. A field with a comma, a quote or a line end is quoted.
  static func csv(_ fields: [String]) -> String {
    fields.map(quoted).joined(separator: ",") + "\r\n"
  }

  /// A line of tab-separated values. Text from the system is escaped: no tab can be in it.
  static func tsv(_ fields: [String]) -> String { fields.joined(separator: "\t") + "\n" }

  private static func quoted(_ field: String) -> String {
    let isPlain = field.utf8.allSatisfy {
      $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "\"") && $0 != 0x0A && $0 != 0x0D
    }
    if isPlain { return field }
    return "\"" + field.replacing("\"", with: "\"\"") + "\""
  }
}
