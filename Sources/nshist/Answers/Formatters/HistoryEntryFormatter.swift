internal import NSHistory
internal import NamespaceModel

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
