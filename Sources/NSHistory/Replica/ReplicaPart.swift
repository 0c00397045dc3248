internal import SQLite

/// The small tables of a history whose rows a replica holds one by one. The numbers are stored in replicas.
enum ReplicaPart: Int16, CaseIterable {
  case boot = 1
  case pidSpace = 2
  case session = 3
  case sessionFile = 4
  case clockStep = 5
  case cgroup = 6
  case program = 7
  case login = 8
  /// A set of namespaces with its links.
  case namespaceSet = 9
  case pinScan = 10
  case pin = 11

  var table: String {
    switch self {
    case .boot: "boot"
    case .pidSpace: "pid_space"
    case .session: "session"
    case .sessionFile: "session_file"
    case .clockStep: "clock_step"
    case .cgroup: "cgroup"
    case .program: "program"
    case .login: "login"
    case .namespaceSet: "namespace_set"
    case .pinScan: "pin_scan"
    case .pin: "pin"
    }
  }

  var key: String {
    switch self {
    case .boot: "boot_id"
    case .pidSpace: "space_id"
    case .session, .sessionFile: "session_id"
    case .clockStep: "seq"
    case .cgroup: "cgroup_id"
    case .program: "program_id"
    case .login: "login_id"
    case .namespaceSet: "set_id"
    case .pinScan: "scan_id"
    case .pin: "pin_id"
    }
  }

  /// The condition of the rows that may have changed since a row with the key `?1` was the last one and the sequence
  /// number `?2` was the newest one. See "What is final" in `Migrations/V0001_history.sql`.
  var mayHaveChanged: String {
    switch self {
    case .boot, .pidSpace, .session, .sessionFile, .pin: "TRUE"
    case .clockStep, .cgroup, .namespaceSet, .pinScan: "t.\(key) > ?1"
    case .program, .login: "(t.\(key) > ?1 OR t.used_seq >= ?2)"
    }
  }
}

/// SQL that turns rows of a history into JSON arrays of their columns, and back.
struct ReplicaSQL {
  private let connection: Connection

  init(_ connection: Connection) { self.connection = connection }

  /// The tables whose rows a run of samples and events holds, in their order in its body, and the column that is a
  /// sequence number of the run.
  static let runTables = [
    ("sample", "seq"), ("event_batch", "first_seq"), ("sample_note", "seq"), ("event_loss", "seq"),
    ("disagreement", "seq"),
  ]

  /// Returns the stored columns of a table, in order.
  func columns(_ table: String) throws(SQLiteError) -> [String] {
    try connection.prepare("SELECT name FROM pragma_table_info(?) ORDER BY cid").bind(.text(table))
      .map { $0.text(0) }
  }

  /// Returns SQL for a row of a table as a JSON array.
  func array(_ table: String, _ alias: String = "t") throws(SQLiteError) -> String {
    "json_array(\(try columns(table).map { "\(alias).\($0)" }.joined(separator: ", ")))"
  }

  /// Returns SQL that inserts the row of a JSON array, its parameter.
  func insertion(_ table: String) throws(SQLiteError) -> String {
    let columns = try columns(table)
    let values = columns.indices.map { "json_extract(?1, '$[\($0)]')" }
    return """
      INSERT INTO \(table) (\(columns.joined(separator: ", "))) VALUES (\(values.joined(separator: ", ")))
      """
  }

  /// Returns SQL that inserts the rows of an array of JSON arrays, which is at a path of its parameter.
  func insertions(_ table: String, at path: String) throws(SQLiteError) -> String {
    let columns = try columns(table)
    let values = columns.indices.map { "json_extract(value, '$[\($0)]')" }
    return """
      INSERT INTO \(table) (\(columns.joined(separator: ", "))) SELECT \(values.joined(separator: ", "))
      FROM json_each(?1, '\(path)')
      """
  }
}
