/// Rows of fields: CSV after RFC 4180.
enum DelimitedText {
  /// A CSV record with its line end.
  static func csv(_ fields: [String]) -> String {
    fields.map(quoted).joined(separator: ",") + "\r\n"
  }

  /// A field. One with a comma, a quote or a line end is quoted.
  private static func quoted(_ field: String) -> String {
    if !field.utf8.contains(where: isSpecial) { return field }
    return String(decoding: quoted(Array(field.utf8)), as: UTF8.self)
  }

  /// Adds a field.
  static func add(_ field: [UInt8], to record: inout TextBlock) {
    if field.contains(where: isSpecial) { return record.append(quoted(field)) }
    record.append(field)
  }

  private static func isSpecial(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == 0x0A || byte == 0x0D
  }

  // By bytes: a mark on top of a quote makes one character of both, and a quote it still is.
  private static func quoted(_ field: [UInt8]) -> [UInt8] {
    let quote = UInt8(ascii: "\"")
    return [quote] + field.flatMap { $0 == quote ? [quote, quote] : [$0] } + [quote]
  }
}
