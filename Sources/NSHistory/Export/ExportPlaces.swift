internal import SQLite

/// Reads what control groups and boots are called. Processes name few of them, again and again.
struct ExportPlaces {
  private let connection: Connection
  private var places = Slots<ExportPlace>(bits: 11)
  /// Those of processes whose namespaces tell the container, by their control group and that.
  private var enclosed: [Enclosed: ExportPlace] = [:]
  private var enclosedCount: Int64 = 0
  private var boots = Slots<(row: Int64, uuid: String)>(bits: 6)

  private struct Enclosed: Hashable {
    let cgroup: Int64?
    let container: Int64?
  }

  init(_ connection: Connection) { self.connection = connection }

  /// The control group of a row, of a process that was in a container by its namespaces.
  mutating func place(
    _ row: Int64?, in enclosure: ContainerRule.Enclosure
  ) throws(SQLiteError) -> ExportPlace {
    let key = Enclosed(cgroup: row, container: enclosure.container.row)
    if let known = enclosed[key] { return known }
    enclosedCount += 1
    let cgroup = try row.map { (row) throws(SQLiteError) in try place(row) }?.cgroup
    let found = ExportPlace(
      row: -enclosedCount, cgroup: cgroup, container: enclosure.container, isByNamespaces: true)
    if enclosed.count >= 4096 { enclosed.removeAll() }
    enclosed[key] = found
    return found
  }

  /// The control group of a row.
  mutating func place(_ row: Int64) throws(SQLiteError) -> ExportPlace {
    if let known = places[row] { return known }
    let found = try connection.prepare(
      """
      SELECT path, \(ContainerRecord.columns) FROM cgroup \(ContainerRecord.joins)
      WHERE cgroup.cgroup_id = ?
      """
    ).bind(.integer(row)).first { columns in
      let path = columns.optionalText(0)
      return ExportPlace(
        // What the file holds is escaped, unless somebody edited it.
        row: row, cgroup: path.map(SystemText.sanitized),
        container: ContainerRecord(columns, from: 1))
    }
    let place = found ?? ExportPlace(row: row, cgroup: nil, container: nil)
    places[row] = place
    return place
  }

  /// The boot of a space of PIDs, its row and uuid; nil where the file does not have it.
  mutating func boot(ofSpace space: Int64) throws(SQLiteError) -> (row: Int64, uuid: String)? {
    if let known = boots[space] { return known }
    let boot = try connection.prepare(
      "SELECT boot_id, uuid FROM pid_space JOIN boot USING (boot_id) WHERE space_id = ?"
    ).bind(.integer(space)).first { ($0.integer(0), SystemText.sanitized($0.text(1))) }
    boots[space] = boot
    return boot
  }
}
