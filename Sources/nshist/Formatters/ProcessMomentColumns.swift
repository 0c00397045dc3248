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
        .string(LinkFormatter.summary($0))
      }.flowing,
      Column("namespaces", in: [.json]) { row in
        .object(types.map { ($0.name, .optional(row.links[$0], json)) })
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
      cell: { row in .init(text: row.links[type].map { LinkFormatter.text($0, type) } ?? "") }
    ) { .optional($0.links[type], json) }
  }

  private static func json(_ link: Row.Link) -> JSON {
    .object([
      ("inode", .optional(link.namespace) { .unsigned($0.inode) }),
      ("id", .optional(link.namespace?.kernelID, JSON.unsigned)),
      ("initial", .optional(link.namespace?.isInitial, JSON.bool)),
      ("unknown", .optional(link.reason) { .string($0.rawValue) }),
      ("or", .array(link.others.map { .object($0.keys) })),
    ])
  }
}

/// Formats the namespaces of a process at a moment as a short text.
enum LinkFormatter {
  /// Returns the namespace of one type, `net:[4026532281]#4107`; if it is uncertain, also the alternatives,
  /// separated by `|`, and the reason after `?`.
  static func text(_ link: ProcessAtMoment.Link, _ type: NamespaceType) -> String {
    let names = link.namespaces.map(\.name)
    return (names.isEmpty ? type.name : names.joined(separator: "|")) + uncertainty(link.reason)
  }

  private static func uncertainty(_ reason: UnknownReason?) -> String {
    reason.map { "?\($0.rawValue)" } ?? ""
  }

  /// Returns the namespaces that are not initial, and those that are uncertain for a reason that the others do
  /// not share.
  static func summary(_ process: ProcessAtMoment) -> String {
    let links = NamespaceType.allCases.compactMap { type in
      process.links[type].map { (type: type, link: $0) }
    }
    // Prints a reason that all types share once, at the end. Omits it if it is that no sample before or after
    // the moment exists: the line above the listing says so.
    let reasons = Set(links.map(\.link.reason))
    let common = reasons.count == 1 ? reasons.first.flatMap(\.self) : nil
    let isSaid =
      common == .gap && (process.presence == .lastSeen || process.presence == .firstSeen)
    let ending = isSaid ? "" : uncertainty(common)
    if links.allSatisfy({ $0.link.namespace == nil }) { return "all\(ending)" }
    let special = links.compactMap { type, link -> String? in
      let isPlain = link.namespace?.isInitial == true && link.others.isEmpty
      if common != nil || link.reason == nil {
        return isPlain ? nil : text(.init(link, because: nil), type)
      }
      return text(link, type)
    }
    return (special.isEmpty ? "initial" : special.joined(separator: " ")) + ending
  }
}
