package import NamespaceModel

/// A search over all histories of a store, for what was there in some time.
///
/// Every search reads an index of the store; none reads all rows of a table.
package struct FleetSearch: Sendable {
  /// What is searched for.
  package enum Target: Sendable, Hashable {
    /// A container, by its name or the beginning of its id.
    case container(String)
    /// Tasks with this name: the one that each had last.
    case comm(String)
    /// Namespaces with an inode number.
    case inode(NamespaceType, UInt64)
    /// The namespace with a kernel id, in each boot of each host.
    case kernelID(NamespaceType, UInt64)
    /// Changes with a mark of `nshist query changes`.
    case mark(String)
  }

  /// Something that was found.
  package struct Match: Sendable, Hashable {
    /// The UUID of the history, and its host.
    package let history: String
    package let host: String?
    /// When it was there. The end is nil for what the history shows as still there.
    package let from: WallTime?
    package let until: WallTime?
    /// The process, of a task or a mark.
    package let pid: Int64?
    package let comm: String?
    /// The container, or that of the process.
    package let container: String?
    package let containerName: String?
    /// The namespace.
    package let type: NamespaceType?
    package let inode: UInt64?
    package let kernelID: UInt64?
  }

  package let target: Target
  package let since: WallTime
  package let until: WallTime

  package init(_ target: Target, since: WallTime, until: WallTime) {
    self.target = target
    self.since = since
    self.until = until
  }

  /// The text of the query. The parameters are what is searched for, the beginning and the end of the time.
  private var query: (sql: String, value: String) {
    // A row begins with: history, host, from, until, pid, comm, container, its name, type, inode, kernel id.
    let host = "JOIN nshist.history AS h USING (history)"
    return switch target {
    case .container(let text):
      (
        """
        SELECT history, host_name, \(Self.time("f.began")), \(Self.time("CASE WHEN open THEN NULL ELSE f.ended END")),
          NULL, NULL, f.id, f.name, NULL, NULL, NULL
        FROM (
          SELECT c.*, EXISTS (SELECT 1 FROM nshist.open_task AS o WHERE o.history = c.history
            AND o.container_id = c.container_id) AS open
          FROM nshist.container AS c
          WHERE (c.name = $1 OR c.id >= $1 AND c.id < $1 || U&'\\FFFF') AND c.began <= \(Self.parameter(3))
        ) AS f \(host)
        WHERE open OR f.ended >= \(Self.parameter(2))
        ORDER BY host_name, f.began
        """, text
      )
    case .comm(let name):
      (
        """
        SELECT history, host_name, \(Self.time("f.began")), \(Self.time("f.ended")), f.pid, f.comm, c.id, c.name,
          NULL, NULL, NULL
        FROM (
          SELECT history, began, ended, pid, comm, container_id FROM nshist.task
          WHERE comm = $1 AND ended >= \(Self.parameter(2)) AND began <= \(Self.parameter(3))
          UNION ALL
          SELECT history, began, NULL, pid, comm, container_id FROM nshist.open_task
          WHERE comm = $1 AND began <= \(Self.parameter(3))
        ) AS f \(host)
          LEFT JOIN nshist.container AS c USING (history, container_id)
        ORDER BY f.began, host_name, f.pid
        """, name
      )
    case .inode(let type, let number):
      (
        namespaces("n.inode = $1::bigint AND n.type = \(type.rawValue)", host),
        "\(Int64(bitPattern: number))"
      )
    case .kernelID(let type, let number):
      (
        namespaces("n.kernel_id = $1::bigint AND n.type = \(type.rawValue)", host),
        "\(Int64(bitPattern: number))"
      )
    case .mark(let mark):
      (
        """
        SELECT history, host_name, \(Self.time("m.at")), \(Self.time("m.at")), m.pid, m.comm, m.container, NULL,
          m.type, m.inode, NULL
        FROM nshist.mark AS m \(host)
        WHERE m.mark = $1 AND m.at >= \(Self.parameter(2)) AND m.at <= \(Self.parameter(3))
        ORDER BY m.at, host_name, m.pid
        """, mark
      )
    }
  }

  private func namespaces(_ condition: String, _ host: String) -> String {
    """
    SELECT history, host_name, \(Self.time("n.began")), \(Self.time("n.ended")), NULL, NULL, NULL, NULL,
      n.type, n.inode, n.kernel_id
    FROM nshist.namespace AS n \(host)
    WHERE \(condition) AND n.began <= \(Self.parameter(3)) AND (n.until_seq IS NULL OR n.ended >= \(Self.parameter(2)))
    ORDER BY host_name, n.began
    """
  }

  /// A parameter that is a time, in microseconds since the epoch.
  private static func parameter(_ number: Int) -> String {
    "(timestamptz 'epoch' + $\(number)::bigint * interval '1 microsecond')"
  }

  private static func time(_ column: String) -> String {
    "(extract(epoch FROM \(column)) * 1000000)::bigint"
  }

  /// Calls `body` with each match, until it returns false.
  package func run(
    in store: FleetStore, _ body: (Match) -> Bool
  ) throws(FleetError) {
    try store.requireReadable()
    let (sql, value) = query
    let times = [since, until].map { "\($0.nanoseconds / 1000)" }
    var isWanted = true
    try store.connection.run(sql, [value] + times) {
      (row) throws(FleetError) in
      guard isWanted else { return }
      isWanted = body(
        Match(
          history: row.text(0) ?? "", host: row.text(1), from: try Self.wall(row, 2),
          until: try Self.wall(row, 3), pid: try row.integer(4), comm: row.text(5),
          container: row.text(6), containerName: row.text(7),
          type: try row.integer(8).flatMap {
            NamespaceType(rawValue: UInt8(truncatingIfNeeded: $0))
          },
          inode: try row.integer(9).map { UInt64(bitPattern: $0) },
          kernelID: try row.integer(10).map { UInt64(bitPattern: $0) }))
    }
  }

  private static func wall(
    _ row: borrowing PostgresRow, _ column: Int32
  ) throws(FleetError) -> WallTime? {
    try row.integer(column).map { WallTime(nanoseconds: $0 &* 1000) }
  }
}
