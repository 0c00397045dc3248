internal import NamespaceModel
internal import SQLite

/// Sums up namespaces.
struct NamespaceSummaries {
  let reading: HistorySnapshot

  func summary(_ life: NamespaceLifetime) throws(SQLiteError) -> NamespaceSummary {
    let pins = try reading.pins.pins(of: life.namespace)
    let makers = MakerFinder(reading: reading)
    let earliest = life.maker == nil ? try makers.first(of: life) : nil
    let maker = try makers.maker(of: life, earliest)
    let first = maker == nil ? earliest : nil
    let seen = try SeenTimes(reading: reading).times(of: life)
    return NamespaceSummary(
      namespace: life.namespace,
      firstSeen: ([seen?.lowerBound] + pins.map(\.firstSeen)).compactMap(\.self).min(),
      lastSeen: ([seen?.upperBound] + pins.map(\.lastSeen)).compactMap(\.self).max(),
      owner: try life.owner.map(reading.namespaces.life)?.namespace,
      parent: try life.parent.map(reading.namespaces.life)?.namespace,
      ownerUID: life.ownerUID,
      maker: maker, firstProcess: first?.process,
      parentOfFirst: first?.parent, isFirstExact: first?.isExact == true,
      mayBeOlder: first?.mayBeOlder == true, pins: pins,
      kept: try keepers(life.namespace, pins))
  }

  private func keepers(
    _ namespace: NamespaceRecord, _ pins: [PinRecord]
  ) throws(SQLiteError) -> NamespaceSummary.Keepers {
    guard let last = reading.index.last else {
      return .init(processes: 0, parents: 0, namespaces: 0, pins: 0)
    }
    let type = namespace.type
    let members = try tasks(namespace, by: type.link, at: last)
    let parents =
      type.linkForChildren == type.link
      ? [] : try tasks(namespace, by: type.linkForChildren, at: last).subtracting(members)
    return .init(
      processes: members.count, parents: parents.count,
      namespaces: try descendants(of: namespace, at: last),
      pins: pins.count(where: \.isInLastLook))
  }

  /// The processes of which a link leads to a namespace, in one sample.
  private func tasks(
    _ namespace: NamespaceRecord, by link: NamespaceLink, at sample: Int64
  ) throws(SQLiteError) -> Set<Int64> {
    Set(
      try reading.connection.prepare(reading.members.sql("m.task_id", in: namespace)).bind(
        IntervalOverlapQuery.values(sample...sample) + [
          .integer(namespace.id), .integer(Int64(link.rawValue)),
        ]
      ).map { $0.integer(0) })
  }

  /// How many namespaces were made in it or are owned by it, or by one of those, and had a process in a
  /// sample, or one whose children go there.
  private func descendants(
    of namespace: NamespaceRecord, at sample: Int64
  ) throws(SQLiteError) -> Int {
    // Only a user namespace owns others, and only in one or a pid namespace others are made.
    guard namespace.type == .user || namespace.type == .pid else { return 0 }
    let there = try namespaces(at: sample)
    try reading.namespaces.read(there)
    var isBelow: [Int64: Bool] = [namespace.id: true]
    var count = 0
    for id in there where id != namespace.id {
      if try self.isBelow(id, &isBelow) { count += 1 }
    }
    return count
  }

  /// Whether a namespace was made in one of those that are known to be below, or is owned by one.
  private func isBelow(_ id: Int64, _ known: inout [Int64: Bool]) throws(SQLiteError) -> Bool {
    // A file may say that a namespace is above itself, or have a chain of any length.
    var met: Set<Int64> = [id]
    var open = [id]
    var below: [Int64: Int64] = [:]
    while let next = open.popLast() {
      if known[next] == true {
        var place: Int64? = next
        while let one = place {
          known[one] = true
          place = below[one]
        }
        return true
      }
      if known[next] == false { continue }
      let life = try reading.namespaces.life(next)
      for above in [life.parent, life.owner].compactMap(\.self) where met.insert(above).inserted {
        below[above] = next
        open.append(above)
      }
    }
    for one in met { known[one] = false }
    return false
  }

  /// The namespaces that had a process in a sample, or one whose children go there.
  private func namespaces(at sample: Int64) throws(SQLiteError) -> Set<Int64> {
    var there = Set(
      try reading.connection.prepare(
        """
        SELECT namespace_id FROM namespace WHERE last_seq >= ?1
        UNION ALL SELECT namespace_id FROM namespace WHERE last_seq IS NULL
        """
      ).bind(.integer(sample)).map { $0.integer(0) })
    there.formUnion(
      try reading.connection.prepare(
        """
        SELECT DISTINCT l.namespace_id
        FROM (\(IntervalOverlapQuery.everywhere("m.set_id AS held"))) AS s
          CROSS JOIN namespace_set_link AS l ON l.set_id = held
        WHERE l.link IN (5, 7) AND l.namespace_id IS NOT NULL
        """
      ).bind(IntervalOverlapQuery.values(sample...sample)).map { $0.integer(0) })
    return there
  }
}

/// A namespace, when it was there, and what keeps it alive.
package struct NamespaceSummary: Sendable, Hashable {
  /// The namespace.
  package let namespace: NamespaceRecord
  /// When a process was first seen in it, or had its children go there, or a scan for pins first saw
  /// it; in nanoseconds since the epoch. No member was seen in it before.
  package let firstSeen: Int64?
  /// When that was last; in nanoseconds since the epoch. No member was seen in it later.
  package let lastSeen: Int64?
  /// The user namespace that owns it; nil where that is not known.
  package let owner: NamespaceRecord?
  /// The pid or user namespace that it was made in; nil where that is not known, or there is none.
  package let parent: NamespaceRecord?
  /// The user who made it, of a user namespace; nil where that is not known.
  package let ownerUID: Int64?
  /// The process that made it, or may have; nil where nothing tells.
  package let maker: NamespaceMaker?
  /// Where it is not known who made it, the first process that was seen in it.
  package let firstProcess: ProcessRecord?
  /// The parent of that process.
  package let parentOfFirst: ProcessRecord?
  /// Whether an event reported when that came: the namespace was made then, or only a pin had kept it.
  package let isFirstExact: Bool
  /// Whether one with its inode number had been there before, and no id tells whether it is that one: then
  /// that process may have entered what others had made.
  package let mayBeOlder: Bool
  /// Every pin that it ever had, in the order in which they were observed.
  package let pins: [PinRecord]
  /// What keeps it alive in the last sample of all.
  package let kept: Keepers

  /// What keeps a namespace alive, as far as is recorded.
  package struct Keepers: Sendable, Hashable {
    /// How many processes were in it in the last sample.
    package let processes: Int
    /// How many were not, but had children go there (`pid_for_children`, `time_for_children`).
    package let parents: Int
    /// How many namespaces were made in it or are owned by it, and had a process in the last sample.
    package let namespaces: Int
    /// How many mounts, open files and sockets kept it at the last look.
    package let pins: Int
  }
}
