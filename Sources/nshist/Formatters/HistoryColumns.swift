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
          cell: { entry in
            NameDetail.cell([.inode]) { HistoryEntryFormatter(entry: entry, detail: $0).text }
          }
        ) {
          .array($0.changes.map(json))
        }.flowing,
        Column("changed_links", in: [.csv]) {
          .array($0.changes.map { .string("\($0.link.fileName)") })
        },
        Column("returned", in: [.json]) { .bool($0.isReturn) },
        Column("earlier", in: [.json]) { entry in
          .array(
            entry.earlier.map { one in
              .object([
                ("comm", .optional(one.comm, JSON.string)),
                ("uid", .optional(one.uid, JSON.integer)),
                ("command_line", .optional(one.program?.commandLine, JSON.string)),
              ])
            })
        },
      ] + RelatedProcess.columns("joined") { $0.joined }
      + RelatedProcess.columns("parent") { $0.parent }
      + [
        Column("namespaces", in: [.json]) { entry in
          .object(
            NamespaceLink.allCases.map { link in
              ("\(link.fileName)", .optional(entry.links[link], LinkColumn.json))
            })
        }
      ] + NamespaceLink.allCases.map(LinkColumn.column)
  }

  /// Returns the parent, with its name if the name is known; empty for a thread, and if the parent had exited.
  private static func parent(_ entry: HistoryEntry) -> String {
    if entry.process.tid != nil || entry.isParentGone { return "" }
    return entry.parentThen?.label ?? entry.process.shownParents
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
      cell: { entry in
        .init(text: entry.links[link].map(text) ?? "")
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

  /// Returns where a task was: `in net:[4026532281]#4107, the rest initial; its user namespace could not be read
  /// (denied)`.
  static func summary(
    _ links: [NamespaceLink: LinkValue], _ detail: NameDetail = .id
  ) -> String {
    let types = NamespaceType.allCases
    let known = types.compactMap { links[$0.link]?.namespace }
    let special = known.filter { $0.isInitial != true }.map { $0.text(detail) }
    var parts: [String] = []
    if special.isEmpty, !known.isEmpty {
      parts.append("in \(known.count < types.count ? "" : "the ")initial namespaces")
    } else if !special.isEmpty {
      let rest = special.count < known.count ? ", the rest initial" : ""
      parts.append("in \(special.joined(separator: ", "))\(rest)")
    }
    for reason in UnreadReason.allCases {
      let unread = types.filter { links[$0.link] == .unread(reason) }.map(\.link)
      if !unread.isEmpty { parts.append("\(LinkGroup.subject(unread)) \(reason.words)") }
    }
    return parts.isEmpty ? "its namespaces were not read" : parts.joined(separator: "; ")
  }
}

extension UnreadReason {
  /// The text for a person, which follows the name of a link or namespace, and ends with the code.
  var words: String {
    let text =
      switch self {
      case .denied: "could not be read"
      case .zombie: "gone, for it had exited"
      case .unsupported: "not in this kernel"
      case .pending: "not made yet"
      case .unseen: "not read in time"
      }
    return "\(text) (\(name))"
  }
}

/// Formats a set of links as a short text.
enum LinkGroup {
  /// Returns the names of the links: `net`, `net, uts`, `all but user` or `all`.
  static func text(_ links: [NamespaceLink]) -> String {
    let rest = NamespaceType.allCases.map(\.link).filter { !links.contains($0) }
    if rest.isEmpty { return "all" }
    let names = rest.count < 4 ? rest : links
    return (rest.count < 4 ? "all but " : "")
      + names.map { "\($0.fileName)" }.joined(separator: ", ")
  }

  /// Returns the namespaces of a task to which links lead, as the subject of a sentence: `its net namespace`; a link
  /// for children by its name.
  static func subject(_ links: [NamespaceLink]) -> String {
    guard links.allSatisfy({ $0 == $0.type.link }) else {
      return links.map { "\($0.fileName)" }.joined(separator: ", ")
    }
    let rest = NamespaceType.allCases.map(\.link).filter { !links.contains($0) }
    if rest.isEmpty { return "its namespaces" }
    if rest.count < 4 {
      return "its namespaces but \(rest.map { "\($0.fileName)" }.joined(separator: ", "))"
    }
    let names = links.map { "\($0.fileName)" }.joined(separator: ", ")
    return "its \(names) namespace\(links.count == 1 ? "" : "s")"
  }
}

/// Describes for a person what changed at the beginning of a history entry.
struct HistoryEntryFormatter {
  let entry: HistoryEntry
  /// How much the text says of the identity of the namespaces.
  var detail = NameDetail.id
  /// The greatest number of earlier names that the text holds.
  private static let mostNames = 6

  /// The text of the entry: `net only: joined net:[4026532281]#4107, those of 812 nginx`.
  var text: String { namespaces + earlier }

  /// The names and users that the process had earlier in the entry: `, earlier python3 (uid 0)`.
  private var earlier: String {
    guard !entry.earlier.isEmpty else { return "" }
    func name(_ one: RecordedDescription) -> String {
      let user = one.uid == entry.process.uid ? "" : one.uid.map { " (uid \($0))" } ?? ""
      return (one.comm ?? "an unknown name") + user
    }
    // Those that differ only in the command line have the same text.
    let now = Set(entry.process.possibleDescriptions.map(name))
    let all = entry.earlier.map(name).uniqued.filter { !now.contains($0) }
    guard !all.isEmpty else { return "" }
    let names = all.suffix(Self.mostNames)
    let omitted = all.count - names.count
    let others =
      omitted > 0 ? "\(RecordingFormatter.count(omitted, "other name", "other names")), then " : ""
    return ", earlier \(others)\(names.joined(separator: ", then "))"
  }

  private var namespaces: String {
    if entry.isFirst { return first }
    guard !entry.changes.isEmpty else { return "as before\(container)\(unreported)" }
    let links = entry.changes.map(\.link)
    let which = LinkGroup.text(links) + (links.count == 1 ? " only" : "")
    let back = entry.isReturn ? ", back with its process" : ""
    return "\(which): \(changes)\(joined)\(back)\(container)"
  }

  /// The container that the process is in, if the previous entry had another; else empty.
  private var container: String {
    guard entry.isInOtherContainer else { return "" }
    if let container = entry.process.container { return "; now in \(container.text)" }
    return entry.process.isCgroupRead
      ? "; now in no container"
      : "; its container is not known from here on: its own cgroup was not read"
  }

  /// Names the links of an entry without changes that no event reported: either they were read here, or they
  /// are unknown (`unseen`).
  private var unreported: String {
    let unseen = entry.unreported.filter { entry.links[$0] == .unread(.unseen) }
    if !unseen.isEmpty { return "; \(LinkGroup.subject(unseen)) \(UnreadReason.unseen.words)" }
    return entry.unreported.isEmpty
      ? "" : "; \(LinkGroup.subject(entry.unreported)) read only now"
  }

  /// The text of the first entry of a process: its namespaces when it was first seen, and which of them differ
  /// from the namespaces in which children of its parent start.
  private var first: String {
    let namespaces = LinkColumn.summary(entry.links, detail)
    return (entry.changes.isEmpty ? namespaces : "\(namespaces); \(changes)\(joined)") + parent
  }

  private var parent: String {
    guard let parent = entry.parent else { return "" }
    if entry.process.tid != nil { return ", thread of \(parent.label)" }
    // The parent of a process is a process, even if a thread of it called clone.
    let isParentStill =
      parent.tid == nil && !entry.isParentGone && entry.process.knownParentPID == parent.pid
    return ", \(isParentStill ? "child of" : "started by") \(parent.label)"
  }

  private var joined: String { entry.joined.map { ", those of \($0.label)" } ?? "" }

  private var changes: String {
    var order: [String] = []
    var values: [String: [String]] = [:]
    for change in entry.changes {
      let (how, value) = text(change)
      if values[how] == nil { order.append(how) }
      values[how, default: []] += value.map { [$0] } ?? []
    }
    return order.map { how in
      let all = values[how, default: []]
      return all.isEmpty ? how : "\(how) \(all.joined(separator: ", "))"
    }.joined(separator: "; ")
  }

  private func text(_ change: LinkChange) -> (how: String, value: String?) {
    switch change.to {
    case .unread(let reason): return (reason.words, nil)
    case .namespace where change.how == .readAgain: return ("read again, unchanged", nil)
    case .namespace(let namespace):
      let isOwn = change.link == change.link.type.link
      let name = namespace.text(detail)
      let value = isOwn ? name : "\(change.link.fileName) \(name)"
      if change.how == .joinedOrNew { return ("new, or there before:", value) }
      return (change.how?.rawValue ?? "in", value)
    }
  }
}
