internal import SQLite

/// How many processes are in each namespace, and which of them got their first or lost their last.
struct NamespacePresence {
  private var sets: [InternedSet: Int] = [:]
  /// How many sets with a process in them have each namespace.
  private var counts: [Int64: Int] = [:]
  /// Those that were entered or left since the last call of `write`.
  private var touched: [Int64: Touch] = [:]

  /// Whether one of those that were written lost its last process.
  private var hasEmptied = false

  private struct Touch {
    let wasEmpty: Bool
    /// The number of the last sample or event at which a process was in it, when it was left.
    var last: Int64
  }

  mutating func enter(_ set: InternedSet) {
    sets[set, default: 0] += 1
    guard sets[set] == 1 else { return }
    for namespace in set.own { add(1, to: namespace, last: 0) }
  }

  /// - Parameter last: the number of the last sample or event that saw a process in it.
  mutating func leave(_ set: InternedSet, after last: Int64) {
    guard let count = sets[set] else { return }
    sets[set] = count > 1 ? count - 1 : nil
    if count > 1 { return }
    for namespace in set.own { add(-1, to: namespace, last: last) }
  }

  /// Counts anew, because sets and namespaces got other rows. Which were entered or left since the last call of `write`
  /// is kept.
  mutating func recount(_ members: some Sequence<InternedSet>) {
    sets.removeAll()
    counts.removeAll()
    for set in members {
      sets[set, default: 0] += 1
      guard sets[set] == 1 else { continue }
      for namespace in set.own { counts[namespace, default: 0] += 1 }
    }
  }

  private mutating func add(_ change: Int, to namespace: Int64, last: Int64) {
    let before = counts[namespace] ?? 0
    touched[namespace, default: Touch(wasEmpty: before == 0, last: last)].last = last
    counts[namespace] = before + change > 0 ? before + change : nil
  }

  /// Whether a namespace lost its last process, in what was written since the last call.
  mutating func takeEmptied() -> Bool {
    defer { hasEmptied = false }
    return hasEmptied
  }

  /// Writes down which namespaces have got their first process, and which have lost their last.
  mutating func write(on connection: Connection) throws(SQLiteError) {
    for (namespace, touch) in touched {
      let isEmpty = counts[namespace] == nil
      if touch.wasEmpty, !isEmpty {
        try connection.prepare("UPDATE namespace SET last_seq = NULL WHERE namespace_id = ?")
          .bind(.integer(namespace)).run()
      } else if isEmpty {
        hasEmptied = true
        try connection.prepare("UPDATE namespace SET last_seq = ? WHERE namespace_id = ?")
          .bind(.integer(touch.last), .integer(namespace)).run()
      }
    }
    touched.removeAll()
  }
}
