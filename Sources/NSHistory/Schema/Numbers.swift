internal import NamespaceModel
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

  /// The set of a task of which nothing is known, where the file has no row of it.
  static let unseen = NamespaceSetID(rawValue: 0)
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
  init(shortLivedFrom number: SequenceNumber) { rawValue = -number.rawValue }

  /// Whether no sample observed the task, so that its row is in `short_lived_task`.
  var isShortLived: Bool { rawValue < 0 }

  /// The sequence number of the event that a short-lived task started with.
  var startingEvent: SequenceNumber { SequenceNumber(rawValue: -rawValue) }
}

/// A position in the one order of samples and events: the columns `seq`, `from_seq`, `until_seq` and their like. The
/// number of each sample or event is one more than that of the one before it. So the difference between two numbers,
/// a plain integer, counts samples and events.
struct SequenceNumber: RowNumber {
  let rawValue: Int64

  /// The lower bound of a range without a beginning. No sample or event has this number.
  static var min: Self { Self(rawValue: .min) }
  /// The upper bound of a range without an end. No sample or event has this number.
  static var max: Self { Self(rawValue: .max) }

  /// The number before the least one that a sample or event can have.
  static var zero: Self { Self(rawValue: 0) }
}

extension SequenceNumber: Strideable {
  func advanced(by count: Int64) -> Self { self + count }
  func distance(to other: Self) -> Int64 { other - self }

  static func == (one: Self, other: Self) -> Bool { one.rawValue == other.rawValue }
  static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
  static func + (number: Self, count: Int64) -> Self { Self(rawValue: number.rawValue + count) }
  static func - (number: Self, count: Int64) -> Self { Self(rawValue: number.rawValue - count) }
  static func - (one: Self, other: Self) -> Int64 { one.rawValue - other.rawValue }
  static func += (number: inout Self, count: Int64) { number = number + count }
  static func -= (number: inout Self, count: Int64) { number = number - count }
}

// Arithmetic on numbers from a file that may be damaged, for which a sum may overflow.

extension SequenceNumber {
  static func &+ (number: Self, count: Int64) -> Self { Self(rawValue: number.rawValue &+ count) }

  func addingReportingOverflow(_ count: Int64) -> (partialValue: Self, overflow: Bool) {
    let (sum, overflow) = rawValue.addingReportingOverflow(count)
    return (Self(rawValue: sum), overflow)
  }

  func subtractingReportingOverflow(_ other: Self) -> (partialValue: Int64, overflow: Bool) {
    rawValue.subtractingReportingOverflow(other.rawValue)
  }
}

extension SequenceNumber {
  /// Returns the number halfway to a greater one, for a binary search; the number itself if the other is the next one.
  func middle(to high: Self) -> Self { self + (high - self) / 2 }

  /// Returns which block of `1 << width` consecutive numbers holds the number.
  func block(width: Int64) -> Int64 { rawValue >> width }

  /// Returns the index of the number in its block.
  func index(inBlockOfWidth width: Int64) -> Int { Int(rawValue & (1 << width - 1)) }

  /// Returns the numbers of a block.
  static func numbers(ofBlock block: Int64, width: Int64) -> ClosedRange<Self> {
    let first = Self(rawValue: block << width)
    return first...first + (1 << width - 1)
  }
}

extension SequenceNumber: CustomStringConvertible {
  var description: String { String(rawValue) }
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

extension Value {
  /// Returns the SQL value of a time on the boot clock: the columns `boot_ns` and their like.
  static func boot(_ time: BootTime) -> Value { .integer(time.nanoseconds) }

  /// Returns the SQL value of a time on the wall clock: the columns `wall_ns` and their like.
  static func wall(_ time: WallTime) -> Value { .integer(time.nanoseconds) }

  /// Returns the SQL value of a time on the wall clock, or NULL if there is none.
  static func wall(_ time: WallTime?) -> Value { time.map { .wall($0) } ?? .null }
}

extension Statement {
  /// Returns the time on the boot clock in a column.
  func bootTime(_ column: Int32) -> BootTime { BootTime(nanoseconds: integer(column)) }

  /// Returns the time on the wall clock in a column.
  func wallTime(_ column: Int32) -> WallTime { WallTime(nanoseconds: integer(column)) }

  /// Returns the time on the wall clock in a column; nil if the column is NULL.
  func optionalWallTime(_ column: Int32) -> WallTime? {
    optionalInteger(column).map(WallTime.init(nanoseconds:))
  }

  /// Returns the sequence number in a column.
  func sequence(_ column: Int32) -> SequenceNumber { SequenceNumber(rawValue: integer(column)) }

  /// Returns the sequence number in a column; nil if the column is NULL.
  func optionalSequence(_ column: Int32) -> SequenceNumber? {
    optionalInteger(column).map(SequenceNumber.init(rawValue:))
  }

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
