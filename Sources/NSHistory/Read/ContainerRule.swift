internal import NamespaceModel
internal import SQLite

/// Determines which container a process was in: the one rule of every question.
///
/// 1. The process's own cgroup decides, if it was read.
/// 2. Otherwise the cgroup is only inherited from the parent, and the namespaces decide. The process was in a container
///    if that container had the mount namespace of the process for itself (only processes of the container were in the
///    namespace when the process entered it), and if no other container had another namespace of the process for
///    itself. A program that is executed in a container enters the mount namespace of the container; a process of the
///    host that only enters the network namespace of the container does not.
/// 3. If the namespaces do not decide, the process counts as in the container of the inherited cgroup, marked as
///    inherited.
///
/// Namespaces do not decide for a process that a process from outside created in them, nor once the process's
/// own cgroup is read and names another container.
final class ContainerRule {
  private let connection: Connection
  private let index: SampleIndex
  private let sets: SetReader
  private let members: MembersAtSample
  private var hasContainers: Bool?
  /// The containers whose processes were in a namespace, by namespace and block of sequence numbers.
  private var inNamespaces = BoundedCache<Key, Set<Int64>>(limit: cacheLimit)
  /// The containers that had namespaces of a set for themselves, by set and block of sequence numbers.
  private var ofSets = BoundedCache<Key, Owners>(limit: cacheLimit)
  private var enclosures = BoundedCache<Int64, Enclosure>(limit: cacheLimit)
  /// The number of queries for the containers in a namespace.
  private(set) var queryCount = 0

  private struct Key: Hashable {
    let row: Int64
    let block: Int64
  }

  /// The containers that have namespaces of a set for themselves.
  struct Owners {
    /// The row ids of these containers.
    var containers: Set<Int64> = []
    /// Whether the mount namespace is one of these namespaces.
    var hasMounts = false

    /// The row id of the container if there is exactly one; otherwise nil.
    var only: Int64? { containers.count == 1 ? containers.first : nil }
  }

  /// The size of a block of sequence numbers, as a power of two. Each query covers a block, so that many
  /// processes that enter one container one after another cost one query.
  static let width: Int64 = 9
  private static let cacheLimit = 8192
  /// How many generations of parents `hasEntered` follows at most.
  private static let mostAncestors = 64

  init(_ connection: Connection, _ index: SampleIndex, _ sets: SetReader) {
    self.connection = connection
    self.index = index
    self.sets = sets
    members = MembersAtSample(connection, index)
  }

  /// The container that a process is in by its namespaces, and all containers around it.
  final class Enclosure: Sendable, Hashable {
    /// The least row id of the container's cgroups.
    let cgroup: Int64
    let container: ContainerRecord
    /// See `RecordedDescription.containers`.
    let containers: [String]

    init(cgroup: Int64, container: ContainerRecord, containers: [String]) {
      self.cgroup = cgroup
      self.container = container
      self.containers = containers
    }

    static func == (one: Enclosure, other: Enclosure) -> Bool {
      one === other
        || one.cgroup == other.cgroup && one.container == other.container
          && one.containers == other.containers
    }

    func hash(into hasher: inout Hasher) { hasher.combine(cgroup) }
  }
}

// MARK: Processes

extension ContainerRule {
  /// Returns the process with the container of each of its descriptions, as far as these memberships show it.
  func resolved(
    _ process: ProcessRecord, _ memberships: [Membership], _ taskHistories: TaskHistoryReader
  ) throws(SQLiteError) -> ProcessRecord {
    guard process.isAnyCgroupInherited, try isAnyRecorded() else { return process }
    let spans = process.descriptionSpans
    var resolved: [ProcessRecord.DescriptionSpan] = []
    for (position, span) in spans.enumerated() {
      guard span.description.hasInheritedCgroup else {
        resolved.append(span)
        continue
      }
      let read = spans[position...].first { $0.description.isCgroupRead }
      resolved += try pieces(of: span, until: read, process, memberships, taskHistories)
    }
    return process.with(spans: resolved)
  }

  /// Splits the span of one description where its process entered or left a container.
  private func pieces(
    of span: ProcessRecord.DescriptionSpan, until read: ProcessRecord.DescriptionSpan?,
    _ process: ProcessRecord, _ memberships: [Membership], _ taskHistories: TaskHistoryReader
  ) throws(SQLiteError) -> [ProcessRecord.DescriptionSpan] {
    var rest = span
    var pieces: [ProcessRecord.DescriptionSpan] = []
    var last: (enclosure: Enclosure?, until: SequenceNumber)?
    for membership in memberships
    where membership.until >= span.certain.lowerBound && membership.from < span.possibleUntil {
      var found = try enclosure(
        of: process.task, in: membership, from: max(membership.from, span.certain.lowerBound),
        inherited: span.description.named?.row, taskHistories)
      // A cgroup that was read later outweighs the namespaces.
      if let read, found?.container.row != read.description.named?.row { found = nil }
      if let last, last.enclosure != found {
        let isExact = membership.beginsExactly && last.until + 1 == membership.from
        let (head, tail) = rest.cut(
          after: last.until, before: membership.from, isExact: isExact)
        pieces.append(head.within(last.enclosure))
        rest = tail
      }
      last = (found, max(membership.until, span.certain.lowerBound))
    }
    return pieces + [rest.within(last?.enclosure)]
  }

  /// Returns the container that a process with an inherited cgroup was in by its namespaces.
  ///
  /// - Parameters:
  ///   - from: the sequence number at which the process was there, or at which its description began.
  ///   - inherited: the row id of the container that its cgroup names; nil for none.
  func enclosure(
    of task: TaskID, in membership: Membership, from: SequenceNumber, inherited: Int64?,
    _ taskHistories: TaskHistoryReader
  ) throws(SQLiteError) -> Enclosure? {
    let owners = try owners(ofSet: membership.set, at: from)
    guard let owner = owners.only else { return nil }
    if owner != inherited {
      var comesToMounts = owners.hasMounts
      if !comesToMounts, inherited == nil {
        comesToMounts = try self.comesToMounts(task, after: membership, of: owner, taskHistories)
      }
      guard comesToMounts, try hasEntered(task, membership, owner, taskHistories) else {
        return nil
      }
    }
    return try enclosure(owner)
  }

  /// Returns whether a process without a container entered the mount namespace of the container `owner` later: a
  /// program that enters a container joins its namespaces one after another.
  private func comesToMounts(
    _ task: TaskID, after membership: Membership, of owner: Int64,
    _ taskHistories: TaskHistoryReader
  ) throws(SQLiteError) -> Bool {
    guard let history = try taskHistories.unresolved(task: task) else { return false }
    for later in history.memberships where later.from > membership.until {
      let owners = try owners(ofSet: later.set, at: later.from)
      if owners.hasMounts, owners.only == owner { return true }
    }
    return false
  }

  /// Returns whether a process entered the container `owner` or was created in it. True if the process, or an
  /// ancestor in the same namespaces, moved into these namespaces, was created in namespaces other than its
  /// parent's, or was created by a process of the container. A process that a process from outside created in
  /// the same namespaces is from outside too. An unknown parent counts as being in other namespaces.
  private func hasEntered(
    _ task: TaskID, _ membership: Membership, _ owner: Int64, _ taskHistories: TaskHistoryReader
  ) throws(SQLiteError) -> Bool {
    var (task, start) = (task, membership.from)
    for _ in 0..<Self.mostAncestors {
      guard try taskHistories.firstNumber(of: task) == start,
        let row = try taskHistories.parentRow(of: task),
        let parent = try taskHistories.unresolved(task: row),
        let there = parent.membership(at: start) ?? parent.membership(at: start - 1),
        there.set == membership.set
      else { return true }
      let description = parent.process.described(at: start).description
      if description.isCgroupRead { return description.named?.row == owner }
      (task, start) = (row, there.from)
    }
    return false
  }

  /// Returns the row id of the only container that a process can have been in by its namespaces: the process
  /// was in a mount namespace that only this container had, was in no namespace that only another container
  /// had, and its cgroup, read or inherited, names no other container. Nil if its namespaces do not determine
  /// the container.
  func home(of history: TaskHistory) throws(SQLiteError) -> Int64? {
    var found = Owners()
    for membership in history.memberships {
      let owners = try owners(ofSet: membership.set, at: membership.from)
      found.containers.formUnion(owners.containers)
      found.hasMounts = found.hasMounts || owners.hasMounts
    }
    let named = history.process.descriptionSpans.compactMap { $0.description.named?.row }
    guard let home = found.only, found.hasMounts, named.allSatisfy({ $0 == home }) else {
      return nil
    }
    return home
  }
}

// MARK: Namespaces

extension ContainerRule {
  /// Returns whether a namespace can be a container's own: it is known not to be an initial one. User
  /// namespaces do not count, because all containers of one user without root may share one.
  static func counts(_ namespace: NamespaceRecord) -> Bool {
    namespace.type != .user && namespace.isInitial == false
  }

  /// Returns the containers that have namespaces of a set for themselves, around a sample or event.
  func owners(ofSet set: NamespaceSetID, at number: SequenceNumber) throws(SQLiteError) -> Owners {
    let key = Key(row: set.rawValue, block: number.block(width: Self.width))
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

  /// Returns the row ids of the containers of the processes that were in a namespace around a sample or event,
  /// by the cgroups that were read of these processes; at most 16.
  func containers(
    in namespace: NamespaceRecord, at number: SequenceNumber
  ) throws(SQLiteError) -> Set<Int64> {
    let key = Key(row: namespace.id, block: number.block(width: Self.width))
    if let known = inNamespaces[key] { return known }
    queryCount += 1
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
      ).bind(
        IntervalOverlapQuery.values(block) + IntervalOverlapQuery.values(block, namespace)
      )
      .map { $0.integer(0) })
    inNamespaces.insert(found, for: key)
    return found
  }

  private func block(of number: SequenceNumber) -> ClosedRange<SequenceNumber> {
    Self.block(of: number)
  }

  /// Returns the block of sequence numbers that contains a number. All processes that were in a namespace at any number
  /// of the block count when `containers(in:at:)` finds the containers in the namespace.
  static func block(of number: SequenceNumber) -> ClosedRange<SequenceNumber> {
    SequenceNumber.numbers(ofBlock: number.block(width: Self.width), width: Self.width)
  }

  /// Returns whether the history has any container.
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

// MARK: Tasks that may have entered

extension ContainerRule {
  /// Returns the tasks whose own cgroup was not read, and which were in the namespaces of the processes of
  /// containers in a range. These tasks may belong to the containers, whatever cgroup they inherit.
  ///
  /// - Parameter described: returns the tasks whose cgroup, read or inherited, is of the containers, in a
  ///   range.
  func tasksByNamespaces(
    in samples: ClosedRange<SequenceNumber>,
    of described: (ClosedRange<SequenceNumber>) throws(SQLiteError) -> [TaskID]
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
    ).bind(index.sampleValues(samples) + [.list(namespaces.sorted())]).map {
      $0.task(0)
    }
  }

  /// Returns whether the history has events. Only processes that events reported can have an inherited cgroup:
  /// a sample reads every cgroup.
  func isAnyInherited() throws(SQLiteError) -> Bool {
    let last = try connection.prepare("SELECT MAX(first_seq) FROM event_batch").first {
      $0.optionalInteger(0)
    }
    return (last ?? nil) != nil
  }

  /// Returns the row ids of those namespaces of tasks that can be a container's own.
  private func namespaces(
    of tasks: [TaskID], in samples: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) -> Set<Int64> {
    let range = try index.sampleValues(samples)
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
  /// Splits the span where the process changed its container without a new description: into the part up to `last` and
  /// the part from `next` on.
  fileprivate func cut(
    after last: SequenceNumber, before next: SequenceNumber, isExact: Bool
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
