internal import Containers
internal import SQLite

/// Finds the containers of control groups that were recorded before containers had rows.
enum ContainerBackfill {
  static func run(in connection: Connection) throws(SQLiteError) {
    let containers = ContainerWriter(connection, CgroupFolders(mountinfo: []))
    let cgroups = try connection.prepare(
      "SELECT cgroup_id, path FROM cgroup WHERE container_id IS NULL"
    )
    .map { ($0.integer(0), $0.text(1)) }
    for (row, path) in cgroups {
      let text = SystemText.bytes(path)
      let place = CgroupPlace(text)
      guard !place.containers.isEmpty || place.unit != nil else { continue }
      try connection.prepare("UPDATE cgroup SET container_id = ?, unit = ? WHERE cgroup_id = ?")
        .bind(
          .optional(try containers.row(of: place, text)),
          .optional(place.unit.map(SystemText.harmless)), .integer(row)
        ).run()
    }
  }
}
