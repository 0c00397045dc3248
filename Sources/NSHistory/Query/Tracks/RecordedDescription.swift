internal import NamespaceModel
internal import SQLite

/// What a process is besides its namespaces, as the history knows it.
public struct RecordedDescription: Sendable, Hashable {
  /// Its name, escaped (`SystemText`); nil if unreadable.
  public let comm: String?
  /// The effective user id; nil if unreadable.
  public let uid: Int64?
  /// The PID of its parent; 0 for none, or one in an outer pid namespace.
  public let parentPID: Int64
  /// Its `/proc/PID/cgroup`, escaped; nil if unreadable.
  public let cgroup: String?
  /// The innermost unit of systemd that its cgroup names; nil where it names none.
  public let unit: String?
  /// The innermost container that its cgroup names; nil for a process that is in none.
  public let container: ContainerRecord?
  /// Whether the user id is its parent's, because nobody read its own.
  public let hasInheritedUID: Bool
  /// Whether the cgroup, and so the container, is its parent's, because nobody read its own.
  public let hasInheritedCgroup: Bool

  /// From columns of a row, the last of which are `ContainerRecord.columns` and begin at `container`.
  init(
    comm: String?, uid: Int64?, parentPID: Int64, cgroup: String?, provenance: Int64?,
    _ row: Statement, container: Int32
  ) {
    // What the file holds is escaped, unless somebody edited it.
    self.comm = comm.map(SystemText.harmless)
    self.uid = uid
    self.parentPID = parentPID
    self.cgroup = cgroup.map(SystemText.harmless)
    unit = ContainerRecord.unit(row, from: container, cgroup: cgroup)
    self.container = ContainerRecord(row, from: container, cgroup: cgroup)
    let inherited = Provenance(provenance).inherited
    hasInheritedUID = inherited.contains(.user)
    hasInheritedCgroup = inherited.contains(.cgroup)
  }
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

  /// The process as it was in one of these brackets, at a time.
  func described(in brackets: [Bracket], at time: Int64) -> ProcessRecord {
    guard !past.isEmpty else { return self }
    var found: [RecordedDescription] = []
    for bracket in brackets {
      var low = bracket.before?.id ?? Int64.min
      // A sample read it some time before its end.
      if let before = bracket.before, !before.isEvent, time < before.wallEnd { low -= 1 }
      for one in descriptions(from: low, before: bracket.after?.id ?? Int64.max)
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

  /// The same at a number, with what else it may have been at some time behind an earlier one.
  func described(at number: Int64, orBehind low: Int64) -> ProcessRecord {
    let now = described(at: number)
    guard !past.isEmpty else { return now }
    let others = descriptions(from: low, before: number).filter {
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
  public var possibleDescriptions: [RecordedDescription] { [description] + alternatives }

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
    guard process.hasPast, process.id > 0 else { return [] }
    return try connection.prepare(
      """
      SELECT next_seq, last_seq, exact, comm, uid, parent_pid, path, provenance,
        \(ContainerRecord.columns)
      FROM past_description LEFT JOIN cgroup USING (cgroup_id) \(ContainerRecord.joins)
      WHERE task_id = ? ORDER BY next_seq
      """
    ).bind(.integer(process.id)).map { row in
      PastDescription(
        description: RecordedDescription(
          comm: row.optionalText(3), uid: row.optionalInteger(4), parentPID: row.integer(5),
          cgroup: row.optionalText(6), provenance: row.optionalInteger(7), row, container: 8),
        last: row.integer(1), next: row.integer(0), isExact: row.integer(2) == 1)
    }
  }
}
