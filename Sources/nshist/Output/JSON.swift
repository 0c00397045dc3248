/// A JSON value (RFC 8259). Objects retain the order of their keys, and may hold null values.
enum JSON {
  case null
  case bool(Bool)
  case integer(Int64)
  case unsigned(UInt64)
  /// A number in its textual form.
  case number(String)
  case string(String)
  case array([JSON])
  case object([(String, JSON)])

  /// Returns the JSON of a value; null if the value is nil.
  static func optional<T>(_ value: T?, _ make: (T) -> JSON) -> JSON { value.map(make) ?? .null }

  /// Returns a duration, given in nanoseconds, as seconds with three decimal places; with six if it is shorter
  /// than a second and not a whole number of milliseconds.
  static func seconds(_ nanoseconds: Int64) -> JSON {
    let microseconds = max(0, nanoseconds) / 1000
    let isShort = microseconds < 1_000_000 && microseconds % 1000 != 0
    let (unit, width) = isShort ? (microseconds, 6) : (microseconds / 1000, 3)
    let scale: Int64 = isShort ? 1_000_000 : 1000
    let rest = String(unit % scale)
    return .number(
      "\(unit / scale).\(String(repeating: "0", count: width - rest.count))\(rest)")
  }

  /// Returns a duration that may be negative, as `seconds(_:)` does.
  static func signedSeconds(_ nanoseconds: Int64) -> JSON {
    guard nanoseconds < 0, case .number(let text) = seconds(0 &- nanoseconds) else {
      return seconds(nanoseconds)
    }
    return .number("-\(text)")
  }

  /// The JSON text on one line.
  var compact: String {
    var text = ""
    write(to: &text, indent: nil)
    return text
  }

  /// The JSON text over several lines, indented by two spaces for each level.
  var pretty: String {
    var text = ""
    write(to: &text, indent: 0)
    return text
  }

  private func write(to text: inout String, indent: Int?) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .unsigned(let value): text += String(value)
    case .number(let value): text += value
    case .string(let value): Self.quote(value, to: &text)
    case .array(let values):
      Self.list("[", "]", values, to: &text, indent: indent) { value, text, indent in
        value.write(to: &text, indent: indent)
      }
    case .object(let pairs):
      Self.list("{", "}", pairs, to: &text, indent: indent) { pair, text, indent in
        Self.quote(pair.0, to: &text)
        text += ": "
        pair.1.write(to: &text, indent: indent)
      }
    }
  }

  private static func list<T>(
    _ open: String, _ close: String, _ items: [T], to text: inout String, indent: Int?,
    _ write: (T, inout String, Int?) -> Void
  ) {
    text += open
    let inner = indent.map { $0 + 1 }
    for (index, item) in items.enumerated() {
      if index > 0 { text += inner == nil ? ", " : "," }
      if let inner { text += "\n" + String(repeating: "  ", count: inner) }
      write(item, &text, inner)
    }
    if let indent, !items.isEmpty { text += "\n" + String(repeating: "  ", count: indent) }
    text += close
  }

  private static func quote(_ value: String, to text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case _ where scalar.value < 0x20:
        let hex = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }

  /// Appends a string, given in UTF-8, as a JSON string.
  static func add(_ value: [UInt8], to text: inout TextBlock) {
    let (quote, backslash) = (UInt8(ascii: "\""), UInt8(ascii: "\\"))
    // Checks single bytes, because all characters that JSON escapes are ASCII.
    guard value.allSatisfy({ $0 != quote && $0 != backslash && $0 >= 0x20 }) else {
      let string = JSON.string(String(decoding: value, as: UTF8.self))
      return text.append(string.compact)
    }
    text.append(quote)
    text.append(value)
    text.append(quote)
  }
}
