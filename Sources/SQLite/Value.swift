/// A value bound to a parameter of a statement.
package enum Value: Sendable, Hashable {
  case integer(Int64)
  case text(String)
  case null

  /// An integer, or NULL for nil.
  package static func optional(_ number: (some BinaryInteger)?) -> Value {
    number.map { .integer(Int64(truncatingIfNeeded: $0)) } ?? .null
  }

  /// A text, or NULL for nil.
  package static func optional(_ text: String?) -> Value { text.map(Value.text) ?? .null }

  /// A JSON array of integers, for an argument of `json_each`.
  package static func list(_ numbers: some Sequence<Int64>) -> Value {
    .text("[\(numbers.map(String.init).joined(separator: ","))]")
  }
}

extension Value: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral {
  /// An integer.
  package init(integerLiteral value: Int64) { self = .integer(value) }
  /// A text.
  package init(stringLiteral value: String) { self = .text(value) }
}
