package import NamespaceModel
internal import SQLite

/// The highest number of namespaces of one type that existed at once.
package struct PeakUse: Sendable, Hashable {
  /// The number of namespaces, without the initial one.
  package let count: Int
  /// The beginning of the first sample that saw this number.
  package let time: WallTime
}

/// Finds the highest number of namespaces of each type that existed at once.
struct PeakUseQuery {
  let reading: HistorySnapshot

  /// Returns the peak of each type that had a namespace besides the initial one.
  func answer() throws(SQLiteError) -> [NamespaceType: PeakUse] {
    try reading.index.requireWhole("all namespaces of the whole history")
    guard let last = reading.index.last else { return [:] }
    var peaks: [NamespaceType: PeakUse] = [:]
    for type in NamespaceType.allCases {
      let lifetimes = try reading.connection.prepare(
        """
        SELECT first_seq, MAX(COALESCE(last_seq, ?1), COALESCE(\(held(type)), 0))
        FROM namespace
        WHERE type = ?2 AND first_seq IS NOT NULL AND initial IS NOT 1
          AND EXISTS (SELECT 1 FROM namespace_set_link AS l
                      WHERE l.namespace_id = namespace.namespace_id AND l.link IN (?3, ?4))
        """
      ).bind(
        .number(last), .integer(Int64(type.rawValue)), .integer(Int64(type.link.rawValue)),
        .integer(Int64(type.linkForChildren.rawValue))
      )
      .map { ($0.sequence(0), $0.sequence(1)) }
      guard let (count, sample) = busiest(lifetimes) else { continue }
      peaks[type] = PeakUse(count: count, time: try reading.index.point(sample).wall)
    }
    return peaks
  }

  /// SQL for the last sample at which `ChildrenHolders` finds a link for children to the namespace; NULL
  /// for a type without such a link.
  private func held(_ type: NamespaceType) -> String {
    type.linkForChildren == type.link
      ? "NULL" : ChildrenHolders.last(of: "namespace.namespace_id", newest: "?1")
  }

  /// Returns the highest number of namespaces at once, and the first sample with this number.
  private func busiest(_ lifetimes: [(first: SequenceNumber, last: SequenceNumber)]) -> (
    Int, SequenceNumber
  )? {
    let ends = lifetimes.map(\.last).sorted()
    var peak: (Int, SequenceNumber)?
    var gone = 0
    for (index, first) in lifetimes.map(\.first).sorted().enumerated() {
      while gone < ends.count, ends[gone] < first { gone += 1 }
      let there = index + 1 - gone
      if there > peak?.0 ?? 0 { peak = (there, first) }
    }
    return peak
  }
}
