internal import NSHistory

/// The columns that say which container a process is in.
enum ContainerColumns {
  /// - Parameter isShown: whether tables have them too.
  static func all<Row>(
    inTables isShown: Bool = false, _ process: @escaping (Row) -> ProcessRecord?
  ) -> [Column<Row>] {
    let container = { (row: Row) in process(row)?.container }
    return [
      Column(
        "container", in: isShown ? [.table, .json, .csv] : .data,
        cell: { .init(text: container($0)?.label ?? "") }
      ) { .optional(container($0)?.id, JSON.string) },
      Column("container_name", in: .data) { .optional(container($0)?.name, JSON.string) },
      Column("engine", in: .data) { .optional(container($0)?.engine, JSON.string) },
      Column("pod", in: .data) { .optional(container($0)?.pod, JSON.string) },
      // Where one is inside another: all, the outermost first.
      Column("containers", in: .data) { row in
        .array((process(row)?.containers ?? []).map(JSON.string))
      },
      Column("unit", in: .data) { .optional(process($0)?.unit, JSON.string) },
    ]
  }
}
