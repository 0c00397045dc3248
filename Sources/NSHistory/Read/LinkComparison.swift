package import NamespaceModel
internal import SQLite

/// Compares the earlier links of a process with its later ones, and determines how the process came into the new
/// namespaces.
struct LinkComparison {
  let reading: HistorySnapshot

  typealias Links = [NamespaceLink: LinkValue]

  /// Returns the links that differ between two consecutive samples.
  ///
  /// - Parameter read: the last value of each link that could be read. A link that could not be read for
  ///   a while may lead to another namespace by now, or to the same.
  func changes(
    from before: Links, read: Links, to after: Links, at sample: SequenceNumber
  ) throws(SQLiteError) -> [LinkChange] {
    var changes: [LinkChange] = []
    for link in NamespaceLink.allCases {
      guard let value = after[link], let old = before[link], value.differs(from: old) else {
        continue
      }
      let isAsRead = read[link].map { !value.differs(from: $0) } ?? false
      // A link that no event reported may lead anywhere.
      if value == .unread(.unseen) || (isAsRead && old == .unread(.unseen)) { continue }
      // The links of a zombie cannot be read: nothing is known of a link that was never read before.
      if old == .unread(.zombie), value.namespace != nil, read[link]?.namespace == nil {
        if link == link.type.link {
          changes.append(LinkChange(link: link, from: nil, to: value, how: .found))
        }
        continue
      }
      var how = isAsRead ? .readAgain : try how(value, at: sample)
      if !isAsRead, try isWhereChildrenWent(link, value, before, read[link], at: sample) {
        how = .inherited
      }
      // No event had reported the namespace: unless the namespace is new, the process may have been in
      // it all the time.
      if how == .joined, old == .unread(.unseen), read[link]?.namespace == nil { continue }
      changes.append(
        LinkChange(link: link, from: isAsRead ? old : read[link], to: value, how: how))
    }
    return changes.withoutRepeats
  }

  /// Whether a process entered the namespace that unshare(CLONE_NEWTIME) had chosen for its children, by
  /// executing a program. That is certain only if the process was in another namespace before and no
  /// other process was in this one. setns(2) changes both links at once, but the recorder reads them one
  /// after the other, so a process that appears in a namespace with other processes may have called setns(2).
  private func isWhereChildrenWent(
    _ link: NamespaceLink, _ value: LinkValue, _ before: Links, _ read: LinkValue?,
    at sample: SequenceNumber
  ) throws(SQLiteError) -> Bool {
    let children = link.type.linkForChildren
    // A link that no event reported may be unchanged.
    let own = before[link] == .unread(.unseen) ? read : before[link]
    guard children != link, let namespace = value.namespace, namespace.isInitial == false,
      own?.namespace != nil, before[children]?.namespace != nil,
      value.differs(from: own), !value.differs(from: before[children])
    else { return false }
    return try MemberFinder(reading: reading).member(
      of: [namespace], at: sample - 1, otherThan: nil) == nil
  }

  /// Returns the links of a new process that differ from its parent's links for children. If these are
  /// not known, returns the links to namespaces that were not known before.
  ///
  /// - Parameter earlier: the parent's links in the previous sample, as the process may have started
  ///   before its parent moved.
  func arrivals(
    of links: Links, from parent: Links?, earlier: Links?, at sample: SequenceNumber
  ) throws(SQLiteError) -> [LinkChange] {
    var changes: [LinkChange] = []
    for type in NamespaceType.allCases {
      guard let value = links[type.link], value.namespace != nil else { continue }
      let old = parent?[type.linkForChildren]
      let how = try how(value, at: sample)
      // If the parent is new too, its earlier namespaces are not known.
      let isElsewhere =
        old?.namespace != nil && earlier != nil
        && value.differs(from: earlier?[type.linkForChildren])
      if value.differs(from: old), isElsewhere || how == .new || how == .joinedOrNew {
        changes.append(LinkChange(link: type.link, from: old, to: value, how: how))
      }
      // The children of a new process start in its own namespaces, unless it changed that already.
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

  /// Returns how a process came into the namespace that this sample shows.
  func how(_ value: LinkValue, at sample: SequenceNumber) throws(SQLiteError) -> LinkChange.How? {
    guard let namespace = value.namespace else { return nil }
    if namespace.isInitial == true { return .joined }
    // For a time before the slice no check is needed: the slice has the processes that were in a namespace of its own
    // when the namespace was first observed.
    if let slice = reading.index.slice, slice.side(of: sample) == .after {
      try slice.require(sample...sample)
    }
    let first = try reading.namespaces.lifetime(namespace.id).first
    if first == sample {
      if try isOlderPossible(namespace, at: sample) { return .joinedOrNew }
      return try hasSeveralFirst(namespace, at: sample) ? .joinedOrNew : .new
    }
    guard try isKnownByScanAlone(namespace, first, before: sample) else { return .joined }
    return try isPinned(namespace, at: sample) ? .joinedOrNew : .new
  }

  /// Whether a sample was the first to show a namespace and shows several processes in it, none the
  /// child of another: one may have created it, and the others joined it.
  private func hasSeveralFirst(
    _ namespace: NamespaceRecord, at sample: SequenceNumber
  ) throws(SQLiteError) -> Bool {
    guard try !reading.index.point(sample).isExact else { return false }
    let sql = try reading.members.sql("m.task_id AS member", in: namespace)
    let members = Set(
      try reading.connection.prepare("\(sql) LIMIT \(Self.mostFirst)")
        .bind(IntervalOverlapQuery.values(sample...sample, namespace)).map { $0.task(0) })
    guard members.count > 1 else { return false }
    var roots = members.count
    for member in members {
      if let parent = try reading.taskHistories.parentRow(of: member), members.contains(parent) {
        roots -= 1
      }
    }
    return roots > 1
  }

  private static let mostFirst = 64

  /// Whether only a pin scan between the previous sample and this one shows the namespace earlier. Then
  /// the process that the sample observed in it may have created it before the scan.
  private func isKnownByScanAlone(
    _ namespace: NamespaceRecord, _ first: SequenceNumber?, before sample: SequenceNumber
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

  /// Whether a namespace that a sample or event was the first to show may be an older one with the same
  /// inode number, which a process, a mount, a file or a socket kept alive.
  private func isOlderPossible(
    _ namespace: NamespaceRecord, at sample: SequenceNumber
  ) throws(SQLiteError) -> Bool {
    if try reading.namespaces.lifetime(namespace.id).isMakerCertain { return false }
    if try reading.namespaces.hasDouble(of: namespace, from: sample - 1, to: sample - 1) {
      return true
    }
    let emptied = try reading.namespaces.lastEmptied(like: namespace, before: sample)
    // A namespace with a kernel id can be an older one only if that was recorded without an id.
    if emptied == nil, namespace.kernelID != nil { return false }
    if try isPinned(namespace, at: sample) { return true }
    guard let emptied else { return false }
    return try !isScanned(since: emptied, before: sample)
  }

  /// Whether a complete pin scan ran after a namespace had lost its last process and before a sample:
  /// that scan would have found any pin of the namespace.
  private func isScanned(
    since emptied: NamespaceLifetime, before sample: SequenceNumber
  ) throws(SQLiteError) -> Bool {
    guard let last = emptied.last else { return false }
    let scan = try reading.pins.scans(around: reading.index.point(sample).wall).before
    return try scan.map { (scan) throws(SQLiteError) in
      try scan.wall >= reading.index.point(last).wall
    } ?? false
  }

  /// Whether the pin scans around a sample found a pin of a namespace with this inode number.
  private func isPinned(
    _ namespace: NamespaceRecord, at sample: SequenceNumber
  ) throws(SQLiteError) -> Bool {
    try reading.pins.arePinned(at: reading.index.point(sample).wall)
      .contains(.init(type: namespace.type, inode: namespace.inode, boot: namespace.boot))
  }

  /// Returns the links of a parent in a sample; nil if the parent is not known, or was not running.
  func linksOfParent(
    _ parent: ProcessRecord?, at sample: SequenceNumber
  ) throws(SQLiteError) -> Links? {
    let set = try parent.flatMap { (parent) throws(SQLiteError) in
      try reading.taskHistories.history(of: parent.task)?.membership(at: sample)?.set
    }
    return try set.map(reading.sets.links)
  }
}

extension [NamespaceLink: LinkValue] {
  /// Updates the links with the new values that could be read, and with any value for a link that has
  /// none.
  mutating func update(_ new: Self) {
    for (link, value) in new where Self.replaces(self[link], value) { self[link] = value }
  }

  /// Whether a new value of a link carries more information than the value before.
  static func replaces(_ before: LinkValue?, _ value: LinkValue) -> Bool {
    before == nil || value.namespace != nil || value == .unread(.pending)
  }
}

extension [LinkChange] {
  /// The changes, without that of a link for children if the process itself went to the same namespace.
  fileprivate var withoutRepeats: [LinkChange] {
    filter { change in
      change.link == change.link.type.link
        || !contains { $0.link == change.link.type.link && $0.to == change.to }
    }
  }

  /// The existing namespaces that the process itself joined; not initial ones, and not those of its
  /// links for children.
  var joined: [NamespaceRecord] {
    filter { $0.how == .joined || $0.how == .joinedOrNew }
      .filter { $0.link == $0.link.type.link }
      .compactMap(\.to.namespace).filter { $0.isInitial != true }
  }
}

/// A change of one link.
package struct LinkChange: Sendable, Hashable {
  /// The link.
  package let link: NamespaceLink
  /// The earlier value; for a process that started, the parent's link for children. Nil if not known.
  package let from: LinkValue?
  /// The new value.
  package let to: LinkValue
  /// How the process came into the namespace; nil if `to` could not be read.
  package let how: How?

  /// How a process came into a namespace. The raw value is the word in every output.
  package enum How: String, Sendable, Hashable, CaseIterable {
    /// The namespace was not known before: unshare(2) or clone(2) created it, or only a pin (a mount, a
    /// file or a socket) had kept it alive.
    case new
    /// The namespace existed before: the process joined it by setns(2), or started in it by clone(2).
    case joined
    /// A namespace with this inode number existed before, and the kernel gave no id that tells whether
    /// it is the same one or a new one that reuses the number.
    case joinedOrNew = "joined-or-new"
    /// The process entered the namespace that its link for children led to already: execve(2) after
    /// unshare(CLONE_NEWTIME), see time_namespaces(7).
    case inherited
    /// The process, a zombie from its first record on, continued in the namespace; how it came there is not known.
    case found
    /// The link could not be read for a while, and then had its earlier value.
    case readAgain = "read-again"
  }
}

/// Finds the last readable value of each link of a process.
///
/// Callers ask about one process in the order of its memberships. For a process with many memberships
/// this type stores how far it has read them, so that all calls together read each membership once.
final class LastReadLinks {
  typealias Links = LinkComparison.Links

  private let sets: SetReader
  /// The cursor of each process with many memberships.
  private var cursors: [TaskID: Cursor] = [:]
  /// The number of memberships read.
  private(set) var readCount = 0

  /// Up to this many memberships are read again in each call, without a cursor.
  private static let mostUncached = 16

  /// How far the memberships of a process were read, and which membership gave the last readable value
  /// of each link. It stores indices of memberships instead of links, to save memory with very many
  /// processes.
  private struct Cursor {
    var count = 0
    /// By link, the index of the first membership with its last readable value; -1 for none.
    var first = [Int32](repeating: -1, count: NamespaceLink.count)
    /// By link, the index of the last membership with that value; -1 for none.
    var last = [Int32](repeating: -1, count: NamespaceLink.count)
  }

  init(_ sets: SetReader) { self.sets = sets }

  /// Returns the last readable value of each link, and the last sample that read it.
  ///
  /// - Parameter count: how many memberships of the process, from the first, to consider.
  func links(
    of history: TaskHistory, before count: Int
  ) throws(SQLiteError) -> (links: Links, samples: [NamespaceLink: SequenceNumber]) {
    guard count > Self.mostUncached else { return try links(history.memberships[..<count]) }
    var cursor = cursors[history.process.task] ?? Cursor()
    if cursor.count > count { cursor = Cursor() }
    while cursor.count < count { try advance(&cursor, history) }
    cursors[history.process.task] = cursor
    var links: Links = [:]
    var samples: [NamespaceLink: SequenceNumber] = [:]
    for link in NamespaceLink.allCases {
      let position = Int(cursor.first[Int(link.rawValue)])
      guard position >= 0 else { continue }
      links[link] = try sets.links(of: history.memberships[position].set)[link]
      let last = Int(cursor.last[Int(link.rawValue)])
      if last >= 0 { samples[link] = history.memberships[last].until }
    }
    return (links, samples)
  }

  private func links(
    _ memberships: ArraySlice<Membership>
  ) throws(SQLiteError) -> (links: Links, samples: [NamespaceLink: SequenceNumber]) {
    var links: Links = [:]
    var samples: [NamespaceLink: SequenceNumber] = [:]
    for membership in memberships {
      readCount += 1
      let new = try sets.links(of: membership.set)
      links.update(new)
      for (link, value) in new where links[link] == value { samples[link] = membership.until }
    }
    return (links, samples)
  }

  /// Applies the next membership to the cursor, by the rule of `update`.
  private func advance(_ cursor: inout Cursor, _ history: TaskHistory) throws(SQLiteError) {
    readCount += 1
    let position = Int32(cursor.count)
    for (link, value) in try sets.links(of: history.memberships[cursor.count].set) {
      let index = Int(link.rawValue)
      let known = Int(cursor.first[index])
      let before = known < 0 ? nil : try sets.links(of: history.memberships[known].set)[link]
      if before == value {
        cursor.last[index] = position
      } else if Links.replaces(before, value) {
        cursor.first[index] = position
        cursor.last[index] = position
      }
    }
    cursor.count += 1
  }
}
