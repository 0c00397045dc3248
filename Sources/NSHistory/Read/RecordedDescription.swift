internal import Containers
internal import NamespaceModel
internal import SQLite

/// A description of a process as the history records it: its name, user, parent, cgroup, program and login.
package struct RecordedDescription: Sendable, Hashable {
  /// Its name, escaped (`SystemText`); nil if unreadable.
  package let comm: String?
  /// The effective user id; nil if unreadable.
  package let uid: Int64?
  /// The PID of its parent; 0 for no parent, or for one in an outer PID namespace.
  package let parentPID: Int64
  /// The content of its `/proc/PID/cgroup`, escaped; nil if unreadable.
  package let cgroup: String?
  /// The innermost systemd unit that its cgroup names; nil if the cgroup names none.
  package let unit: String?
  /// The innermost container that its cgroup names; nil if the cgroup names none.
  let named: ContainerRecord?
  /// The container that the process was in by its namespaces, if its own cgroup was not read: see
  /// `ContainerRule`.
  var enclosure: ContainerRule.Enclosure?
  /// Whether the user id was copied from the parent, because the process's own was not read.
  package let hasInheritedUID: Bool
  /// Whether the cgroup was copied from the parent, because the process's own was not read.
  package let hasInheritedCgroup: Bool
  /// The program; nil if it is not known, and for a kernel thread.
  package internal(set) var program: RecordedProgram?
  /// The login, the session and the terminal; nil if they are not known.
  package let login: RecordedLogin?

  /// The columns of a row from which a description is created, after others of its table.
  static let columns = "\(ContainerRecord.columns), \(RecordedProgram.columns)"

  /// Returns the joins for `columns` of a table that is joined with `cgroup`.
  static func joins(_ table: String) -> String {
    "\(ContainerRecord.joins) \(RecordedProgram.joins(table))"
  }

  /// Creates a description from columns of a row, the last of which are `columns` and begin at `joined`.
  ///
  /// - Parameter programRead: the exec or the sample with which the program was read.
  init(
    comm: String?, uid: Int64?, parentPID: Int64, cgroup: String?, provenance: Int64?,
    programRead: SequenceNumber?, _ row: Statement, joined container: Int32
  ) {
    // A recorder writes escaped text, but the file may have been edited.
    self.comm = comm.map(SystemText.sanitized)
    self.uid = uid
    self.parentPID = parentPID
    self.cgroup = cgroup.map(SystemText.sanitized)
    unit = ContainerRecord.unit(row, from: container)
    named = ContainerRecord(row, from: container)
    let inherited = Provenance(provenance).inherited
    hasInheritedUID = inherited.contains(.user)
    hasInheritedCgroup = inherited.contains(.cgroup)
    let first = container + ContainerRecord.columnCount
    program = RecordedProgram(
      row, from: first, isInherited: inherited.contains(.program), number: programRead)
    login = RecordedLogin(row, from: first, isInherited: inherited.contains(.login))
  }
}

/// The evidence for the container of a process. The raw value is the word in every output.
package enum ContainerSource: String, Sendable, Hashable, CaseIterable {
  /// The process's own cgroup, which was read.
  case cgroup
  /// The cgroup of the parent: the process's own cgroup was not read.
  case inherited
  /// The namespaces of the process, which only that container had: the process's own cgroup was not read.
  case namespaces
}

extension RecordedDescription {
  /// The container of the process; nil for a process that is in none.
  package var container: ContainerRecord? { enclosure?.container ?? named }

  /// The evidence for the container; nil if the process's own cgroup was read and names no container.
  package var containerSource: ContainerSource? {
    if enclosure != nil { return .namespaces }
    if hasInheritedCgroup { return .inherited }
    return named == nil ? nil : .cgroup
  }

  /// The ids of the container and of those around it, the outermost first.
  var containers: [String] {
    enclosure?.containers ?? (named == nil ? [] : Self.containers(inCgroup: cgroup))
  }

  /// Returns the ids of the containers that a `/proc/PID/cgroup` names, the outermost first.
  static func containers(inCgroup text: String?) -> [String] {
    guard let text else { return [] }
    return CgroupMembership(SystemText.bytes(text)).containers.map { SystemText.sanitized($0.id) }
  }

  /// Whether the process's own cgroup was read.
  var isCgroupRead: Bool { cgroup != nil && !hasInheritedCgroup }
}

/// A description that a process had before a later one was read; see `past_description` in `Migrations`.
struct PastDescription: Sendable, Hashable {
  var description: RecordedDescription
  /// The last sample or event at which the description is known to have held.
  let last: SequenceNumber
  /// The first sample or event at which another description is known to have held.
  let next: SequenceNumber
  /// Whether the event `next` ended the description; otherwise the description ended at some time between
  /// `last` and `next`.
  let isExact: Bool
}

extension ProcessRecord {
  /// A description, and the time in which it held, in sequence numbers of samples and events.
  struct DescriptionSpan {
    let description: RecordedDescription
    /// The lower bound of the time in which the description may have held: the event that began it
    /// (`beginsExactly`), or else a sequence number after which it may have begun.
    let possibleFrom: SequenceNumber
    /// The range in which the description certainly held.
    let certain: ClosedRange<SequenceNumber>
    /// The first sample or event at which the description no longer held.
    let possibleUntil: SequenceNumber
    let beginsExactly: Bool
    /// Whether an event ended the description, at `possibleUntil`.
    let endsExactly: Bool
  }

  /// All descriptions that the process had, in time order.
  var descriptionSpans: [DescriptionSpan] {
    var spans: [DescriptionSpan] = []
    var (from, first, isExact) = (SequenceNumber.min, SequenceNumber.min, true)
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
        certain: first...SequenceNumber.max, possibleUntil: .max, beginsExactly: isExact,
        endsExactly: false))
    return spans
  }

  /// Whether the process had an inherited cgroup at some time, because its own was not read.
  package var isAnyCgroupInherited: Bool {
    description.hasInheritedCgroup || past.contains { $0.description.hasInheritedCgroup }
  }

  /// Returns the process with other descriptions, in time order.
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

  /// Returns the spans in which the process had a matching description. Adjacent spans are joined.
  func spans(_ isSelected: (RecordedDescription) -> Bool) -> [DescriptionSpan] {
    var spans: [DescriptionSpan] = []
    for span in descriptionSpans where isSelected(span.description) {
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

  /// Returns the descriptions that may have held at some time after one sequence number and before another.
  func descriptions(from low: SequenceNumber, before high: SequenceNumber) -> [RecordedDescription]
  {
    guard !past.isEmpty else { return [description] }
    return descriptionSpans.filter { $0.possibleFrom < high && $0.possibleUntil > low }
      .map(\.description)
  }

  /// Returns the process with the descriptions that it may have had in one of these sample windows, at a time.
  func described(in sampleWindows: [SampleWindow], at time: WallTime) -> ProcessRecord {
    guard !past.isEmpty else { return self }
    var found: [RecordedDescription] = []
    for sampleWindow in sampleWindows {
      var low = sampleWindow.before?.id ?? SequenceNumber.min
      // At a time within a sample, the sample may not have read the process yet: the earlier description may
      // still have held.
      if let before = sampleWindow.before, !before.isEvent, time < before.wallEnd { low -= 1 }
      for one in descriptions(from: low, before: sampleWindow.after?.id ?? SequenceNumber.max)
      where !found.contains(one) {
        found.append(one)
      }
    }
    return with(found)
  }

  /// Returns the process with its description at a sample or event.
  func described(at number: SequenceNumber) -> ProcessRecord {
    guard !past.isEmpty else { return self }
    return with(
      descriptionSpans.filter { span in
        (span.possibleFrom < number || (span.beginsExactly && span.possibleFrom == number))
          && span.possibleUntil > number
      }.map(\.description))
  }

  /// Returns the process with its description at a sequence number, and with the other descriptions that it may have
  /// had between this number and a later one (`high`).
  func described(at number: SequenceNumber, orBefore high: SequenceNumber) -> ProcessRecord {
    described(at: number, orBetween: number, and: high)
  }

  /// Returns the process with its description at a sequence number, and with the other descriptions that it may have
  /// had between an earlier number (`low`) and this one.
  func described(at number: SequenceNumber, orAfter low: SequenceNumber) -> ProcessRecord {
    described(at: number, orBetween: low, and: number)
  }

  private func described(
    at number: SequenceNumber, orBetween low: SequenceNumber, and high: SequenceNumber
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

  /// All descriptions that the process may have had at the time that an answer is about.
  package var possibleDescriptions: [RecordedDescription] { [description] + alternatives }

  /// The descriptions against which a selector is matched: those at the time that an answer is about, or else
  /// all that the process ever had.
  var askedDescriptions: [RecordedDescription] {
    latest == nil ? past.map(\.description) + [description] : possibleDescriptions
  }
}

/// Reads the past descriptions of processes.
final class DescriptionReader {
  private let connection: Connection

  init(_ connection: Connection) { self.connection = connection }

  /// Returns the past descriptions of a process, in time order.
  func past(of process: ProcessRecord) throws(SQLiteError) -> [PastDescription] {
    guard process.hasPast, !process.task.isShortLived else { return [] }
    return try connection.prepare(
      """
      SELECT next_seq, last_seq, exact, comm, uid, parent_pid, path, provenance,
        program_seq, \(RecordedDescription.columns)
      FROM past_description LEFT JOIN cgroup USING (cgroup_id)
        \(RecordedDescription.joins("past_description"))
      WHERE task_id = ? ORDER BY next_seq
      """
    ).bind(.number(process.task)).map { row in
      PastDescription(
        description: RecordedDescription(
          comm: row.optionalText(3), uid: row.optionalInteger(4), parentPID: row.integer(5),
          cgroup: row.optionalText(6), provenance: row.optionalInteger(7),
          programRead: row.optionalSequence(8), row, joined: 9),
        last: row.sequence(1), next: row.sequence(0), isExact: row.integer(2) == 1)
    }
  }
}
