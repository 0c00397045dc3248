internal import NSHistory

/// The columns about the container of a process.
enum ContainerColumns {
  /// - Parameter isShown: whether tables include the container column.
  static func all<Row>(
    inTables isShown: Bool = false, _ process: @escaping (Row) -> ProcessRecord?
  ) -> [Column<Row>] {
    let container = { (row: Row) -> ContainerRecord? in process(row)?.container }
    return [
      Column(
        "container", in: isShown ? [.table, .json, .csv] : .data,
        cell: { .init(text: process($0)?.shownContainers ?? "") }
      ) { .optional(container($0)?.id, JSON.string) }.yielding(1),
      Column("container_source", in: .data) { row in
        .optional(process(row)?.containerSource) { .string($0.rawValue) }
      },
      Column("outside_of", in: .data) { row in
        .array((process(row)?.outsideOf ?? []).map { .string($0.id) })
      },
      Column("container_name", in: .data) { .optional(container($0)?.name, JSON.string) },
      Column("container_name_source", in: .data) { row in
        .optional(container(row)) { one in
          one.isNameMissing ? .string("not-found") : one.name == nil ? .null : .string("engine")
        }
      },
      Column("container_owner", in: .data) { .optional(container($0)?.owner, JSON.integer) },
      Column("container_verified", in: .data) {
        .optional(container($0)?.isVerified, JSON.bool)
      },
      Column("engine", in: .data) { .optional(container($0)?.engine, JSON.string) },
      Column("pod", in: .data) { .optional(container($0)?.pod, JSON.string) },
      // All containers of a process in nested containers, the outermost first.
      Column("containers", in: .data) { row in
        .array((process(row)?.containers ?? []).map(JSON.string))
      },
      Column("unit", in: .data) { .optional(process($0)?.unit, JSON.string) },
    ]
  }
}
