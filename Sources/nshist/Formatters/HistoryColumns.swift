internal import NSHistory
internal import NamespaceModel

/// The columns of a process's history.
enum HistoryColumns {
  static func all(_ zone: TimeZoneChoice) -> [Column<HistoryEntry>] {
    ProcessColumns.all(showsContainer: true) { $0.process }
      + [
        Column("ppid", "PARENT", cell: { .init(text: parent($0)) }) {
          .optional($0.isParentGone ? nil : $0.process.knownParentPID, JSON.integer)
        }.yielding(5),
        Column("ppid_comm", in: .data) { .optional($0.parentThen?.comm, JSON.string) },
        Column("maker_pid", in: .data) { .optional($0.process.makerPID, JSON.integer) },
      ]
      + TimeColumns.all(
        zone, from: { $0.from }, until: { $0.until }, beginning: { $0.beginning }, end: { $0.end })
      + [
        Column(
          "changed", in: [.table, .json],
          cell: { .init(text: HistoryEntryFormatter(stay: $0).text) }
        ) {
          .array($0.changes.map(json))
        },
        Column("changed_links", in: [.csv]) {
          .array($0.changes.map { .string("\($0.link.fileName)") })
        },
        Column("returned", in: [.json]) { .bool($0.isReturn) },
      ] + RelatedProcess.columns("joined") { $0.joined }
      + RelatedProcess.columns("parent") { $0.parent }
      + [
        Column("namespaces", in: [.json]) { stay in
          .object(
            NamespaceLink.allCases.map { link in
              ("\(link.fileName)", .optional(stay.links[link], LinkColumn.json))
            })
        }
      ] + NamespaceLink.allCases.map(LinkColumn.column)
  }

  /// Returns the parent, with its name if the name is known; empty for a thread, and if the parent had exited.
  private static func parent(_ stay: HistoryEntry) -> String {
    if stay.process.tid != nil || stay.isParentGone { return "" }
    return stay.parentThen?.label ?? stay.process.shownParents
  }

  private static func json(_ change: LinkChange) -> JSON {
    .object([
      ("link", .string("\(change.link.fileName)")),
      ("how", .optional(change.how) { .string($0.rawValue) }),
      ("from", .optional(change.from, LinkColumn.json)), ("to", LinkColumn.json(change.to)),
    ])
  }
}

/// Formats the value of one namespace link.
enum LinkColumn {
  static func column(_ link: NamespaceLink) -> Column<HistoryEntry> {
    Column(
      "ns_\(link.fileName)", in: [.csv],
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

  /// Returns the namespaces of a task that are not initial, and the types whose links could not be read.
  static func summary(_ links: [NamespaceLink: LinkValue]) -> String {
    let types = NamespaceType.allCases
    var parts = types.compactMap { links[$0.link]?.namespace }.filter { $0.isInitial != true }
      .map(\.words)
    let isWhole = parts.count == types.count
    for reason in UnreadReason.allCases {
      let unread = types.filter { links[$0.link] == .unread(reason) }
      if unread.isEmpty { continue }
      parts.append("\(LinkGroup.words(unread.map(\.link))) \(reason.name)")
    }
    if parts.isEmpty { return "the initial namespaces" }
    let hasInitial = types.contains { links[$0.link]?.namespace?.isInitial == true }
    return parts.joined(separator: ", ") + (isWhole || !hasInitial ? "" : ", the rest initial")
  }
}

/// Formats a set of links as a short text.
enum LinkGroup {
  /// Returns the names of the links: `net`, `net, uts`, `all but user` or `all`.
  static func words(_ links: [NamespaceLink]) -> String {
    let rest = NamespaceType.allCases.map(\.link).filter { !links.contains($0) }
    if rest.isEmpty { return "all" }
    let names = rest.count < 4 ? rest : links
    return (rest.count < 4 ? "all but " : "")
      + names.map { "\($0.fileName)" }.joined(separator: ", ")
  }
}

/// Describes for a person what changed at the beginning of a history entry.
struct HistoryEntryFormatter {
  let stay: HistoryEntry

  /// The text of the entry: `net only: joined net:[4026532281]#4107, those of 812 nginx`.
  var text: String {
    if stay.isFirst { return first }
    guard !stay.changes.isEmpty else { return "as before\(place)\(unreported)" }
    let links = stay.changes.map(\.link)
    let which = LinkGroup.words(links) + (links.count == 1 ? " only" : "")
    let back = stay.isReturn ? ", back with its process" : ""
    return "\(which): \(changes)\(joined)\(back)\(place)"
  }

  /// The container that the process is in, if the previous entry had another; else empty.
  private var place: String {
    guard stay.isInOtherContainer else { return "" }
    return stay.process.container.map { "; now in \($0.words)" } ?? "; now in no container"
  }

  /// Names the links of an entry without changes that no event reported: either they were read here, or they
  /// are unknown (`unseen`).
  private var unreported: String {
    let unseen = stay.unreported.filter { stay.links[$0] == .unread(.unseen) }
    if !unseen.isEmpty { return "; \(LinkGroup.words(unseen)) unseen" }
    return stay.unreported.isEmpty ? "" : "; \(LinkGroup.words(stay.unreported)) read"
  }

  /// The text of the first entry of a process: its namespaces when it was first seen, and which of them differ
  /// from the namespaces in which children of its parent start.
  private var first: String {
    let place = "in \(LinkColumn.summary(stay.links))"
    return (stay.changes.isEmpty ? place : "\(place); \(changes)\(joined)") + parent
  }

  private var parent: String {
    guard let parent = stay.parent else { return "" }
    if stay.process.tid != nil { return ", thread of \(parent.label)" }
    // The parent of a process is a process, even if a thread of it called clone.
    let isParentStill =
      parent.tid == nil && !stay.isParentGone && stay.process.knownParentPID == parent.pid
    return ", \(isParentStill ? "child of" : "made by") \(parent.label)"
  }

  private var joined: String { stay.joined.map { ", those of \($0.label)" } ?? "" }

  private var changes: String {
    var order: [String] = []
    var values: [String: [String]] = [:]
    for change in stay.changes {
      let (how, value) = Self.words(change)
      if values[how] == nil { order.append(how) }
      values[how, default: []] += value.map { [$0] } ?? []
    }
    return order.map { how in
      let all = values[how, default: []]
      return all.isEmpty ? how : "\(how) \(all.joined(separator: ", "))"
    }.joined(separator: "; ")
  }

  private static func words(_ change: LinkChange) -> (how: String, value: String?) {
    switch change.to {
    case .unread(let reason): return (reason.name, nil)
    case .namespace where change.how == .readAgain: return ("read again, unchanged", nil)
    case .namespace(let namespace):
      let isOwn = change.link == change.link.type.link
      let value = isOwn ? namespace.words : "\(change.link.fileName) \(namespace.words)"
      if change.how == .joinedOrNew { return ("new, or there before:", value) }
      return (change.how?.rawValue ?? "in", value)
    }
  }
}
