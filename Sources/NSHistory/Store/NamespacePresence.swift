internal import SQLite

/// How many processes are in each namespace, and when the last one left.
struct NamespacePresence {
  private var counts: [Int64: Int] = [:]

  mutating func enter(_ set: InternedSet) {
    for namespace in set.own { counts[namespace, default: 0] += 1 }
  }

  mutating func leave(_ set: InternedSet) {
    for namespace in set.own {
      let left = (counts[namespace] ?? 0) - 1
      counts[namespace] = left > 0 ? left : nil
    }
  }

  /// Writes down which namespaces have got their first process since `before`, and which have lost
  /// their last: that was there in the sample `last`.
  func write(
    since before: NamespacePresence, on connection: Connection, last: Int64?
  ) throws(SQLiteError) {
    for namespace in counts.keys where before.counts[namespace] == nil {
      try connection.prepare("UPDATE namespace SET last_sample = NULL WHERE namespace_id = ?")
        .bind(.integer(namespace)).run()
    }
    for namespace in before.counts.keys where counts[namespace] == nil {
      try connection.prepare("UPDATE namespace SET last_sample = ? WHERE namespace_id = ?")
        .bind(.optional(last), .integer(namespace)).run()
    }
  }
}
