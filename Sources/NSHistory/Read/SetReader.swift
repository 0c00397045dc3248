internal import NamespaceModel
internal import SQLite

/// Reads what the links of namespace sets are.
final class SetReader {
  private let connection: Connection
  /// An export reads every set of the history.
  private var sets = BoundedCache<Int64, [NamespaceLink: LinkValue]>(limit: 4096)

  init(_ connection: Connection) { self.connection = connection }

  /// The ten links of a set.
  func links(of set: Int64) throws(SQLiteError) -> [NamespaceLink: LinkValue] {
    if let known = sets[set] { return known }
    let rows = try connection.prepare(
      """
      SELECT link, namespace_id, unread, boot_id, type, inode, kernel_id, initial
      FROM namespace_set_link LEFT JOIN namespace USING (namespace_id) WHERE set_id = ?
      """
    ).bind(.integer(set)).map { row in (row.integer(0), Self.value(row)) }
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

  private static func corrupt(_ set: Int64) -> SQLiteError {
    .corrupt("namespace set \(set) is not whole", operation: "read a set")
  }
}

extension NamespaceRecord {
  /// A namespace from its columns; nil when its type is none.
  init?(id: Int64, boot: Int64, type: Int64, inode: Int64, kernelID: Int64?, initial: Int64?) {
    guard let type = UInt8(exactly: type).flatMap(NamespaceType.init(rawValue:)) else {
      return nil
    }
    self.init(
      id: id, boot: boot, type: type, inode: UInt64(bitPattern: inode),
      kernelID: kernelID.map(UInt64.init(bitPattern:)), isInitial: initial.map { $0 != 0 })
  }
}

extension ProcessRecord {
  /// The columns that it is read from, with `joins` behind the table `task`.
  static let columns = """
    task_id, boot_id, start_wall_ns, comm, uid, parent_pid, kernel_thread, path, space_id,
    start_ticks, ticks_per_second, pid, tid, nspid, has_past, last_parent_pid, provenance,
    \(ContainerRecord.columns)
    """
  static let joins = """
    JOIN pid_space USING (space_id) JOIN boot USING (boot_id) LEFT JOIN cgroup USING (cgroup_id)
    \(ContainerRecord.joins)
    """
  /// The same where there may be no row of `task`.
  static let leftJoins = """
    LEFT JOIN pid_space USING (space_id) LEFT JOIN boot USING (boot_id)
    LEFT JOIN cgroup USING (cgroup_id) \(ContainerRecord.joins)
    """

  /// From a row, whose `columns` begin at one. When it was seen is not known from that.
  init(_ row: Statement, from first: Int32) {
    self.init(
      id: row.integer(first), boot: row.integer(first + 1), space: row.integer(first + 8),
      pid: row.integer(first + 11), tid: row.optionalInteger(first + 12),
      start: row.optionalInteger(first + 2),
      startBoot: row.optionalInteger(first + 9).flatMap {
        ClockTicks.nanoseconds(UInt64(bitPattern: $0), perSecond: row.integer(first + 10))
      },
      description: RecordedDescription(
        comm: row.optionalText(first + 3), uid: row.optionalInteger(first + 4),
        parentPID: row.optionalInteger(first + 15) ?? row.integer(first + 5),
        cgroup: row.optionalText(first + 7), provenance: row.optionalInteger(first + 16),
        row, container: first + 17),
      hasPast: row.optionalInteger(first + 14) != nil,
      makerPID: Provenance(row.optionalInteger(first + 16)).hasMaker
        ? row.integer(first + 5) : nil,
      isKernelThread: row.integer(first + 6) != 0,
      nspid: Self.nspid(row.optionalText(first + 13), pid: row.integer(first + 11)), firstSeen: 0,
      lastSeen: 0,
      isOpen: false)
  }

  /// The PIDs in inner pid namespaces, from the text of `task.nspid`.
  private static func nspid(_ text: String?, pid: Int64) -> [Int64] {
    text.map { $0.split(separator: " ").compactMap { Int64($0) } } ?? [pid]
  }
}
