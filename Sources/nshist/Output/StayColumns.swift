internal import NSHistory
internal import NamespaceModel

/// The columns of a process's history.
enum StayColumns {
  static func all(_ zone: TimeZoneChoice) -> [Column<Stay>] {
    ProcessColumns.all { $0.process }
      + TimeColumns.all(
        zone, from: { $0.from }, until: { $0.until }, beginning: { $0.beginning }, end: { $0.end })
      + [
        Column("changed", "CHANGED", cell: { .init(text: words($0)) }) {
          .array($0.changes.map(json))
        },
        Column("joined", in: .data, cell: { .init(text: $0.joined?.label ?? "") }) {
          .optional($0.joined) { $0.json }
        },
      ] + NamespaceLink.allCases.map(LinkColumn.column)
  }

  /// `net only: joined net:[4026532281] id 4107, those of 812 nginx`; at the beginning, what is not the
  /// host's.
  private static func words(_ stay: Stay) -> String {
    if stay.changes.isEmpty {
      guard stay.beginning.kind == .started || stay.beginning.kind == .firstSeen else { return "" }
      return "in \(LinkColumn.summary(stay.links))"
    }
    var order: [String] = []
    var values: [String: [String]] = [:]
    for change in stay.changes {
      let (how, value) = words(change)
      if values[how] == nil { order.append(how) }
      if let value { values[how, default: []].append(value) } else { values[how] = [] }
    }
    let parts = order.map { how in
      ([how] + [values[how, default: []].joined(separator: ", ")])
        .filter { !$0.isEmpty }.joined(separator: " ")
    }
    let joined = stay.joined.map { ", those of \($0.label)" } ?? ""
    return "\(which(stay.changes)): \(parts.joined(separator: "; "))\(joined)"
  }

  /// `net only`, `net, uts`, `all but user`.
  private static func which(_ changes: [LinkChange]) -> String {
    let links = changes.map(\.link)
    if links.count == 1, let link = links.first { return "\(link.fileName) only" }
    let rest = NamespaceType.allCases.map(\.link).filter { !links.contains($0) }
    if rest.isEmpty { return "all" }
    let names = rest.count < 4 ? rest : links
    return (rest.count < 4 ? "all but " : "")
      + names.map { "\($0.fileName)" }.joined(separator: ", ")
  }

  private static func words(_ change: LinkChange) -> (how: String, value: String?) {
    switch change.to {
    case .namespace(let namespace):
      let isOwn = change.link == change.link.type.link
      let value = isOwn ? namespace.words : "\(change.link.fileName) \(namespace.words)"
      return (change.how?.rawValue ?? "in", value)
    case .unread(let reason): return (reason.name, nil)
    }
  }

  private static func json(_ change: LinkChange) -> JSON {
    .object([
      ("link", .string("\(change.link.fileName)")),
      ("how", .optional(change.how) { .string($0.rawValue) }),
      ("from", .optional(change.from, LinkColumn.json)), ("to", LinkColumn.json(change.to)),
    ])
  }
}

/// The column of one link.
enum LinkColumn {
  static func column(_ link: NamespaceLink) -> Column<Stay> {
    Column(
      "\(link.fileName)", in: .data,
      cell: { stay in
        .init(text: stay.links[link].map(text) ?? "")
      }
    ) { .optional($0.links[link], json) }
  }

  private static func text(_ value: LinkValue) -> String {
    switch value {
    case .namespace(let namespace): namespace.name
    case .unread(let reason): reason.name
    }
  }

  static func json(_ value: LinkValue) -> JSON {
    switch value {
    case .namespace(let namespace): .object(namespace.keys + [("unread", .null)])
    case .unread(let reason):
      .object([
        ("inode", .null), ("id", .null), ("initial", .null), ("unread", .string(reason.name)),
      ])
    }
  }

  /// The namespaces of a set that are not initial ones, or that could not be read.
  static func summary(_ links: [NamespaceLink: LinkValue]) -> String {
    let special = NamespaceType.allCases.compactMap { type -> String? in
      switch links[type.link] {
      case .namespace(let namespace)?: namespace.isInitial == true ? nil : namespace.words
      case .unread(let reason)?: "\(type) \(reason.name)"
      case nil: nil
      }
    }
    if special.isEmpty { return "the initial namespaces" }
    let rest = special.count == NamespaceType.allCases.count ? "" : ", the rest initial"
    return special.joined(separator: ", ") + rest
  }
}
