internal import NamespaceModel
internal import SQLite

/// Finds when a link of a process led to one namespace, of many that are asked for one after the other.
///
/// What it reads of a process that was in very many it keeps, by namespace: to read all of its
/// memberships for each of its namespaces would take the square of their number.
final class MemberIntervals {
  private let reading: Reading
  private var known: [Key: [Int64: [PIDHistory.LinkInterval]]] = [:]
  /// How many runs `known` holds.
  private var count = 0
  /// How often it has read all memberships of a process.
  private(set) var readings = 0

  private static let few = 16
  private static let most = 1 << 18

  private struct Key: Hashable {
    let task: Int64
    let link: NamespaceLink
  }

  init(_ reading: Reading) { self.reading = reading }

  /// The runs of a link that led to a namespace. Of a link for children only those in which the process
  /// itself was elsewhere.
  func runs(
    of life: TaskHistory, _ link: NamespaceLink, to namespace: NamespaceRecord
  ) throws(SQLiteError) -> [PIDHistory.LinkInterval] {
    let key = Key(task: life.process.id, link: link)
    if let known = known[key] { return known[namespace.id] ?? [] }
    readings += 1
    let runs = try reading.tracks.runs(of: memberships(of: life, link))[link]
    guard life.memberships.count > Self.few else {
      return runs.filter { $0.value == .namespace(namespace) }
    }
    var byNamespace: [Int64: [PIDHistory.LinkInterval]] = [:]
    for run in runs {
      if let id = run.value.namespace?.id { byNamespace[id, default: []].append(run) }
    }
    if count + runs.count > Self.most {
      known.removeAll()
      count = 0
    }
    known[key] = byNamespace
    count += runs.count
    return byNamespace[namespace.id] ?? []
  }

  private func memberships(
    of life: TaskHistory, _ link: NamespaceLink
  ) throws(SQLiteError) -> [Membership] {
    let own = link.type.link
    guard link != own else { return life.memberships }
    var elsewhere: [Membership] = []
    for membership in life.memberships {
      let links = try reading.sets.links(of: membership.set)
      if links[link] != links[own] { elsewhere.append(membership) }
    }
    return elsewhere
  }
}
