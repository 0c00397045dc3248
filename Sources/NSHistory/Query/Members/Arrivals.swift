internal import NamespaceModel
internal import SQLite

extension Reading {
  /// Gives `body` the row of each process that was ever recorded in a namespace, and the sample or event that saw
  /// it there first, in that order. Ends early when `body` returns false.
  func forEachArrival(
    in namespace: NamespaceRecord, _ body: (Int64, Int64) throws(SQLiteError) -> Bool
  ) throws(SQLiteError) {
    guard let low = index.first, let high = index.last else { return }
    let members = try connection.prepare(
      """
      SELECT member, MIN(began) AS first FROM (
        \(IntervalOverlapQuery.inNamespace("m.task_id AS member, m.from_seq AS began")))
      GROUP BY member ORDER BY first, member
      """
    ).bind(IntervalOverlapQuery.values(low...high, namespace))
    defer { members.reset() }
    while try members.step() {
      guard try body(members.integer(0), members.integer(1)) else { return }
    }
  }
}
