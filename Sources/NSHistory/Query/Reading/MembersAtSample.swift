internal import NamespaceModel
internal import SQLite

/// SQL that finds who was in a namespace in one sample, by the shorter way: through the sets that the
/// namespace is in, or, where these are many, through all who were there.
final class MembersAtSample {
  private let connection: Connection
  private var known: [Int64: Bool] = [:]

  /// From so many sets on it is shorter to go through all who were there.
  private static let manySets: Int64 = 64

  init(_ connection: Connection) { self.connection = connection }

  /// Selects columns of the memberships `m`; its parameters are `MembershipStab.values`.
  func sql(_ columns: String, in namespace: NamespaceRecord) throws(SQLiteError) -> String {
    guard try isInManySets(namespace) else { return MembershipStab.inNamespace(columns) }
    return """
      SELECT \(columns) FROM (\(MembershipStab.everywhere("m.task_id, m.set_id"))) AS m
      WHERE m.set_id IN (
        SELECT set_id FROM namespace_set_link WHERE namespace_id = ? AND link = ?)
      """
  }

  private func isInManySets(_ namespace: NamespaceRecord) throws(SQLiteError) -> Bool {
    if let known = known[namespace.id] { return known }
    let count = try connection.prepare(
      """
      SELECT COUNT(*) FROM (
        SELECT 1 FROM namespace_set_link WHERE namespace_id = ? AND link = ?
        LIMIT \(Self.manySets))
      """
    ).bind(
      .integer(namespace.id), .integer(Int64(namespace.type.link.rawValue))
    ).first { $0.integer(0) }
    if known.count >= 65536 { known.removeAll(keepingCapacity: true) }
    known[namespace.id] = count ?? 0 >= Self.manySets
    return count ?? 0 >= Self.manySets
  }
}
