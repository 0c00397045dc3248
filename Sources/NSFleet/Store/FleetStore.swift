package import NamespaceModel

/// The store of a fleet in a PostgreSQL database: `store.sql` describes it.
package final class FleetStore {
  let connection: PostgresConnection

  /// The version of the store's schema that this program makes.
  package static let version: Int64 = 1

  /// Connects to the database of a store.
  ///
  /// - Parameter timeout: how long a call waits for the server, in milliseconds.
  package init(_ uri: String, timeout: Int32 = 60_000) throws(FleetError) {
    connection = try PostgresConnection(uri, timeout: timeout)
  }

  /// Makes the store in the database, or brings it to this version. Returns the version that it had; nil if there was
  /// none.
  package func initialize() throws(FleetError) -> Int64? {
    try connection.transaction { () throws(FleetError) in
      // Two of these at once would make the same things.
      try connection.run("SELECT pg_advisory_xact_lock(hashtext('nshist.init'))")
      let before: Int64?
      let isThere = try connection.first("SELECT to_regprocedure('nshist.version()') IS NOT NULL") {
        (row) throws(FleetError) in row.text(0) == "t"
      }
      if isThere == true {
        before = try storedVersion()
        if let before, before > Self.version {
          throw FleetError(.newerStore, detail: "\(before)")
        }
      } else {
        before = nil
      }
      try connection.runScript(String(decoding: PackageResources.store_sql, as: UTF8.self))
      return before
    }
  }

  private func storedVersion() throws(FleetError) -> Int64 {
    try connection.first("SELECT nshist.version()") { (row) throws(FleetError) in
      try row.number(0)
    } ?? 0
  }

  /// Throws unless the store has a schema that this program can write.
  func requireWritable() throws(FleetError) {
    // A newer store takes what an older host ships.
    let version = try storedVersion()
    guard version >= Self.version else { throw FleetError(.olderStore, detail: "\(version)") }
  }

  /// Throws unless the store has a schema that this program can read.
  func requireReadable() throws(FleetError) {
    let version = try storedVersion()
    guard version <= Self.version else { throw FleetError(.newerStore, detail: "\(version)") }
    guard version == Self.version else { throw FleetError(.olderStore, detail: "\(version)") }
  }

  // MARK: Hosts

  /// A history in the store.
  package struct History: Sendable, Hashable {
    /// Its UUID.
    package let uuid: String
    package let host: String?
    package let machine: String?
    package let program: String?
    /// The version of the schema of its file.
    package let fileVersion: Int64
    /// When its first sample began, and the time of the last sample or event that the store has.
    package let began: WallTime
    package let reached: WallTime
    /// When it was shipped last.
    package let shippedAt: WallTime
    /// Whether the store has all of it up to `reached`.
    package let isWhole: Bool
    let missing: Int64?
    let header: String
  }

  private static let columns = """
    history, host_name, machine_id, program, file_version,
    (extract(epoch FROM began) * 1000000)::bigint, seq_wall_ns,
    (extract(epoch FROM shipped_at) * 1000000)::bigint, is_whole, missing_seq, header
    """

  private static func history(_ row: borrowing PostgresRow) throws(FleetError) -> History {
    History(
      uuid: row.text(0) ?? "", host: row.text(1), machine: row.text(2), program: row.text(3),
      fileVersion: try row.number(4), began: WallTime(nanoseconds: try row.number(5) &* 1000),
      reached: WallTime(nanoseconds: try row.number(6)),
      shippedAt: WallTime(nanoseconds: try row.number(7) &* 1000), isWhole: row.text(8) == "t",
      missing: try row.integer(9), header: row.text(10) ?? "{}")
  }

  /// Returns all histories of the store, by host.
  package func histories() throws(FleetError) -> [History] {
    try requireReadable()
    var found: [History] = []
    try connection.run(
      "SELECT \(Self.columns) FROM nshist.history ORDER BY host_name, began, history"
    ) { (row) throws(FleetError) in found.append(try Self.history(row)) }
    return found
  }

  /// Returns the history of a host, by its name, its machine id, or the UUID of the history or the beginning of that.
  func history(of host: String) throws(FleetError) -> History {
    var found: [History] = []
    try connection.run(
      """
      SELECT \(Self.columns) FROM nshist.history WHERE host_name = $1 OR machine_id = $1
        OR length($1) >= 8 AND starts_with(history::text, $1)
      ORDER BY reached DESC
      """, [host]
    ) { (row) throws(FleetError) in found.append(try Self.history(row)) }
    guard let first = found.first else { throw FleetError(.unknownHost, detail: host) }
    guard found.count == 1 else {
      throw FleetError(.severalHistories, detail: found.map(\.uuid).joined(separator: ", "))
    }
    return first
  }
}
