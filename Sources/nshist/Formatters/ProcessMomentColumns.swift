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
      }.flowing,
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

/// Formats the namespaces of a process at a moment as a short text.
enum PlaceFormatter {
  /// Returns the namespace of one type, `net:[4026532281]#4107`; if it is uncertain, also the alternatives,
  /// separated by `|`, and the reason after `?`.
  static func text(_ place: ProcessAtMoment.Place, _ type: NamespaceType) -> String {
    let names = place.namespaces.map(\.name)
    return (names.isEmpty ? type.name : names.joined(separator: "|")) + uncertainty(place.reason)
  }

  private static func uncertainty(_ reason: UnknownReason?) -> String {
    reason.map { "?\($0.rawValue)" } ?? ""
  }

  /// Returns the namespaces that are not initial, and those that are uncertain for a reason that the others do
  /// not share.
  static func summary(_ process: ProcessAtMoment) -> String {
    let places = NamespaceType.allCases.compactMap { type in
      process.places[type].map { (type: type, place: $0) }
    }
    // Prints a reason that all types share once, at the end. Omits it if it is that no sample before or after
    // the moment exists: the line above the listing says so.
    let reasons = Set(places.map(\.place.reason))
    let common = reasons.count == 1 ? reasons.first.flatMap(\.self) : nil
    let isSaid =
      common == .gap && (process.presence == .lastSeen || process.presence == .firstSeen)
    let ending = isSaid ? "" : uncertainty(common)
    if places.allSatisfy({ $0.place.namespace == nil }) { return "all\(ending)" }
    let special = places.compactMap { type, place -> String? in
      let isPlain = place.namespace?.isInitial == true && place.others.isEmpty
      if common != nil || place.reason == nil {
        return isPlain ? nil : text(.init(place, because: nil), type)
      }
      return text(place, type)
    }
    return (special.isEmpty ? "initial" : special.joined(separator: " ")) + ending
  }
}
