internal import NSHistory
internal import NamespaceModel

/// The columns of the processes at a time.
enum ProcessMomentColumns {
  typealias Row = ProcessAtMoment

  /// - Parameter isChosen: whether the types were asked for: then a table has a column for each.
  static func all(_ types: [NamespaceType], isChosen: Bool) -> [Column<Row>] {
    ProcessColumns.all { $0.process } + [
      Column("ppid") { .integer($0.process.parentPID) },
      Column("presence", cell: { .init(text: $0.presence == .certain ? "" : $0.presence.rawValue) })
      {
        .string($0.presence.rawValue)
      },
      Column("namespaces", in: isChosen ? [] : [.table], cell: { .init(text: summary($0)) }) {
        .string(summary($0))
      },
    ]
      + types.map { type in
        Column(
          type.name, in: isChosen ? [.table, .json, .csv] : .data,
          cell: { .init(text: $0.places[type].map(text) ?? "") }
        ) { .optional($0.places[type], json) }
      }
  }

  private static func text(_ place: Row.Place) -> String {
    let doubt = place.reason.map { " ?\($0.rawValue)" } ?? ""
    return (place.namespace.map(\.name) ?? "") + doubt
  }

  private static func json(_ place: Row.Place) -> JSON {
    .object([
      ("inode", .optional(place.namespace) { .unsigned($0.inode) }),
      ("id", .optional(place.namespace?.kernelID, JSON.unsigned)),
      ("initial", .optional(place.namespace?.isInitial, JSON.bool)),
      ("unknown", .optional(place.reason) { .string($0.rawValue) }),
    ])
  }

  /// The namespaces that are not initial ones, and those that are in doubt for a reason of their own.
  private static func summary(_ row: Row) -> String {
    let reasons = Set(row.places.values.map(\.reason))
    let special = NamespaceType.allCases.compactMap { type -> String? in
      guard let place = row.places[type] else { return nil }
      let isInitial = place.namespace?.isInitial == true
      // A reason that all have is said once.
      let doubt = reasons.count == 1 ? nil : place.reason.map { "?\($0.rawValue)" }
      if isInitial, doubt == nil { return nil }
      guard let namespace = place.namespace, !isInitial else {
        return "\(type)\(doubt ?? "")"
      }
      return namespace.name + (doubt ?? "")
    }
    let all = reasons.count == 1 ? reasons.first.flatMap(\.self).map { "?\($0.rawValue)" } : nil
    let places = special.isEmpty ? "initial" : special.joined(separator: " ")
    return all == nil || row.presence == .lastSeen ? places : "\(places) \(all ?? "")"
  }
}
