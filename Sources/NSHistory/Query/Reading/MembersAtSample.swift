internal import NamespaceModel
internal import SQLite

/// SQL that finds who was in a namespace in a range of samples, by the shorter way: through the sets that
/// the namespace is in, or, where these are many, through all who were there.
final class MembersAtSample {
  private let connection: Connection
  private let index: SampleIndex
  /// In how many sets namespaces are.
  private var known: [Int64: Int64] = [:]
  private var membershipsASample: Double?

  /// From so many sets on it may be shorter to go through all who were there.
  private static let manySets: Int64 = 64
  /// How many are there at any time.
  private static let few = 512.0
  /// How often an index is looked into for each set: once for each class of lengths.
  private static let looks = 20.0

  init(_ connection: Connection, _ index: SampleIndex) {
    self.connection = connection
    self.index = index
  }

  /// Selects columns of the memberships `m`; its parameters are `IntervalOverlapQuery.values`.
  ///
  /// - Parameters:
  ///   - byEither: whether a parameter more is a second link, and either of the two may lead there.
  ///   - samples: the range; nil for one sample.
  func sql(
    _ columns: String, in namespace: NamespaceRecord, byEither: Bool = false,
    during samples: ClosedRange<Int64>? = nil
  ) throws(SQLiteError) -> String {
    let sets = try sets(of: namespace)
    let there = try Self.few + (samples.map(count) ?? 0)
    guard sets >= Self.manySets, there < Double(sets) * Self.looks else {
      return byEither
        ? IntervalOverlapQuery.holding(columns) : IntervalOverlapQuery.inNamespace(columns)
    }
    // With a plus, or the index of sets would be used for each of them.
    let all = "m.task_id, m.set_id, m.from_seq, m.until_seq, m.exact"
    return """
      SELECT \(columns) FROM (\(IntervalOverlapQuery.everywhere(all))) AS m
      WHERE +m.set_id IN (
        SELECT set_id FROM namespace_set_link
        WHERE namespace_id = ? AND link \(byEither ? "IN (?, ?)" : "= ?"))
      """
  }

  /// How many memberships began in a range, as many as in any other.
  func count(_ samples: ClosedRange<Int64>) throws(SQLiteError) -> Double {
    let length = Double(samples.upperBound) - Double(samples.lowerBound) + 1
    if let membershipsASample { return membershipsASample * length }
    let all = try connection.prepare("SELECT MAX(membership_id) FROM membership")
      .first { Double($0.integer(0)) }
    let share = (all ?? 0) / max(1, Double(index.last ?? 0) - Double(index.first ?? 0) + 1)
    membershipsASample = share
    return share * length
  }

  private func sets(of namespace: NamespaceRecord) throws(SQLiteError) -> Int64 {
    if let known = known[namespace.id] { return known }
    let count = try connection.prepare(
      "SELECT COUNT(*) FROM namespace_set_link WHERE namespace_id = ? AND link = ?"
    ).bind(
      .integer(namespace.id), .integer(Int64(namespace.type.link.rawValue))
    ).first { $0.integer(0) }
    if known.count >= 65536 { known.removeAll(keepingCapacity: true) }
    known[namespace.id] = count
    return count ?? 0
  }
}
