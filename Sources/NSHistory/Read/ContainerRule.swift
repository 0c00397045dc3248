internal import NamespaceModel
internal import SQLite

/// Of which container a process was: the one rule of every question.
///
/// 1. Its cgroup, where that was read, says it.
/// 2. A cgroup that is only inherited does not: the process was of the container in whose namespaces it was, if
///    processes of that container alone were in one of them when it came there, and of none of the others another
///    container says the same.
/// 3. Otherwise it stays what is inherited, marked as that.
///
/// Namespaces do not tell it of a process that was made in them by one from outside, of one whose own cgroup says
/// otherwise as soon as it is read, and of one that inherits another container, unless it was in the mount
/// namespace too, as a program that is executed in a container is.
final class ContainerRule {
  private let connection: Connection
  private let index: SampleIndex
  private let sets: SetReader
  private let members: MembersAtSample
  private var hasContainers: Bool?
  /// What was found, by namespaces and sets, and the block of numbers in which that is so.
  private var inNamespaces = BoundedCache<Key, Set<Int64>>(limit: cacheLimit)
  private var ofSets = BoundedCache<Key, Owners>(limit: cacheLimit)
  private var enclosures = BoundedCache<Int64, Enclosure>(limit: cacheLimit)
  /// How often it looked who was in a namespace.
  private(set) var looks = 0

  private struct Key: Hashable {
    let row: Int64
    let block: Int64
  }

  /// The containers that have namespaces for themselves.
  struct Owners {
    /// Their rows.
    var containers: Set<Int64> = []
    /// Whether the mount namespace is one of them.
    var hasMounts = false

    /// The row of the one that it is; nil where it is none, or several.
    var only: Int64? { containers.count == 1 ? containers.first : nil }
  }

  /// Samples and events are looked at in blocks of so many, as a power of two: many processes that come
  /// into one container one after the other cost one look.
  private static let width: Int64 = 9
  private static let cacheLimit = 8192
  /// So many generations are followed back to the one that entered.
  private static let mostAncestors = 64

  init(_ connection: Connection, _ index: SampleIndex, _ sets: SetReader) {
    self.connection = connection
    self.index = index
    self.sets = sets
    members = MembersAtSample(connection, index)
  }

  /// The container of a description by namespaces, and all that it is inside of.
  struct Enclosure: Sendable, Hashable {
    /// The least row of its cgroups.
    let cgroup: Int64
    let container: ContainerRecord
    /// See `RecordedDescription.containers`.
    let containers: [String]
  }
}

// MARK: Processes

extension ContainerRule {
  /// A process with the container of each of its descriptions, as far as these memberships tell it.
  func resolved(
    _ process: ProcessRecord, _ memberships: [Membership], _ lives: TaskHistoryReader
  ) throws(SQLiteError) -> ProcessRecord {
    guard process.isAnyCgroupInherited, try isAnyRecorded() else { return process }
    let spans = process.descriptionSpans
    var resolved: [ProcessRecord.DescriptionSpan] = []
    for (place, span) in spans.enumerated() {
      guard span.description.hasInheritedCgroup else {
        resolved.append(span)
        continue
      }
      let read = spans[place...].first { $0.description.isCgroupRead }
      resolved += try pieces(of: span, until: read, process, memberships, lives)
    }
    return process.with(spans: resolved)
  }

  /// A time in which one description held, cut where its process came into a container or left one.
  private func pieces(
    of span: ProcessRecord.DescriptionSpan, until read: ProcessRecord.DescriptionSpan?,
    _ process: ProcessRecord, _ memberships: [Membership], _ lives: TaskHistoryReader
  ) throws(SQLiteError) -> [ProcessRecord.DescriptionSpan] {
    var rest = span
    var pieces: [ProcessRecord.DescriptionSpan] = []
    var last: (enclosure: Enclosure?, until: Int64)?
    for membership in memberships
    where membership.until >= span.certain.lowerBound && membership.from < span.possibleUntil {
      var found = try enclosure(
        of: process.task, in: membership, from: max(membership.from, span.certain.lowerBound),
        inherited: span.description.named?.row, lives)
      // What is read later tells more than where it was.
      if let read, found?.container.row != read.description.named?.row { found = nil }
      if let last, last.enclosure != found {
        let isExact = membership.beginsExactly && last.until + 1 == membership.from
        let (head, tail) = rest.cut(
          behind: last.until, before: membership.from, isExact: isExact)
        pieces.append(head.within(last.enclosure))
        rest = tail
      }
      last = (found, max(membership.until, span.certain.lowerBound))
    }
    return pieces + [rest.within(last?.enclosure)]
  }

  /// The container by whose namespaces a process with an inherited cgroup was in it.
  ///
  /// - Parameters:
  ///   - from: when it was there, or began to be described so.
  ///   - inherited: the row of the container that its cgroup names; nil for none.
  func enclosure(
    of task: TaskID, in membership: Membership, from: Int64, inherited: Int64?,
    _ lives: TaskHistoryReader
  ) throws(SQLiteError) -> Enclosure? {
    let owners = try owners(ofSet: membership.set, at: from)
    guard let owner = owners.only else { return nil }
    if owner != inherited {
      guard inherited == nil || owners.hasMounts,
        try hasEntered(task, membership, owner, lives)
      else { return nil }
    }
    return try enclosure(owner)
  }

  /// Whether a process, or one that it comes from, moved into the namespaces that it is in, or was made in others
  /// than its maker's, or by one of the container. Who was made beside a process from outside is from outside.
  private func hasEntered(
    _ task: TaskID, _ membership: Membership, _ owner: Int64, _ lives: TaskHistoryReader
  ) throws(SQLiteError) -> Bool {
    var (task, born) = (task, membership.from)
    for _ in 0..<Self.mostAncestors {
      guard try lives.firstNumber(of: task) == born,
        let row = try lives.parentRow(of: task), let parent = try lives.unresolved(task: row),
        let there = parent.membership(at: born) ?? parent.membership(at: born - 1),
        there.set == membership.set
      else { return true }
      let description = parent.process.described(at: born).description
      if description.isCgroupRead { return description.named?.row == owner }
      (task, born) = (row, there.from)
    }
    return false
  }

  /// The row of the one container that a process can have been of by its namespaces: it was in the mount namespace
  /// that this alone had, in none that another alone had, and its cgroup names no other, read or not. Nil where
  /// its namespaces leave that open.
  func home(of life: TaskHistory) throws(SQLiteError) -> Int64? {
    var found = Owners()
    for membership in life.memberships {
      let owners = try owners(ofSet: membership.set, at: membership.from)
      found.containers.formUnion(owners.containers)
      found.hasMounts = found.hasMounts || owners.hasMounts
    }
    let named = life.process.descriptionSpans.compactMap { $0.description.named?.row }
    guard let home = found.only, found.hasMounts, named.allSatisfy({ $0 == home }) else {
      return nil
    }
    return home
  }
}

// MARK: Namespaces

extension ContainerRule {
  /// Whether a namespace can be a container's own. A user namespace says nothing: every container of one user
  /// without root may have the same.
  static func counts(_ namespace: NamespaceRecord) -> Bool {
    namespace.type != .user && namespace.isInitial == false
  }

  /// The containers that have namespaces of a set for themselves, around a sample or event.
  func owners(ofSet set: NamespaceSetID, at number: Int64) throws(SQLiteError) -> Owners {
    let key = Key(row: set.rawValue, block: number >> Self.width)
    if let known = ofSets[key] { return known }
    let links = try sets.links(of: set)
    var found = Owners()
    for type in NamespaceType.allCases {
      guard let namespace = links[type.link]?.namespace, Self.counts(namespace) else { continue }
      let containers = try self.containers(in: namespace, at: number)
      guard containers.count == 1 else { continue }
      found.containers.formUnion(containers)
      if type == .mnt { found.hasMounts = true }
    }
    ofSets.insert(found, for: key)
    return found
  }

  /// The rows of the containers of the processes that were in a namespace around a sample or event, by the
  /// cgroups that were read of them; the first of many.
  func containers(
    in namespace: NamespaceRecord, at number: Int64
  ) throws(SQLiteError) -> Set<Int64> {
    let key = Key(row: namespace.id, block: number >> Self.width)
    if let known = inNamespaces[key] { return known }
    looks += 1
    let block = self.block(of: number)
    let there = try members.sql("m.task_id AS member", in: namespace, during: block)
    let found = Set(
      try connection.prepare(
        """
        WITH block (low, high) AS (VALUES (?, ?)),
          there (member) AS MATERIALIZED (SELECT DISTINCT member FROM (\(there))),
          known (cgroup_id) AS (
            SELECT t.cgroup_id FROM there CROSS JOIN task AS t ON t.task_id = member, block
            WHERE COALESCE(t.provenance, 0) & 2 = 0 AND (t.has_past IS NULL OR NOT EXISTS (
              SELECT 1 FROM past_description AS p WHERE p.task_id = member AND p.last_seq >= high))
            UNION ALL
            SELECT p.cgroup_id FROM there CROSS JOIN task AS t ON t.task_id = member, block
              CROSS JOIN past_description AS p ON p.task_id = member
            WHERE t.has_past = 1 AND COALESCE(p.provenance, 0) & 2 = 0 AND p.next_seq > low
              AND NOT EXISTS (SELECT 1 FROM past_description AS q WHERE q.task_id = member
                AND q.next_seq < p.next_seq AND q.last_seq >= high)
            UNION ALL
            SELECT b.cgroup_id FROM there CROSS JOIN short_lived_task AS b ON b.from_seq = -member
            WHERE COALESCE(b.provenance, 0) & 2 = 0)
        SELECT DISTINCT container_id FROM known CROSS JOIN cgroup USING (cgroup_id)
        WHERE container_id IS NOT NULL LIMIT 16
        """
      ).bind(IntervalOverlapQuery.values(block) + IntervalOverlapQuery.values(block, namespace))
        .map { $0.integer(0) })
    inNamespaces.insert(found, for: key)
    return found
  }

  private func block(of number: Int64) -> ClosedRange<Int64> {
    let low = (number >> Self.width) << Self.width
    return low...low + (1 << Self.width - 1)
  }

  /// Whether there is any container.
  func isAnyRecorded() throws(SQLiteError) -> Bool {
    if let hasContainers { return hasContainers }
    let last = try connection.prepare("SELECT MAX(container_id) FROM container").first {
      $0.optionalInteger(0)
    }
    let found = (last ?? nil) != nil
    hasContainers = found
    return found
  }

  private func enclosure(_ container: Int64) throws(SQLiteError) -> Enclosure? {
    if let known = enclosures[container] { return known }
    let found: Enclosure?? = try connection.prepare(
      """
      SELECT cgroup_id, path, \(ContainerRecord.columns) FROM cgroup \(ContainerRecord.joins)
      WHERE cgroup.container_id = ? ORDER BY cgroup_id LIMIT 1
      """
    ).bind(.integer(container)).first { row in
      let path = row.optionalText(1)
      return ContainerRecord(row, from: 2).map { record in
        Enclosure(
          cgroup: row.integer(0), container: record,
          containers: RecordedDescription.containers(inCgroup: path.map(SystemText.sanitized)))
      }
    }
    if let enclosure = found ?? nil {
      enclosures.insert(enclosure, for: container)
      return enclosure
    }
    return nil
  }
}

// MARK: Who may have entered

extension ContainerRule {
  /// Those of whom nobody read the cgroup, and who were in the namespaces of the processes of containers in a range:
  /// they may be of the containers, whatever cgroup they inherit.
  ///
  /// - Parameter described: gives the rows of the processes whose cgroup is of the containers, or inherited from
  ///   there, in a range.
  func guests(
    in samples: ClosedRange<Int64>,
    of described: (ClosedRange<Int64>) throws(SQLiteError) -> [TaskID]
  ) throws(SQLiteError) -> [TaskID] {
    guard try isAnyRecorded(), try isAnyInherited() else { return [] }
    let low = max(block(of: samples.lowerBound).lowerBound, index.first ?? .min)
    let high = min(block(of: samples.upperBound).upperBound, index.last ?? .max)
    let around = min(low, samples.lowerBound)...max(high, samples.upperBound)
    let namespaces = try namespaces(of: described(around), in: around)
    guard !namespaces.isEmpty else { return [] }
    return try connection.prepare(
      """
      SELECT DISTINCT member FROM (\(IntervalOverlapQuery.inAnyOf("m.task_id AS member")))
        LEFT JOIN task AS t ON t.task_id = member LEFT JOIN short_lived_task AS b ON b.from_seq = -member
      WHERE COALESCE(t.provenance, b.provenance, 0) & 2 <> 0 OR t.has_past = 1 AND EXISTS (
        SELECT 1 FROM past_description AS p WHERE p.task_id = member AND p.provenance & 2 <> 0)
      """
    ).bind(IntervalOverlapQuery.values(samples) + [.list(namespaces.sorted())]).map {
      $0.task(0)
    }
  }

  /// Whether events reported processes: a sample reads every cgroup.
  private func isAnyInherited() throws(SQLiteError) -> Bool {
    let last = try connection.prepare("SELECT MAX(first_seq) FROM event_batch").first {
      $0.optionalInteger(0)
    }
    return (last ?? nil) != nil
  }

  /// The namespaces that can be a container's own, of those that tasks were in.
  private func namespaces(
    of tasks: [TaskID], in samples: ClosedRange<Int64>
  ) throws(SQLiteError) -> Set<Int64> {
    let range = IntervalOverlapQuery.values(samples)
    var found = Set(
      try connection.prepare(
        """
        SELECT DISTINCT set_id FROM json_each(?) CROSS JOIN membership ON task_id = value
        WHERE from_seq <= ? AND COALESCE(until_seq, from_seq + ?) >= ?
        """
      ).bind([
        .list(tasks.filter { !$0.isShortLived }), range[1], .integer(Int64.max / 2), range[0],
      ])
      .map { $0.set(0) })
    found.formUnion(
      try connection.prepare(
        "SELECT DISTINCT set_id FROM json_each(?) CROSS JOIN short_lived_task ON from_seq = -value"
      ).bind(.list(tasks.filter(\.isShortLived))).map { $0.set(0) })
    var namespaces: Set<Int64> = []
    for set in found {
      let links = try sets.links(of: set)
      for type in NamespaceType.allCases {
        if let one = links[type.link]?.namespace, Self.counts(one) { namespaces.insert(one.id) }
      }
    }
    return namespaces
  }
}

extension ProcessRecord.DescriptionSpan {
  /// The parts behind and before a change of something that the description does not tell.
  fileprivate func cut(
    behind last: Int64, before next: Int64, isExact: Bool
  ) -> (Self, Self) {
    let head = Self(
      description: description, possibleFrom: possibleFrom,
      certain: certain.lowerBound...max(certain.lowerBound, min(last, certain.upperBound)),
      possibleUntil: next, beginsExactly: beginsExactly, endsExactly: isExact)
    let tail = Self(
      description: description, possibleFrom: isExact ? next : last,
      certain: next...max(next, certain.upperBound), possibleUntil: possibleUntil,
      beginsExactly: isExact, endsExactly: endsExactly)
    return (head, tail)
  }

  fileprivate func within(_ enclosure: ContainerRule.Enclosure?) -> Self {
    var description = description
    description.enclosure = enclosure
    return Self(
      description: description, possibleFrom: possibleFrom, certain: certain,
      possibleUntil: possibleUntil, beginsExactly: beginsExactly, endsExactly: endsExactly)
  }
}
