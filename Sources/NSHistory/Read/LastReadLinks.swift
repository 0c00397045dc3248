internal import NamespaceModel
internal import SQLite

/// Finds what each link of a process was when it could be read last.
///
/// Questions about one process come in the order of its memberships, so it keeps how far it has read
/// each one that has many, and looks only at the memberships that follow: all changes of a process
/// together take one look at each of its memberships, however many it has.
final class LastReadLinks {
  typealias Links = LinkComparison.Links

  private let sets: SetReader
  /// By process, of those with many memberships.
  private var cursors: [Int64: Cursor] = [:]
  /// How many memberships it has looked at.
  private(set) var looks = 0

  /// So few are looked at anew each time.
  private static let few = 16

  /// How far the memberships of a process were read, and in which of them each link could be read
  /// last. It names memberships instead of links, for there may be very many processes.
  private struct Cursor {
    var count = 0
    /// The first membership that had what the link was last, by link; -1 for none.
    var read = [Int32](repeating: -1, count: NamespaceLink.count)
    /// The last membership that had it.
    var held = [Int32](repeating: -1, count: NamespaceLink.count)
  }

  init(_ sets: SetReader) { self.sets = sets }

  /// What each link was when it could be read last, and the last sample that read it.
  ///
  /// - Parameter count: how many of the memberships of the process came before.
  func links(
    of life: TaskHistory, before count: Int
  ) throws(SQLiteError) -> (links: Links, samples: [NamespaceLink: Int64]) {
    guard count > Self.few else { return try links(life.memberships[..<count]) }
    var cursor = cursors[life.process.id] ?? Cursor()
    if cursor.count > count { cursor = Cursor() }
    while cursor.count < count { try advance(&cursor, life) }
    cursors[life.process.id] = cursor
    var links: Links = [:]
    var samples: [NamespaceLink: Int64] = [:]
    for link in NamespaceLink.allCases {
      let place = Int(cursor.read[Int(link.rawValue)])
      guard place >= 0 else { continue }
      links[link] = try sets.links(of: life.memberships[place].set)[link]
      let held = Int(cursor.held[Int(link.rawValue)])
      if held >= 0 { samples[link] = life.memberships[held].until }
    }
    return (links, samples)
  }

  private func links(
    _ memberships: ArraySlice<Membership>
  ) throws(SQLiteError) -> (links: Links, samples: [NamespaceLink: Int64]) {
    var links: Links = [:]
    var samples: [NamespaceLink: Int64] = [:]
    for membership in memberships {
      looks += 1
      let new = try sets.links(of: membership.set)
      links.update(new)
      for (link, value) in new where links[link] == value { samples[link] = membership.until }
    }
    return (links, samples)
  }

  /// Takes the next membership in, by the rule of `update`.
  private func advance(_ cursor: inout Cursor, _ life: TaskHistory) throws(SQLiteError) {
    looks += 1
    let place = Int32(cursor.count)
    for (link, value) in try sets.links(of: life.memberships[cursor.count].set) {
      let index = Int(link.rawValue)
      let known = Int(cursor.read[index])
      let before = known < 0 ? nil : try sets.links(of: life.memberships[known].set)[link]
      if before == value {
        cursor.held[index] = place
      } else if Links.replaces(before, value) {
        cursor.read[index] = place
        cursor.held[index] = place
      }
    }
    cursor.count += 1
  }
}
