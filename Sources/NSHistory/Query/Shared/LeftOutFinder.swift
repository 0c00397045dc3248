internal import SQLite

/// Finds the times in which changes of namespaces were left out: see `sample_note.folded` in `Migrations`.
struct LeftOutFinder {
  let reading: Reading

  /// Those that overlap a window, in the order of time: the first of many, and then `more`.
  func caveats(
    in window: TimeWindow, _ samples: ClosedRange<Int64>
  ) throws(SQLiteError) -> [Caveat] {
    // The sample behind a time counts what was left out in it.
    let rows = try reading.connection.prepare(
      """
      SELECT s.wall_ns, o.folded, (SELECT b.wall_ns FROM sample AS b
        WHERE b.seq < s.seq ORDER BY b.seq DESC LIMIT 1)
      FROM sample_note AS o JOIN sample AS s USING (seq) WHERE o.folded > 0 AND o.seq BETWEEN ?1 AND COALESCE(
        (SELECT MIN(n.seq) FROM sample AS n WHERE n.seq >= ?2), ?2)
      ORDER BY s.seq
      """
    ).bind(IntervalOverlapQuery.values(samples))
    defer { rows.reset() }
    var caveats: [Caveat] = []
    while try rows.step() {
      let (until, from) = (rows.integer(0), rows.optionalInteger(2) ?? rows.integer(0))
      guard window.overlaps(min(from, until), max(from, until)) else { continue }
      guard caveats.count < CaveatFinder.most else {
        return caveats + [Caveat(from: nil, until: nil, kind: .more)]
      }
      caveats.append(Caveat(from: from, until: until, kind: .changesLeftOut(rows.integer(1))))
    }
    return caveats
  }
}
