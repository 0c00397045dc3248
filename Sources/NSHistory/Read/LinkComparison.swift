package import NamespaceModel
internal import SQLite

/// Compares what links were with what they are.
struct LinkComparison {
  let reading: HistorySnapshot

  typealias Links = [NamespaceLink: LinkValue]

  /// What differs in a sample from the one before.
  ///
  /// - Parameter read: what each link was when it could be read last: one that could not be for a
  ///   while may be another by now, or the same.
  func changes(
    from before: Links, read: Links, to after: Links, at sample: Int64
  ) throws(SQLiteError) -> [LinkChange] {
    var changes: [LinkChange] = []
    for link in NamespaceLink.allCases {
      guard let value = after[link], let old = before[link], value.differs(from: old) else {
        continue
      }
      let isAsRead = read[link].map { !value.differs(from: $0) } ?? false
      // That no event reported a link says nothing of where it leads.
      if value == .unread(.unseen) || (isAsRead && old == .unread(.unseen)) { continue }
      var how = isAsRead ? .readAgain : try how(value, at: sample)
      if !isAsRead, try isWhereChildrenWent(link, value, before, read[link], at: sample) {
        how = .inherited
      }
      // No event had reported where it was: if it is not new, it may have been there all the time.
      if how == .joined, old == .unread(.unseen), read[link]?.namespace == nil { continue }
      changes.append(
        LinkChange(link: link, from: isAsRead ? old : read[link], to: value, how: how))
    }
    return changes.withoutRepeats
  }

  /// Whether a link leads where the process's children were to go while it was known to be elsewhere itself, and
  /// nobody was there: a program that is executed after unshare(CLONE_NEWTIME) goes there. setns(2) changes both
  /// links at once, but they are read one after the other, so where others were it may have entered.
  private func isWhereChildrenWent(
    _ link: NamespaceLink, _ value: LinkValue, _ before: Links, _ read: LinkValue?,
    at sample: Int64
  ) throws(SQLiteError) -> Bool {
    let children = link.type.linkForChildren
    // That no event reported a link does not say that it changed.
    let own = before[link] == .unread(.unseen) ? read : before[link]
    guard children != link, let namespace = value.namespace, namespace.isInitial == false,
      own?.namespace != nil, before[children]?.namespace != nil,
      value.differs(from: own), !value.differs(from: before[children])
    else { return false }
    return try MemberFinder(reading: reading).member(
      of: [namespace], at: sample - 1, otherThan: nil) == nil
  }

  /// How the namespaces of a process that started differ from those where its parent's children go;
  /// where these are not known, those that were not known before.
  ///
  /// - Parameter earlier: what the parent's links were in the sample before: the process may have
  ///   started before its parent moved.
  func arrivals(
    of links: Links, from parent: Links?, earlier: Links?, at sample: Int64
  ) throws(SQLiteError) -> [LinkChange] {
    var changes: [LinkChange] = []
    for type in NamespaceType.allCases {
      guard let value = links[type.link], value.namespace != nil else { continue }
      let old = parent?[type.linkForChildren]
      let how = try how(value, at: sample)
      // Where a parent came from that is new itself is not known.
      let isElsewhere =
        old?.namespace != nil && earlier != nil
        && value.differs(from: earlier?[type.linkForChildren])
      if value.differs(from: old), isElsewhere || how == .new || how == .joinedOrNew {
        changes.append(LinkChange(link: type.link, from: old, to: value, how: how))
      }
      // A process that just started has its children go where it is.
      guard type.linkForChildren != type.link, let children = links[type.linkForChildren],
        children.namespace != nil, children.differs(from: value)
      else { continue }
      changes.append(
        LinkChange(
          link: type.linkForChildren, from: value, to: children,
          how: try self.how(children, at: sample)))
    }
    return changes
  }

  /// How a process came, by this sample, to where it is.
  func how(_ value: LinkValue, at sample: Int64) throws(SQLiteError) -> LinkChange.How? {
    guard let namespace = value.namespace else { return nil }
    if namespace.isInitial == true { return .joined }
    let first = try reading.namespaces.life(namespace.id).first
    if first == sample {
      if try isOlderPossible(namespace, at: sample) { return .joinedOrNew }
      return try hasSeveralFirst(namespace, at: sample) ? .joinedOrNew : .new
    }
    guard try isKnownByScanAlone(namespace, first, before: sample) else { return .joined }
    return try isPinned(namespace, at: sample) ? .joinedOrNew : .new
  }

  /// Whether a sample was the first to show several processes in a namespace that nothing had shown before, none of them
  /// a child of another: one may have made it, and the others came into it.
  private func hasSeveralFirst(
    _ namespace: NamespaceRecord, at sample: Int64
  ) throws(SQLiteError) -> Bool {
    guard try !reading.index.point(sample).isExact else { return false }
    let sql = try reading.members.sql("m.task_id AS member", in: namespace)
    let members = Set(
      try reading.connection.prepare("\(sql) LIMIT \(Self.mostFirst)")
        .bind(IntervalOverlapQuery.values(sample...sample, namespace)).map { $0.task(0) })
    guard members.count > 1 else { return false }
    var count = 0
    for member in members {
      let parent = try reading.lives.parentRow(of: member)
      let isChild = parent.map(members.contains) ?? false
      if !isChild { count += 1 }
    }
    return count > 1
  }

  private static let mostFirst = 64

  /// Whether all that tells of a namespace before a sample is a scan for pins between that and the sample
  /// before: the process that the sample observed in it may have made it by then.
  private func isKnownByScanAlone(
    _ namespace: NamespaceRecord, _ first: Int64?, before sample: Int64
  ) throws(SQLiteError) -> Bool {
    guard first == sample - 1, try !reading.index.point(sample).isExact else { return false }
    return try reading.connection.prepare(
      "SELECT EXISTS (\(reading.members.sql("1", in: namespace, byEither: true)))"
    ).bind(
      IntervalOverlapQuery.values(sample - 1...sample - 1, namespace) + [
        .integer(Int64(namespace.type.linkForChildren.rawValue))
      ]
    ).first { $0.integer(0) == 0 } ?? false
  }

  /// Whether a namespace that a sample or event was the first to show may be one that was there with
  /// its inode number: with a process in it, or kept by a mount, a file or a socket.
  private func isOlderPossible(
    _ namespace: NamespaceRecord, at sample: Int64
  ) throws(SQLiteError) -> Bool {
    if try reading.namespaces.life(namespace.id).isMakerCertain { return false }
    if try reading.namespaces.hasDouble(of: namespace, from: sample - 1, to: sample - 1) {
      return true
    }
    let emptied = try reading.namespaces.lastEmptied(like: namespace, before: sample)
    // Of one that has an id only a row without one can be an earlier sight.
    if emptied == nil, namespace.kernelID != nil { return false }
    if try isPinned(namespace, at: sample) { return true }
    guard let emptied else { return false }
    return try !isScanned(since: emptied, before: sample)
  }

  /// Whether a whole scan for pins was made after a namespace had lost its last process, and before a
  /// sample: if something had kept it the scan would have found that.
  private func isScanned(
    since emptied: NamespaceLifetime, before sample: Int64
  ) throws(SQLiteError) -> Bool {
    guard let last = emptied.last else { return false }
    let scan = try reading.pins.looks(around: reading.index.point(sample).wall).before
    return try scan.map { (scan) throws(SQLiteError) in
      try scan.wall >= reading.index.point(last).wall
    } ?? false
  }

  /// Whether the scans around a sample found one of its number that something other than a process keeps.
  private func isPinned(
    _ namespace: NamespaceRecord, at sample: Int64
  ) throws(SQLiteError) -> Bool {
    try reading.pins.arePinned(at: reading.index.point(sample).wall)
      .contains(.init(type: namespace.type, inode: namespace.inode, boot: namespace.boot))
  }

  /// What the links of a parent were in a sample; nil where it is not known, or was not there.
  func linksOfParent(
    _ parent: ProcessRecord?, at sample: Int64
  ) throws(SQLiteError) -> Links? {
    let set = try parent.flatMap { (parent) throws(SQLiteError) in
      try reading.lives.life(task: parent.task)?.membership(at: sample)?.set
    }
    return try set.map(reading.sets.links)
  }
}

extension [NamespaceLink: LinkValue] {
  /// Takes over what could be read, and what was never known before.
  mutating func update(_ new: Self) {
    for (link, value) in new where Self.replaces(self[link], value) { self[link] = value }
  }

  /// Whether a later value of a link says more of where it leads than the one before.
  static func replaces(_ before: LinkValue?, _ value: LinkValue) -> Bool {
    before == nil || value.namespace != nil || value == .unread(.pending)
  }
}

extension [LinkChange] {
  /// Without where the children go, if the process went there itself.
  fileprivate var withoutRepeats: [LinkChange] {
    filter { change in
      change.link == change.link.type.link
        || !contains { $0.link == change.link.type.link && $0.to == change.to }
    }
  }

  /// The namespaces, other than initial ones, that were there and were joined: a process's own, not
  /// where its children go.
  var joined: [NamespaceRecord] {
    filter { $0.how == .joined || $0.how == .joinedOrNew }
      .filter { $0.link == $0.link.type.link }
      .compactMap(\.to.namespace).filter { $0.isInitial != true }
  }
}

/// A link that is not what it was.
package struct LinkChange: Sendable, Hashable {
  /// The link.
  package let link: NamespaceLink
  /// What it was; of a process that started, where its parent's children go. Nil if not known.
  package let from: LinkValue?
  /// What it is.
  package let to: LinkValue
  /// How the process came there; nil where `to` could not be read.
  package let how: How?

  /// How a process came into a namespace. The raw value is the word in every output.
  package enum How: String, Sendable, Hashable, CaseIterable {
    /// It was not known before: unshare(2) or clone(2) made it, or nothing but a mount, a file or a
    /// socket had kept it.
    case new
    /// It had been there: setns(2), or clone(2) in it.
    case joined
    /// One with its inode number had been there, and the kernel gave no id that tells whether it is that
    /// one, or a new one that got the number.
    case joinedOrNew = "joined-or-new"
    /// It is where the process's children were to go already: execve(2) after unshare(CLONE_NEWTIME), see
    /// time_namespaces(7).
    case inherited
    /// The link could not be read for a while, and leads where it did before.
    case readAgain = "read-again"
  }
}

/// Finds what each link of a process was when it could be read last.
///
/// Questions about one process come in the order of its memberships, so it keeps how far it has read
/// each one that has many, and looks only at the memberships that follow: all changes of a process
/// together take one look at each of its memberships, however many it has.
final class LastReadLinks {
  typealias Links = LinkComparison.Links

  private let sets: SetReader
  /// By process, of those with many memberships.
  private var cursors: [TaskID: Cursor] = [:]
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
    var cursor = cursors[life.process.task] ?? Cursor()
    if cursor.count > count { cursor = Cursor() }
    while cursor.count < count { try advance(&cursor, life) }
    cursors[life.process.task] = cursor
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
