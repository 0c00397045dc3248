internal import Containers
internal import SQLite

/// Writes the rows of the containers that the paths of control groups name.
final class ContainerWriter {
  private let connection: Connection
  private let folders: CgroupFolders
  /// The observed containers without a name, by row. Nested containers are excluded, because their
  /// engine has its files inside the outer container.
  private var unnamed: [Int64: ContainerIdentity] = [:]

  /// - Parameter folders: the cgroup directories of this machine; empty if the history may record
  ///   another machine.
  init(_ connection: Connection, _ folders: CgroupFolders) {
    self.connection = connection
    self.folders = folders
  }

  /// Returns the row of the innermost container that a control group belongs to, and inserts the rows that are
  /// missing; nil if the control group belongs to no container.
  ///
  /// - Parameters:
  ///   - membership: the control group, with the containers that its path names.
  ///   - text: the `/proc/PID/cgroup` from which `membership` was parsed.
  func row(of membership: CgroupMembership, _ text: [UInt8]) throws(SQLiteError) -> Int64? {
    var outer: Int64?
    guard !membership.containers.isEmpty else { return nil }
    let verdict = folders.verdict(on: text)
    for var container in membership.containers {
      if outer == nil {
        container.isMadeByRoot = verdict.isMadeByRoot
        container.user = container.user ?? verdict.user
      }
      let row = try row(of: container, inside: outer)
      if outer == nil, try !isNamed(row) { unnamed[row] = container }
      outer = row
    }
    return outer
  }

  private func row(
    of container: ContainerIdentity, inside outer: Int64?
  ) throws(SQLiteError) -> Int64 {
    let known = try connection.prepare(
      """
      SELECT container_id FROM container
      WHERE id = ? AND outer_id IS ? AND engine IS ? AND pod IS ? AND owner_uid IS ?
        AND COALESCE(verified, 1) = ?
      """
    ).bind(
      .text(SystemText.sanitized(container.id)), .optional(outer),
      .optional(container.engine?.rawValue), .optional(container.pod.map(SystemText.sanitized)),
      .optional(container.user), .integer(container.isMadeByRoot == false ? 0 : 1)
    ).first { $0.integer(0) }
    if let known {
      if container.isMadeByRoot == true {
        try connection.prepare("UPDATE container SET verified = 1 WHERE container_id = ?")
          .bind(.integer(known)).run()
      }
      return known
    }
    try connection.prepare(
      """
      INSERT INTO container (id, outer_id, engine, pod, owner_uid, verified)
      VALUES (?, ?, ?, ?, ?, ?)
      """
    ).bind(
      .text(SystemText.sanitized(container.id)), .optional(outer),
      .optional(container.engine?.rawValue), .optional(container.pod.map(SystemText.sanitized)),
      .optional(container.user), .optional(container.isMadeByRoot.map { $0 ? 1 : 0 })
    ).run()
    return connection.lastInsertedRowID
  }

  private func isNamed(_ row: Int64) throws(SQLiteError) -> Bool {
    try connection.prepare("SELECT 1 FROM container WHERE container_id = ? AND name IS NOT NULL")
      .bind(.integer(row)).first { _ in true } ?? false
  }

  /// Returns the containers without a name, except nested ones, that were observed since the last call.
  func takeUnnamed() -> [ContainerIdentity] {
    defer { unnamed.removeAll() }
    return unnamed.sorted { $0.key < $1.key }.map(\.value)
  }

  /// Writes the names, images and pods that engines report for containers that are not nested.
  func write(_ names: [ContainerIdentity: ContainerName]) throws(SQLiteError) {
    for (container, name) in names {
      try connection.prepare(
        """
        UPDATE container SET name = ?, image = ?, pod_name = ?, pod_namespace = ?,
          sandbox = ?
        WHERE id = ? AND outer_id IS NULL AND engine IS ? AND pod IS ? AND owner_uid IS ?
          AND COALESCE(verified, 1) = ?
        """
      ).bind(
        .text(SystemText.sanitized(name.name)), .optional(name.image.map(SystemText.sanitized)),
        .optional(name.pod.map(SystemText.sanitized)),
        .optional(name.namespace.map(SystemText.sanitized)), .integer(name.isSandbox ? 1 : 0),
        .text(SystemText.sanitized(container.id)), .optional(container.engine?.rawValue),
        .optional(container.pod.map(SystemText.sanitized)), .optional(container.user),
        .integer(container.isMadeByRoot == false ? 0 : 1)
      ).run()
    }
  }
}
