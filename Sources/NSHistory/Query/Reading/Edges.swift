internal import SQLite

/// Finds out how pieces of the time of one process began and ended.
struct Edges {
  let index: SampleIndex
  let life: Life

  /// The beginning of a piece at a sample.
  ///
  /// - Parameter goesOn: whether the piece is cut off from one in which all was the same.
  func beginning(at sample: Int64, goesOn: Bool) throws(SQLiteError) -> Edge {
    let bracket = try index.bracket(before: sample)
    let kind: Edge.Kind =
      if bracket.missing != nil || (bracket.hidesProcesses && life.isMissing(at: sample - 1)) {
        .firstSeen
      } else if goesOn {
        .clockSet
      } else {
        life.membership(at: sample - 1) == nil ? .started : .changed
      }
    return Edge(
      kind: kind, other: bracket.before?.wall, within: bracket.length, missing: bracket.missing)
  }

  /// The end of a piece at a sample.
  func end(at sample: Int64, goesOn: Bool) throws(SQLiteError) -> Edge {
    if sample == index.last, index.sessions.last?.isOpen == true {
      return Edge(kind: .open, other: nil, within: nil, missing: nil)
    }
    let bracket = try index.bracket(before: sample + 1)
    let kind: Edge.Kind =
      if bracket.missing != nil || (bracket.hidesProcesses && life.isMissing(at: sample + 1)) {
        .lastSeen
      } else if goesOn {
        .clockSet
      } else {
        life.membership(at: sample + 1) == nil ? .exited : .changed
      }
    return Edge(
      kind: kind, other: bracket.after?.wall, within: bracket.length, missing: bracket.missing)
  }
}
