internal import NSHistory
internal import NamespaceModel

/// The columns of the processes at a moment.
enum ProcessMomentColumns {
  typealias Row = ProcessAtMoment

  /// - Parameter isChosen: whether the user chose the types; if so, a table has a column for each.
  static func all(_ types: [NamespaceType], isChosen: Bool) -> [Column<Row>] {
    let common: [Column<Row>] = [
      Column("ppid", cell: { .init(text: $0.process.shownParents) }) {
        .optional($0.process.knownParentPID, JSON.integer)
      }.yielding(5),
      Column("maker_pid", in: .data) { .optional($0.process.makerPID, JSON.integer) },
      Column(
        "presence", cell: { .init(text: $0.presence == .certain ? "" : $0.presence.rawValue) }
      ) { .string($0.presence.rawValue) }.yielding(2),
      Column("host", cell: { .init(text: $0.process.container == nil ? "" : shared($0)) }) { row in
        .array(row.sharedWithHost.map { .string($0.name) })
      }.yielding(3),
      Column("summary", "NAMESPACES", in: isChosen ? [] : [.table]) {
        .string(PlaceFormatter.summary($0))
      },
      Column("namespaces", in: [.json]) { row in
        .object(types.map { ($0.name, .optional(row.places[$0], json)) })
      },
    ]
    return ProcessColumns.all(showsContainer: true) { $0.process } + common
      + types.map { column($0, isChosen) }
  }

  /// Returns the types of the initial (host) namespaces that a process of a container is in.
  private static func shared(_ row: Row) -> String {
    row.sharedWithHost.map(\.name).joined(separator: " ")
  }

  private static func column(_ type: NamespaceType, _ isChosen: Bool) -> Column<Row> {
    Column(
      "ns_\(type)", "\(type.name.uppercased()) NAMESPACE",
      in: isChosen ? [.table, .csv] : [.csv],
      cell: { row in .init(text: row.places[type].map { PlaceFormatter.text($0, type) } ?? "") }
    ) { .optional($0.places[type], json) }
  }

  private static func json(_ place: Row.Place) -> JSON {
    .object([
      ("inode", .optional(place.namespace) { .unsigned($0.inode) }),
      ("id", .optional(place.namespace?.kernelID, JSON.unsigned)),
      ("initial", .optional(place.namespace?.isInitial, JSON.bool)),
      ("unknown", .optional(place.reason) { .string($0.rawValue) }),
      ("or", .array(place.others.map { .object($0.keys) })),
    ])
  }
}
