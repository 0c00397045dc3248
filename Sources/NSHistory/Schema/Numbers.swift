internal import SQLite

// The numbers by which rows name one another, each with a type of its own: a task cannot be taken for a set, or for a
// sample, where both are at hand.

/// A number that names a row, or a place in an order of rows.
protocol RowNumber: RawRepresentable, Hashable, Comparable, Sendable where RawValue == Int64 {
  init(rawValue: Int64)
}

extension RowNumber {
  static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
}

/// A set of namespaces, one for each link of a task: the column `set_id` of `namespace_set`, to which `membership` and
/// `short_lived_task` refer.
struct NamespaceSetID: RowNumber {
  let rawValue: Int64
}

extension Value {
  /// A number of a row.
  static func number(_ number: some RowNumber) -> Value { .integer(number.rawValue) }

  /// A number of a row, or NULL where there is none.
  static func number(_ number: (some RowNumber)?) -> Value {
    number.map { .integer($0.rawValue) } ?? .null
  }
}

extension Statement {
  /// A column that names a set of namespaces.
  func set(_ column: Int32) -> NamespaceSetID { NamespaceSetID(rawValue: integer(column)) }

  /// The same where the column may be NULL.
  func optionalSet(_ column: Int32) -> NamespaceSetID? {
    optionalInteger(column).map(NamespaceSetID.init)
  }
}
