internal import SQLite

/// Finds out how pieces of the time of one process began and ended.
struct Edges {
  let index: SampleIndex
  let life: Life

  /// The beginning of a piece at a sample.
  ///
  /// - Parameter goesOn: whether the piece is cut off from one in which all was the same.
  func beginning(at sample: Int64, goesOn: Bool) throws(SQLiteError) -> Edge {
    let before = sample > index.first ?? sample ? try index.point(sample - 1) : nil
    let bracket = Bracket(before, try index.point(sample))
    if case .gap(let missing) = bracket.coverage {
      return Edge(kind: .firstSeen, other: before?.wall, missing: missing)
    }
    if goesOn { return Edge(kind: .firstSeen, other: before?.wall, missing: .skipped) }
    let wasThere = life.membership(at: sample - 1) != nil
    return Edge(kind: wasThere ? .changed : .started, other: before?.wall, missing: nil)
  }

  /// The end of a piece at a sample.
  func end(at sample: Int64, goesOn: Bool) throws(SQLiteError) -> Edge {
    if sample == index.last, index.sessions.last?.isOpen == true {
      return Edge(kind: .open, other: nil, missing: nil)
    }
    let after = sample < index.last ?? sample ? try index.point(sample + 1) : nil
    let bracket = Bracket(try index.point(sample), after)
    if case .gap(let missing) = bracket.coverage {
      return Edge(kind: .lastSeen, other: after?.wall, missing: missing)
    }
    if goesOn { return Edge(kind: .lastSeen, other: after?.wall, missing: .skipped) }
    let isThere = life.membership(at: sample + 1) != nil
    return Edge(kind: isThere ? .changed : .exited, other: after?.wall, missing: nil)
  }
}
