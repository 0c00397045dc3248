internal import NamespaceModel
internal import SQLite

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
