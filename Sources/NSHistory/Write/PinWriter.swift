internal import NamespaceModel
internal import SQLite

/// Writes scans for the pins of namespaces. A pin that the previous scan found too gets no new row.
struct PinWriter {
  let connection: Connection
  let interner: Interner
  let session: Int64
  let space: Int64

  /// Identifies a pin within a scan. A key holds the rows of namespaces, so that it is the same in two
  /// scans that identify a namespace differently.
  struct Key: Hashable {
    let namespace: Int64
    let mountNamespace: Int64?
    let holder: NamespacePin.Holder
  }

  /// Writes a scan, in a transaction that the caller has begun. Returns the rows of the pins that the
  /// scan found.
  ///
  /// - Parameter open: the rows of the pins that the last scan of the session found.
  func write(_ scan: PinScan, after open: [Key: Int64]) throws(SQLiteError) -> [Key: Int64] {
    try connection.prepare(
      """
      INSERT INTO pin_scan (session_id, wall_ns, boot_ns, duration_ns, denied) VALUES (?, ?, ?, ?, ?)
      """
    ).bind(
      .integer(session), .wall(scan.start.wall), .boot(scan.start.boot),
      .integer(max(0, scan.end.boot - scan.start.boot)), .integer(Int64(scan.denied))
    ).run()
    let number = connection.lastInsertedRowID
    var found: [Key: Int64] = [:]
    for pin in scan.pins {
      let key = try key(of: pin)
      guard found[key] == nil else { continue }
      if let row = open[key] {
        found[key] = row
      } else {
        found[key] = try insert(pin, key, from: number)
      }
    }
    for (key, row) in open where found[key] == nil {
      try connection.prepare("UPDATE pin SET until_scan = ? WHERE pin_id = ?")
        .bind(.integer(number - 1), .integer(row)).run()
    }
    // The relations are in no order, so each namespace gets its row first: it is pinned itself, or is
    // an owner or parent above a pinned one.
    for relations in scan.related { _ = try interner.namespace(relations.namespace) }
    try RelationWriter(connection: connection, interner: interner).write(scan.related)
    return found
  }

  private func key(of pin: NamespacePin) throws(SQLiteError) -> Key {
    var mountNamespace: Int64?
    var holder = pin.holder
    switch pin.holder {
    case .mount(let path, let seenIn):
      mountNamespace = try seenIn.map(interner.namespace)
      holder = .mount(path: path, in: nil)
    case .descriptor(let pid, let ticks, let number, comm: _):
      holder = .descriptor(pid: pid, startTicks: ticks, number: number, comm: nil)
    case .socket: break
    }
    return Key(
      namespace: try interner.namespace(pin.namespace), mountNamespace: mountNamespace,
      holder: holder)
  }

  private func insert(
    _ pin: NamespacePin, _ key: Key, from scan: Int64
  ) throws(SQLiteError) -> Int64 {
    let kind: PinKind
    var path: String?
    var owner: (pid: Int32, ticks: UInt64?)?
    var descriptor: Int32?
    var comm: String?
    switch pin.holder {
    case .mount(let bytes, _): (kind, path) = (.mount, SystemText.escaped(bytes))
    case .descriptor(let pid, let ticks, let number, let name):
      (kind, owner, descriptor) = (.descriptor, (pid, ticks), number)
      comm = name.map { SystemText.escaped($0) }
    case .socket(let pid, let ticks, let number):
      (kind, owner, descriptor) = (.socket, (pid, ticks), number)
    }
    let task = try task(of: owner)
    try connection.prepare(
      """
      INSERT INTO pin (namespace_id, kind, mount_namespace_id, path, pid, task_id, comm, descriptor,
        from_scan)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
      """
    ).bind(
      .integer(key.namespace), .integer(kind.rawValue), .optional(key.mountNamespace),
      .optional(path), .optional(owner?.pid), .number(task), .optional(comm),
      .optional(descriptor),
      .integer(scan)
    ).run()
    return connection.lastInsertedRowID
  }

  /// Returns the row of the process that has a descriptor or socket open; nil if the process has no
  /// row.
  private func task(of owner: (pid: Int32, ticks: UInt64?)?) throws(SQLiteError) -> TaskID? {
    guard let owner, let ticks = owner.ticks else { return nil }
    return try connection.prepare(
      """
      SELECT task_id FROM task WHERE space_id = ? AND pid = ? AND start_ticks = ? AND tid IS NULL
      ORDER BY task_id DESC LIMIT 1
      """
    ).bind(
      .integer(space), .integer(Int64(owner.pid)), .integer(Int64(bitPattern: ticks))
    ).first { $0.task(0) }
  }
}
