internal import NamespaceModel
internal import SQLite

extension HistoryReader {
  /// Gives `body` each namespace set that the selected processes had, process by process in the
  /// order of time. Ends early when `body` returns false.
  public func history(
    _ selector: ProcessSelector, in window: TimeWindow = TimeWindow(), _ body: (Stay) -> Bool
  ) throws(HistoryError) {
    try reading { (reading) throws(SQLiteError) in
      let history = HistoryQuery(reading: reading, window: window)
      for life in try ProcessFinder(reading: reading).lives(selector, in: window) {
        guard try history.forEach(of: life, body) else { return }
      }
    }
  }
}

/// Tells the life of a process, stay by stay.
struct HistoryQuery {
  let reading: Reading
  let window: TimeWindow

  /// Gives `body` each stay; returns false when `body` did.
  func forEach(of life: Life, _ body: (Stay) -> Bool) throws(SQLiteError) -> Bool {
    let edges = reading.edges(of: life)
    var before: [NamespaceLink: LinkValue]?
    for membership in life.memberships {
      let links = try reading.sets.links(of: membership.set)
      for piece in try reading.index.pieces(of: membership.from...membership.until) {
        let changes = try before.map { (before) throws(SQLiteError) in
          try LinkComparison(reading: reading)
            .changes(from: before, to: links, at: piece.lowerBound)
        }
        before = links
        let from = try reading.index.point(piece.lowerBound).wall
        // The clock may have gone back by less than a step.
        let until = max(from, try reading.index.point(piece.upperBound).wall)
        guard window.overlaps(from, until) else { continue }
        let beginning = try edges.beginning(
          at: piece.lowerBound, goesOn: piece.lowerBound > membership.from)
        let stay = Stay(
          process: life.process, from: from, until: until, beginning: beginning,
          end: try edges.end(at: piece.upperBound, goesOn: piece.upperBound < membership.until),
          links: links, changes: changes ?? [],
          joined: try MemberFinder(reading: reading).member(
            of: changes?.joined ?? [], at: piece.lowerBound - 1, otherThan: life.process.id))
        guard body(stay) else { return false }
      }
    }
    return true
  }
}
