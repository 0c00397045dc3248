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
