// All rows of all tables of a file as text, to compare two files.

import SQLite

enum TableDump {
  /// Returns the rows of each table as sorted text.
  static func rows(_ path: String) throws -> [String: [String]] {
    let connection = try Connection(path: path, access: .readOnly)
    let tables = try connection.prepare(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    ).map { $0.text(0) }
    var all: [String: [String]] = [:]
    for table in tables where !["migration", "history"].contains(table) {
      let columns = try connection.prepare("SELECT name FROM pragma_table_info(?)")
        .bind(.text(table)).map { $0.text(0) }
      let row = columns.map { "'\($0)=' || quote(\($0))" }.joined(separator: " || ' ' || ")
      all[table] = try connection.prepare("SELECT \(row) FROM \(table)").map { $0.text(0) }.sorted()
    }
    all["history"] = try connection.prepare("SELECT watermark_seq FROM history").map { $0.text(0) }
    return all
  }

  /// Returns a line for each row that only one of the files has.
  static func differences(_ one: String, _ other: String) throws -> [String] {
    let (one, other) = (try rows(one), try rows(other))
    return Set(one.keys).union(other.keys).sorted().flatMap { table in
      let (left, right) = (Set(one[table] ?? []), Set(other[table] ?? []))
      return left.subtracting(right).sorted().map { "- \(table) \($0)" }
        + right.subtracting(left).sorted().map { "+ \(table) \($0)" }
    }
  }
}
