internal import Containers
internal import SQLite

/// Finds the containers of control groups that were recorded before containers had rows.
enum ContainerBackfill {
  static func run(in connection: Connection) throws(SQLiteError) {
    let containers = ContainerWriter(connection)
    let cgroups = try connection.prepare("SELECT cgroup_id, path FROM cgroup")
      .map { ($0.integer(0), $0.text(1)) }
    for (row, path) in cgroups {
      let place = CgroupPlace(SystemText.bytes(path))
      guard !place.containers.isEmpty || place.unit != nil else { continue }
      try connection.prepare("UPDATE cgroup SET container_id = ?, unit = ? WHERE cgroup_id = ?")
        .bind(
          .optional(try containers.row(of: place)),
          .optional(place.unit.map(SystemText.harmless)), .integer(row)
        ).run()
    }
  }
}
