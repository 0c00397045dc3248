internal import NSHistory

/// The columns of the namespaces at a moment, modelled on those of lsns(8).
enum NamespaceMomentColumns {
  typealias Row = NamespaceAtMoment

  static func all(_ zone: TimeZoneChoice) -> [Column<Row>] {
    [
      Column("type") { .string($0.namespace.type.name) },
      Column("inode", "NS") { .unsigned($0.namespace.inode) },
      Column("id") { .optional($0.namespace.kernelID, JSON.unsigned) }.yielding(5),
      Column("initial", in: .data) { .optional($0.namespace.isInitial, JSON.bool) },
      Column("nprocs") { .integer(Int64($0.processes)) },
      Column("unsure", cell: { .init(text: $0.unsure == 0 ? "" : "+\($0.unsure)") }) {
        .integer(Int64($0.unsure))
      }.yielding(3),
      Column("pid") { .optional($0.lowest) { .integer($0.pid) } },
      Column("ppid", in: .data) { .optional($0.lowest?.knownParentPID, JSON.integer) },
      Column("uid", in: .data) { .optional($0.lowest?.uid, JSON.integer) },
      Column("user") { .optional($0.lowest?.uid) { .string(UserName.of($0)) } }.yielding(4),
      Column("comm", "COMMAND") { .optional($0.lowest?.comm, JSON.string) },
      relative("owner") { $0.owner }.yielding(6),
      relative("parent") { $0.parent }.yielding(7),
      Column("owner_uid", in: .data) { .optional($0.ownerUID, JSON.integer) },
      Column("maker", in: .data, cell: { .init(text: $0.maker?.process.label ?? "") }) {
        .optional($0.maker) { $0.process.json }
      },
      Column("maker_certain", in: .data) { .optional($0.maker) { .bool($0.isCertain) } },
      Column("pins", "PINNED BY", cell: { .init(text: pinnedBy($0, zone)) }) {
        .array($0.pins.map(\.json))
      }.yielding(2),
      Column("parents", in: .data) { .integer(Int64($0.parents)) },
      Column("unsure_parents", in: .data) { .integer(Int64($0.unsureParents)) },
      Column("children_of", in: .data, cell: { .init(text: $0.lowestParent?.label ?? "") }) {
        .optional($0.lowestParent) { $0.json }
      },
    ] + ContainerColumns.all(inTables: true) { $0.lowest }
  }

  /// Returns what else than its processes keeps the namespace alive: its pins and, if it has no process, the
  /// processes whose children start in it.
  private static func pinnedBy(_ row: Row, _ zone: TimeZoneChoice) -> String {
    let children = row.processes == 0 ? NamespaceFormatter.children(row) : nil
    return [children, PinFormatter.summary(row.pins, zone)].compactMap(\.self).filter {
      !$0.isEmpty
    }
    .joined(separator: "; ")
  }

  /// Returns a column with a related namespace, which tables show by its inode number, as lsns(8) does.
  private static func relative(
    _ key: String, _ namespace: @escaping (Row) -> NamespaceRecord?
  ) -> Column<Row> {
    Column(
      key, cell: { row in .init(text: namespace(row).map { String($0.inode) } ?? "") }
    ) { .optional(namespace($0)) { .string($0.name) } }
  }
}
