internal import Containers
internal import SQLite

/// Finds the containers that are meant by an id or a name, and what is inside them.
struct ContainerFinder {
  let connection: Connection

  /// An id is given by its first digits: so many at least.
  static let fewestDigits = 4

  /// The rows of the containers that have an id; where none has it, of those that have it as their
  /// name; and where none has that, of those whose id begins with it. With each, those inside it.
  func rows(_ text: String) throws(SQLiteError) -> Set<Int64> {
    let exact = try rows(where: "id = ?1", [.text(SystemText.sanitized(text))])
    if !exact.isEmpty { return exact }
    let named = try named(text)
    if !named.isEmpty || text.utf8.count < Self.fewestDigits { return named }
    // A name that is an id has letters of both cases, digits only small ones.
    return try rows(
      where: "(id >= ?1 AND id < ?1 || ?3) OR (id >= ?2 AND id < ?2 || ?3)",
      [.text(text), .text(text.lowercased()), .text("\u{10FFFF}")])
  }

  /// Those called `NAME`, `POD/NAME` or `NAMESPACE/POD/NAME`.
  private func named(_ text: String) throws(SQLiteError) -> Set<Int64> {
    let text = SystemText.sanitized(text)
    let whole = try rows(where: "name = ?1", [.text(text)])
    guard whole.isEmpty, let name = text.split(separator: "/").last else { return whole }
    return try rows(
      where: """
        name = ?1 AND (pod_name || '/' || name = ?2
          OR pod_namespace || '/' || pod_name || '/' || name = ?2)
        """, [.text(String(name)), .text(text)])
  }

  private func rows(
    where condition: String, _ values: [Value]
  ) throws(SQLiteError) -> Set<Int64> {
    Set(
      try connection.prepare(
        """
        WITH RECURSIVE meant (row) AS (
          SELECT container_id FROM container WHERE \(condition)
          UNION SELECT container_id FROM meant CROSS JOIN container ON outer_id = row)
        SELECT row FROM meant
        """
      ).bind(values).map { $0.integer(0) })
  }

  /// The control groups of those containers.
  func cgroups(_ text: String) throws(SQLiteError) -> [Int64] {
    try connection.prepare(
      """
      SELECT cgroup_id FROM json_each(?) CROSS JOIN cgroup ON container_id = value
      """
    ).bind(.list(try rows(text).sorted())).map { $0.integer(0) }
  }
}
