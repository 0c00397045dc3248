internal import SQLite

/// How many processes are in each namespace, and which of them got their first or lost their last.
struct NamespacePresence {
  private var counts: [Int64: Int] = [:]
  /// Those that a process entered or left since the last call of `write`, and how many it had.
  private var touched: [Int64: Int] = [:]

  mutating func enter(_ set: InternedSet) {
    for namespace in set.own { add(1, to: namespace) }
  }

  mutating func leave(_ set: InternedSet) {
    for namespace in set.own { add(-1, to: namespace) }
  }

  private mutating func add(_ change: Int, to namespace: Int64) {
    let before = counts[namespace] ?? 0
    if touched[namespace] == nil { touched[namespace] = before }
    counts[namespace] = before + change > 0 ? before + change : nil
  }

  /// Writes down which namespaces have got their first process, and which have lost their last: that
  /// was there in the sample `last`.
  mutating func write(on connection: Connection, last: Int64?) throws(SQLiteError) {
    for (namespace, before) in touched {
      let now = counts[namespace] ?? 0
      if before == 0, now > 0 {
        try connection.prepare("UPDATE namespace SET last_sample = NULL WHERE namespace_id = ?")
          .bind(.integer(namespace)).run()
      } else if before > 0, now == 0 {
        try connection.prepare("UPDATE namespace SET last_sample = ? WHERE namespace_id = ?")
          .bind(.optional(last), .integer(namespace)).run()
      }
    }
    touched.removeAll()
  }
}
