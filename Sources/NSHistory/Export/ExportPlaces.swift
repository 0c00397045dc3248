internal import NamespaceModel
internal import SQLite

/// Reads what control groups and boots are called. Processes name few of them, again and again.
struct ExportPlaces {
  private let connection: Connection
  private var places = Slots<ExportPlace>(bits: 11)
  /// Those of processes whose namespaces tell the container, by their control group and that.
  private var enclosed = BoundedCache<Enclosed, ExportPlace>(limit: 4096)
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
    enclosed.insert(found, for: key)
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

/// What the links of the namespace sets were that were observed last, for each type.
struct ExportSets {
  private let reader: SetReader
  /// A value a type, in their order.
  private var sets = Slots<[LinkValue]>(bits: 11)

  init(_ reader: SetReader) { self.reader = reader }

  /// In which namespace of a type those of a set are.
  mutating func value(_ type: NamespaceType, of set: Int64) throws(SQLiteError) -> LinkValue {
    let place = Int(type.rawValue) - 1
    if let known = sets[set] { return known[place] }
    let links = try reader.links(of: set)
    // A set that is read is whole.
    let values = NamespaceType.allCases.map { links[$0.link] ?? .unread(.unseen) }
    sets[set] = values
    return values[place]
  }
}

/// What was made of the rows that were observed last, by their numbers: a fixed number of slots, each for
/// the numbers of one remainder, so that the room does not grow and a look takes a few instructions.
struct Slots<Value> {
  private var keys: [Int64]
  private var values: [Value?]

  /// - Parameter bits: there are two to the power of so many slots.
  init(bits: Int) {
    keys = Array(repeating: 0, count: 1 << bits)
    values = Array(repeating: nil, count: 1 << bits)
  }

  subscript(key: Int64) -> Value? {
    get {
      let slot = slot(key)
      return keys[slot] == key ? values[slot] : nil
    }
    set {
      let slot = slot(key)
      keys[slot] = key
      values[slot] = newValue
    }
  }

  private func slot(_ key: Int64) -> Int { Int(truncatingIfNeeded: key) & (keys.count - 1) }
}
