internal import SQLite

// Row ids with a type of their own for each kind of row, so that code that handles several kinds cannot take a
// task for a set, or for a sample.

/// A row id, or a position in an order of rows.
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
  /// Creates the id of the task of a row of `short_lived_task`.
  ///
  /// - Parameter number: the sequence number of the event that the task started with.
  init(shortLivedFrom number: Int64) { rawValue = -number }

  /// Whether no sample observed the task, so that its row is in `short_lived_task`.
  var isShortLived: Bool { rawValue < 0 }

  /// The sequence number of the event that a short-lived task started with.
  var startingEvent: Int64 { -rawValue }
}

extension Value {
  /// Returns the SQL value of a row id.
  static func number(_ number: some RowNumber) -> Value { .integer(number.rawValue) }

  /// Returns the SQL value of a row id, or NULL if there is none.
  static func number(_ number: (some RowNumber)?) -> Value {
    number.map { .integer($0.rawValue) } ?? .null
  }

  /// Returns the SQL value of several row ids, for a parameter of `json_each`.
  static func list(_ numbers: some Sequence<some RowNumber>) -> Value {
    .list(numbers.map(\.rawValue))
  }
}

extension Statement {
  /// Returns the set of namespaces that a column names.
  func set(_ column: Int32) -> NamespaceSetID { NamespaceSetID(rawValue: integer(column)) }

  /// Returns the set of namespaces that a column names; nil if the column is NULL.
  func optionalSet(_ column: Int32) -> NamespaceSetID? {
    optionalInteger(column).map(NamespaceSetID.init(rawValue:))
  }

  /// Returns the task that a column names.
  func task(_ column: Int32) -> TaskID { TaskID(rawValue: integer(column)) }

  /// Returns the task that a column names; nil if the column is NULL.
  func optionalTask(_ column: Int32) -> TaskID? {
    optionalInteger(column).map(TaskID.init(rawValue:))
  }
}
