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
      for life in try ProcessFinder(reading: reading).lives(
        selector, in: window, withThreads: true)
      {
        guard try history.forEach(of: life, body) else { return }
      }
    }
  }
}

/// Tells the life of a process, stay by stay.
struct HistoryQuery {
  let reading: Reading
  let window: TimeWindow

  private var comparison: LinkComparison { LinkComparison(reading: reading) }

  /// Gives `body` each stay; returns false when `body` did.
  func forEach(of life: Life, _ body: (Stay) -> Bool) throws(SQLiteError) -> Bool {
    var before: LinkComparison.Links?
    var read: LinkComparison.Links = [:]
    for membership in life.memberships {
      let links = try reading.sets.links(of: membership.set)
      for piece in try reading.index.pieces(of: membership.from...membership.until) {
        let stay = try stay(piece, of: membership, in: life, links) { () throws(SQLiteError) in
          guard let before else {
            return try arrivals(of: life, membership, links)
          }
          return try comparison.changes(
            from: before, read: read, to: links, at: piece.lowerBound)
        }
        before = links
        read.update(links)
        guard window.mayOverlap(stay.stretch) else { continue }
        guard body(stay) else { return false }
      }
    }
    return true
  }

  private func stay(
    _ piece: ClosedRange<Int64>, of membership: Membership, in life: Life,
    _ links: LinkComparison.Links, changes: () throws(SQLiteError) -> [LinkChange]
  ) throws(SQLiteError) -> Stay {
    let changes = try changes()
    let stretch = try reading.edges(of: life)
      .stretch(piece, of: membership.from...membership.until)
    let begins = piece.lowerBound == life.memberships.first?.from
    let isFirst = begins && life.movedFrom == nil
    return Stay(
      process: life.process.described(at: piece.upperBound), from: stretch.from,
      until: stretch.until,
      beginning: stretch.beginning, end: stretch.end, links: links, changes: changes,
      isFirst: isFirst,
      isReturn: begins ? false : try reading.threads.isReturned(life, at: piece.lowerBound),
      joined: try MemberFinder(reading: reading).member(
        of: changes.joined, at: piece.lowerBound - 1, otherThan: life.process),
      parent: isFirst ? try reading.lives.parent(of: life.process) : nil)
  }

  private func arrivals(
    of life: Life, _ membership: Membership, _ links: LinkComparison.Links
  ) throws(SQLiteError) -> [LinkChange] {
    if let set = life.movedFrom {
      let before = try reading.sets.links(of: set)
      return try comparison.changes(
        from: before, read: before, to: links, at: membership.from)
    }
    // What was there before the first sample of all is no change.
    guard membership.from != reading.index.first, let origin = try origin(of: life) else {
      return []
    }
    let earlier = try comparison.linksOfParent(
      reading.lives.parent(of: life.process), at: membership.from - 1)
    return try comparison.arrivals(
      of: links, from: origin, earlier: earlier, at: membership.from)
  }

  /// Where the children of its parent went when a process started, if that is another place.
  private func origin(of life: Life) throws(SQLiteError) -> LinkComparison.Links? {
    let set =
      try reading.connection.prepare(
        """
        SELECT origin_set_id FROM membership WHERE task_id = ? AND from_sample = ? AND cause = 2
        """
      ).bind(.integer(life.process.id), .integer(life.memberships.first?.from ?? 0))
      .first { $0.optionalInteger(0) } ?? nil
    return try set.map(reading.sets.links)
  }
}
