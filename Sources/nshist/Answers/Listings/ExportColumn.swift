internal import NSHistory

/// The columns of an export, in their order.
enum ExportColumn: Int, CaseIterable {
  case boot, pidNamespace, pid, start, comm, uid, type, inode, id, initial, unread, from, until
  case open, cgroup, tid, fromExact, untilExact, container, containerName, engine
  case uidSource, containerSource

  /// The name of the column in the header and in JSON.
  var name: String {
    switch self {
    case .pidNamespace: "pid_namespace"
    case .fromExact: "from_exact"
    case .untilExact: "until_exact"
    case .containerName: "container_name"
    case .uidSource: "uid_source"
    case .containerSource: "container_source"
    default: "\(self)"
    }
  }
}

extension RowDialect {
  /// Adds a number.
  func add(_ column: ExportColumn, _ number: (some BinaryInteger)?, to row: inout TextBlock) {
    add(column.rawValue, number, to: &row)
  }

  /// Adds a Boolean value.
  func add(_ column: ExportColumn, _ truth: Bool?, to row: inout TextBlock) {
    add(column.rawValue, truth, to: &row)
  }

  /// Adds a time.
  func add(_ column: ExportColumn, _ time: UTCText?, to row: inout TextBlock) {
    add(column.rawValue, time, to: &row)
  }

  /// Adds a string.
  func add(_ column: ExportColumn, _ text: String?, to row: inout TextBlock) {
    add(column.rawValue, text, to: &row)
  }
}
