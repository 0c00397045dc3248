internal import SQLite

extension HistoryReader {
  /// A few recorded names of processes that begin with these letters, in alphabetical order.
  public func names(beginningWith start: String) throws(HistoryError) -> [String] {
    try reading(.recording()) { (reading) throws(SQLiteError) in
      try reading.connection.prepare(
        """
        SELECT comm FROM task WHERE comm >= ?1 AND comm < ?1 || ?2
        UNION SELECT comm FROM short_lived_task WHERE comm >= ?1 AND comm < ?1 || ?2 ORDER BY 1 LIMIT 5
        """
      ).bind(.text(start), .text("\u{10FFFF}")).map { SystemText.sanitized($0.text(0)) }
    }
  }
}
