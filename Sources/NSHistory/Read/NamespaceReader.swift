internal import NamespaceModel
internal import SQLite

/// A namespace, its lifetime, and its relations to other namespaces.
struct NamespaceLifetime {
  let namespace: NamespaceRecord
  /// The first sample or event that observed the namespace.
  let first: SequenceNumber?
  /// The last sample or event that observed a process in the namespace; nil while a process is in it.
  let last: SequenceNumber?
  let owner: Int64?
  let parent: Int64?
  let ownerUID: Int64?
  /// The row id of the process that created the namespace.
  let maker: TaskID?
  /// Whether it is certain that this process created the namespace; see `namespace.maker_certain` in
  /// `Migrations`.
  let isMakerCertain: Bool
}

/// Reads namespaces.
final class NamespaceReader {
  private let connection: Connection
  private var known = BoundedCache<Int64, NamespaceLifetime>(limit: 65536)

  init(_ connection: Connection) { self.connection = connection }

  /// Returns a namespace by its row id.
  func lifetime(_ id: Int64) throws(SQLiteError) -> NamespaceLifetime {
    if let lifetime = known[id] { return lifetime }
    guard let lifetime = try lifetimes(where: "namespace_id = ?", [.integer(id)]).first else {
      throw .corrupt("namespace \(id) is missing", operation: "read a namespace")
    }
    known.insert(lifetime, for: id)
    return lifetime
  }

  /// Reads many namespaces into the cache with one query, before they are requested one by one.
  func read(_ ids: some Collection<Int64>) throws(SQLiteError) {
    let lifetimes = try lifetimes(
      where: "namespace_id IN (SELECT value FROM json_each(?))", [.list(ids.sorted())])
    for lifetime in lifetimes { known.insert(lifetime, for: lifetime.namespace.id) }
  }

  /// Returns the namespaces that satisfy a condition, in the order in which they were observed.
  func lifetimes(where condition: String, _ values: [Value]) throws(SQLiteError)
    -> [NamespaceLifetime]
  {
    let rows = try connection.prepare(
      "SELECT \(Self.columns) FROM namespace WHERE \(condition) ORDER BY namespace_id"
    ).bind(values).map(Self.lifetime)
    return try rows.map { (row) throws(SQLiteError) in
      guard let row else {
        throw .corrupt("a namespace is of no type", operation: "read namespaces")
      }
      return row
    }
  }

  /// Returns whether another row may be the same namespace and had a process in it in a range: the row has the
  /// same type and inode number, and the kernel's id of one of the two is not known.
  ///
  /// Namespaces with one inode number follow one another, so that only the few that ended first after the
  /// beginning of the range can have existed in the range.
  func hasDouble(
    of namespace: NamespaceRecord, from first: SequenceNumber, to last: SequenceNumber
  ) throws(SQLiteError) -> Bool {
    let all =
      try rows(
        of: namespace, "last_seq >= ? ORDER BY last_seq LIMIT 4", [.number(first)])
      + rows(of: namespace, "last_seq IS NULL ORDER BY namespace_id DESC LIMIT 4", [])
    return all.contains { other in
      other.namespace.id != namespace.id && !other.namespace.differs(from: namespace)
        && other.first.map { $0 <= last } ?? false
    }
  }

  /// Returns the last namespace that had the inode number of `namespace` and lost its last process before a
  /// sample, if it may be the same namespace.
  func lastEmptied(
    like namespace: NamespaceRecord, before sample: SequenceNumber
  ) throws(SQLiteError) -> NamespaceLifetime? {
    try rows(
      of: namespace, "last_seq < ? ORDER BY last_seq DESC LIMIT 1", [.number(sample)]
    ).first { $0.namespace.id != namespace.id && !$0.namespace.differs(from: namespace) }
  }

  /// Returns the rows with the inode number and the type of a namespace that satisfy a condition.
  private func rows(
    of namespace: NamespaceRecord, _ condition: String, _ values: [Value]
  ) throws(SQLiteError) -> [NamespaceLifetime] {
    try connection.prepare(
      "SELECT \(Self.columns) FROM namespace WHERE inode = ? AND type = ? AND \(condition)"
    ).bind(
      [
        .integer(Int64(bitPattern: namespace.inode)), .integer(Int64(namespace.type.rawValue)),
      ] + values
    ).map(Self.lifetime).compactMap(\.self)
  }

  static let columns = """
    namespace_id, boot_id, type, inode, kernel_id, initial, first_seq, last_seq, owner_id,
    parent_id, owner_uid, maker_task_id, maker_certain
    """

  /// Creates a namespace from a row that begins with `columns`; nil if its type is unknown.
  static func lifetime(_ row: Statement) -> NamespaceLifetime? {
    NamespaceRecord(
      id: row.integer(0), boot: row.integer(1), type: row.integer(2), inode: row.integer(3),
      kernelID: row.optionalInteger(4), initial: row.optionalInteger(5)
    ).map {
      NamespaceLifetime(
        namespace: $0, first: row.optionalSequence(6), last: row.optionalSequence(7),
        owner: row.optionalInteger(8), parent: row.optionalInteger(9),
        ownerUID: row.optionalInteger(10), maker: row.optionalTask(11),
        isMakerCertain: row.integer(12) == 1)
    }
  }
}

/// Reads the links of namespace sets.
final class SetReader {
  private let connection: Connection
  /// The size is bounded because an export reads every set of the history.
  private var sets = BoundedCache<NamespaceSetID, [NamespaceLink: LinkValue]>(limit: 4096)

  init(_ connection: Connection) { self.connection = connection }

  /// Returns the ten links of a set.
  func links(of set: NamespaceSetID) throws(SQLiteError) -> [NamespaceLink: LinkValue] {
    if let known = sets[set] { return known }
    if set == .unseen {
      return NamespaceLink.allCases.reduce(into: [:]) { $0[$1] = .unread(.unseen) }
    }
    let rows = try connection.prepare(
      """
      SELECT link, namespace_id, unread, boot_id, type, inode, kernel_id, initial
      FROM namespace_set_link LEFT JOIN namespace USING (namespace_id) WHERE set_id = ?
      """
    ).bind(.number(set)).map { row in (row.integer(0), Self.value(row)) }
    var links: [NamespaceLink: LinkValue] = [:]
    for (code, value) in rows {
      guard let link = UInt8(exactly: code).flatMap(NamespaceLink.init(rawValue:)), let value
      else { throw Self.corrupt(set) }
      links[link] = value
    }
    guard links.count == NamespaceLink.count else { throw Self.corrupt(set) }
    sets.insert(links, for: set)
    return links
  }

  private static func value(_ row: Statement) -> LinkValue? {
    guard row.optionalInteger(1) != nil else {
      return UInt8(exactly: row.integer(2)).flatMap(UnreadReason.init(rawValue:))
        .map(LinkValue.unread)
    }
    return NamespaceRecord(
      id: row.integer(1), boot: row.integer(3), type: row.integer(4), inode: row.integer(5),
      kernelID: row.optionalInteger(6), initial: row.optionalInteger(7)
    ).map(LinkValue.namespace)
  }

  private static func corrupt(_ set: NamespaceSetID) -> SQLiteError {
    .corrupt("namespace set \(set.rawValue) is not whole", operation: "read a set")
  }
}
