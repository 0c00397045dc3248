internal import Containers
internal import NamespaceModel
internal import SQLite

/// What a process is besides its namespaces, as the history knows it.
package struct RecordedDescription: Sendable, Hashable {
  /// Its name, escaped (`SystemText`); nil if unreadable.
  package let comm: String?
  /// The effective user id; nil if unreadable.
  package let uid: Int64?
  /// The PID of its parent; 0 for none, or one in an outer pid namespace.
  package let parentPID: Int64
  /// Its `/proc/PID/cgroup`, escaped; nil if unreadable.
  package let cgroup: String?
  /// The innermost unit of systemd that its cgroup names; nil where it names none.
  package let unit: String?
  /// The innermost container that its cgroup names; nil where it names none.
  let named: ContainerRecord?
  /// The container that it was in by its namespaces, where nobody read its cgroup: see `ContainerRule`.
  var enclosure: ContainerRule.Enclosure?
  /// Whether the user id is its parent's, because nobody read its own.
  package let hasInheritedUID: Bool
  /// Whether the cgroup is its parent's, because nobody read its own.
  package let hasInheritedCgroup: Bool

  /// From columns of a row, the last of which are `ContainerRecord.columns` and begin at `container`.
  init(
    comm: String?, uid: Int64?, parentPID: Int64, cgroup: String?, provenance: Int64?,
    _ row: Statement, container: Int32
  ) {
    // What the file holds is escaped, unless somebody edited it.
    self.comm = comm.map(SystemText.sanitized)
    self.uid = uid
    self.parentPID = parentPID
    self.cgroup = cgroup.map(SystemText.sanitized)
    unit = ContainerRecord.unit(row, from: container)
    named = ContainerRecord(row, from: container)
    let inherited = Provenance(provenance).inherited
    hasInheritedUID = inherited.contains(.user)
    hasInheritedCgroup = inherited.contains(.cgroup)
  }
}

/// What tells the container of a process. The raw value is the word in every output.
package enum ContainerSource: String, Sendable, Hashable, CaseIterable {
  /// Its cgroup, which was read.
  case cgroup
  /// The cgroup of its parent: nobody read its own.
  case inherited
  /// Its namespaces, which the container alone had: nobody read its cgroup.
  case namespaces
}

extension RecordedDescription {
  /// The container that it was in; nil for a process that is in none.
  package var container: ContainerRecord? { enclosure?.container ?? named }

  /// What tells that; nil where it was read to be in none.
  package var containerSource: ContainerSource? {
    if enclosure != nil { return .namespaces }
    if hasInheritedCgroup { return .inherited }
    return named == nil ? nil : .cgroup
  }

  /// The ids of the container and of those that it is inside of, the outermost first.
  var containers: [String] {
    enclosure?.containers ?? (named == nil ? [] : Self.containers(inCgroup: cgroup))
  }

  /// Those that a `/proc/PID/cgroup` names.
  static func containers(inCgroup text: String?) -> [String] {
    guard let text else { return [] }
    return CgroupPlace(SystemText.bytes(text)).containers.map { SystemText.sanitized($0.id) }
  }

  /// Whether its own cgroup was read.
  var isCgroupRead: Bool { cgroup != nil && !hasInheritedCgroup }
}

/// A description that a process had before another was read; see `past_description` in `Migrations`.
struct PastDescription: Sendable, Hashable {
  let description: RecordedDescription
  /// The last sample or event at which it is known to have been so.
  let last: Int64
  /// The first at which it is known to have been another.
  let next: Int64
  /// Whether the event `next` ended it, or else it ended at some time in between.
  let isExact: Bool
}

extension ProcessRecord {
  /// A description, and when it held, by the numbers of samples and events.
  struct DescriptionSpan {
    let description: RecordedDescription
    /// From here on it may have held: from `certain` on where an event began it, or else from the moment
    /// behind this number on.
    let possibleFrom: Int64
    /// It held from the one to the other.
    let certain: ClosedRange<Int64>
    /// From here on it held no more.
    let possibleUntil: Int64
    let beginsExactly: Bool
    /// Whether an event ended it, at `possibleUntil`.
    let endsExactly: Bool
  }

  /// All descriptions that it had, in the order of time.
  var descriptionSpans: [DescriptionSpan] {
    var spans: [DescriptionSpan] = []
    var (from, first, isExact) = (Int64.min, Int64.min, true)
    for one in past {
      spans.append(
        DescriptionSpan(
          description: one.description, possibleFrom: from,
          certain: first...max(first, one.last), possibleUntil: one.next, beginsExactly: isExact,
          endsExactly: one.isExact))
      (from, first, isExact) = (one.isExact ? one.next : one.last, one.next, one.isExact)
    }
    spans.append(
      DescriptionSpan(
        description: past.isEmpty ? description : newest, possibleFrom: from,
        certain: first...Int64.max, possibleUntil: .max, beginsExactly: isExact,
        endsExactly: false))
    return spans
  }

  /// Whether nobody had read its cgroup at some time.
  var isAnyCgroupInherited: Bool {
    description.hasInheritedCgroup || past.contains { $0.description.hasInheritedCgroup }
  }

  /// The process with other descriptions, in the order of time.
  func with(spans: [DescriptionSpan]) -> ProcessRecord {
    guard let last = spans.last else { return self }
    var copy = self
    copy.description = last.description
    copy.past = zip(spans, spans.dropFirst()).map { span, next in
      PastDescription(
        description: span.description, last: span.certain.upperBound,
        next: next.certain.lowerBound, isExact: span.endsExactly)
    }
    return copy
  }

  /// When it had one of the descriptions that are meant: of those that follow one another as one.
  func spans(_ isMeant: (RecordedDescription) -> Bool) -> [DescriptionSpan] {
    var spans: [DescriptionSpan] = []
    for span in descriptionSpans where isMeant(span.description) {
      if let last = spans.last, last.possibleUntil == span.certain.lowerBound {
        spans[spans.count - 1] = DescriptionSpan(
          description: span.description, possibleFrom: last.possibleFrom,
          certain: last.certain.lowerBound...span.certain.upperBound,
          possibleUntil: span.possibleUntil, beginsExactly: last.beginsExactly,
          endsExactly: span.endsExactly)
      } else {
        spans.append(span)
      }
    }
    return spans
  }

  /// The description that was read last.
  private var newest: RecordedDescription { latest ?? description }

  /// What it may have been at some time behind a number and before another.
  func descriptions(from low: Int64, before high: Int64) -> [RecordedDescription] {
    guard !past.isEmpty else { return [description] }
    return descriptionSpans.filter { $0.possibleFrom < high && $0.possibleUntil > low }
      .map(\.description)
  }

  /// The process as it was in one of these sample windows, at a time.
  func described(in sampleWindows: [SampleWindow], at time: Int64) -> ProcessRecord {
    guard !past.isEmpty else { return self }
    var found: [RecordedDescription] = []
    for sampleWindow in sampleWindows {
      var low = sampleWindow.before?.id ?? Int64.min
      // A sample read it some time before its end.
      if let before = sampleWindow.before, !before.isEvent, time < before.wallEnd { low -= 1 }
      for one in descriptions(from: low, before: sampleWindow.after?.id ?? Int64.max)
      where !found.contains(one) {
        found.append(one)
      }
    }
    return with(found)
  }

  /// The process as it was at a sample or event.
  func described(at number: Int64) -> ProcessRecord {
    guard !past.isEmpty else { return self }
    return with(
      descriptionSpans.filter { span in
        (span.possibleFrom < number || (span.beginsExactly && span.possibleFrom == number))
          && span.possibleUntil > number
      }.map(\.description))
  }

  /// The same at a number, with what else it may have been at some time behind it and before a later one.
  func described(at number: Int64, orBefore high: Int64) -> ProcessRecord {
    described(at: number, orBetween: number, and: high)
  }

  /// The same at a number, with what else it may have been at some time behind an earlier one.
  func described(at number: Int64, orBehind low: Int64) -> ProcessRecord {
    described(at: number, orBetween: low, and: number)
  }

  private func described(
    at number: Int64, orBetween low: Int64, and high: Int64
  ) -> ProcessRecord {
    let now = described(at: number)
    guard !past.isEmpty else { return now }
    let others = descriptions(from: low, before: high).filter {
      !now.possibleDescriptions.contains($0)
    }
    return with(now.possibleDescriptions + others)
  }

  private func with(_ found: [RecordedDescription]) -> ProcessRecord {
    guard let first = found.first else { return self }
    var copy = self
    copy.latest = newest
    copy.description = first
    copy.alternatives = Array(found.dropFirst())
    return copy
  }

  /// All that it may have been at the time that an answer is about.
  package var possibleDescriptions: [RecordedDescription] { [description] + alternatives }

  /// What a name that is asked for may be of: all that it was at the time of an answer, or ever.
  var askedDescriptions: [RecordedDescription] {
    latest == nil ? past.map(\.description) + [description] : possibleDescriptions
  }
}

/// Reads the descriptions that processes had before.
final class DescriptionReader {
  private let connection: Connection

  init(_ connection: Connection) { self.connection = connection }

  /// Those of a process, in the order of time.
  func past(of process: ProcessRecord) throws(SQLiteError) -> [PastDescription] {
    guard process.hasPast, !process.task.isShortLived else { return [] }
    return try connection.prepare(
      """
      SELECT next_seq, last_seq, exact, comm, uid, parent_pid, path, provenance,
        \(ContainerRecord.columns)
      FROM past_description LEFT JOIN cgroup USING (cgroup_id) \(ContainerRecord.joins)
      WHERE task_id = ? ORDER BY next_seq
      """
    ).bind(.number(process.task)).map { row in
      PastDescription(
        description: RecordedDescription(
          comm: row.optionalText(3), uid: row.optionalInteger(4), parentPID: row.integer(5),
          cgroup: row.optionalText(6), provenance: row.optionalInteger(7), row, container: 8),
        last: row.integer(1), next: row.integer(0), isExact: row.integer(2) == 1)
    }
  }
}
