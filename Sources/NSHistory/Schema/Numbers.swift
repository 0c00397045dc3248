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

/// A task, which is a process or a thread: the column `task_id` of `task`, to which `membership` and
/// `past_description` refer. A row of `short_lived_task` is a task too, and its number is that of its first event,
/// negated.
struct TaskID: RowNumber {
  let rawValue: Int64
}

extension TaskID {
  /// The task of a row of `short_lived_task`.
  ///
  /// - Parameter number: the event that the task started with.
  init(shortLivedFrom number: Int64) { rawValue = -number }

  /// Whether no sample observed the task, so that its row is in `short_lived_task`.
  var isShortLived: Bool { rawValue < 0 }

  /// The event that a short-lived task started with.
  var startingEvent: Int64 { -rawValue }
}

extension Value {
  /// A number of a row.
  static func number(_ number: some RowNumber) -> Value { .integer(number.rawValue) }

  /// A number of a row, or NULL where there is none.
  static func number(_ number: (some RowNumber)?) -> Value {
    number.map { .integer($0.rawValue) } ?? .null
  }

  /// Numbers of rows, for a parameter of `json_each`.
  static func list(_ numbers: some Sequence<some RowNumber>) -> Value {
    .list(numbers.map(\.rawValue))
  }
}

extension Statement {
  /// A column that names a set of namespaces.
  func set(_ column: Int32) -> NamespaceSetID { NamespaceSetID(rawValue: integer(column)) }

  /// The same where the column may be NULL.
  func optionalSet(_ column: Int32) -> NamespaceSetID? {
    optionalInteger(column).map(NamespaceSetID.init(rawValue:))
  }

  /// A column that names a task.
  func task(_ column: Int32) -> TaskID { TaskID(rawValue: integer(column)) }

  /// The same where the column may be NULL.
  func optionalTask(_ column: Int32) -> TaskID? {
    optionalInteger(column).map(TaskID.init(rawValue:))
  }
}
