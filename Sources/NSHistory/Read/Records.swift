public import NamespaceModel
internal import SQLite

/// A process as the history knows it.
public struct ProcessRecord: Sendable, Hashable {
  let task: TaskID
  /// The row of its boot.
  package let boot: Int64
  /// The row that says whose PIDs these are.
  let space: Int64
  /// Its PID, as the recorder saw it.
  public let pid: Int64
  /// Of a thread whose namespaces differ from its process's, its number; nil for a process.
  public let tid: Int64?
  /// When it started, in nanoseconds since the epoch, exact to one clock tick; nil if unreadable.
  public let start: Int64?
  /// The same on the boot clock.
  let startBoot: Int64?
  /// What it is besides its namespaces: at the time that an answer is about, or as it was read last.
  package internal(set) var description: RecordedDescription
  /// What it may have been instead at the time that an answer is about: the reads on the two sides of
  /// that differ, and nothing tells when it changed in between. Empty where that is known.
  package internal(set) var alternatives: [RecordedDescription] = []
  /// The containers in whose namespaces it was from outside: its own cgroup, which was read, is not theirs. Empty
  /// for none, and where an answer does not look for that.
  package internal(set) var outsideOf: [ContainerRecord] = []
  /// In an answer about a moment, the PIDs of its parent as far as such a process was there: one that has
  /// exited is none any more.
  var parentsThere: [Int64]?
  /// The descriptions that it had before the one that was read last, in the order of time.
  var past: [PastDescription] = []
  /// The one that was read last, where `description` is another.
  var latest: RecordedDescription?
  /// Whether the file has such.
  let hasPast: Bool
  /// The PID of the process that made it; nil where no event reported that.
  package let makerPID: Int64?
  /// Whether it is a thread of the kernel's own.
  package let isKernelThread: Bool
  /// Its PIDs in inner pid namespaces, from that of the recorder inwards; empty where not known.
  let nspid: [Int64]
  /// When the first sample that saw it began; 0 in an answer about a moment, which does not look.
  public internal(set) var firstSeen: Int64
  /// When the last sample that saw it began; 0 in an answer about a moment.
  public internal(set) var lastSeen: Int64
  /// Whether it was still there in the last sample, and the recorder is still running.
  public internal(set) var isOpen: Bool
}

extension ProcessRecord {
  /// Its row.
  package var id: Int64 { task.rawValue }
  /// Its name, escaped (`SystemText`); nil if unreadable.
  public var comm: String? { description.comm }
  /// The effective user id; nil if unreadable.
  public var uid: Int64? { description.uid }
  /// The PID of its parent; 0 for none, or one in an outer pid namespace.
  package var parentPID: Int64 { description.parentPID }
  /// Its `/proc/PID/cgroup`, escaped; nil if unreadable.
  package var cgroup: String? { description.cgroup }
  /// The innermost unit of systemd that its cgroup names, such as `nginx.service`; nil where it names
  /// none.
  package var unit: String? { description.unit }
  /// The container that it is in, by the rule of every question; nil for a process that is in none.
  package var container: ContainerRecord? { description.container }
  /// What tells that; nil where it was read to be in none.
  package var containerSource: ContainerSource? { description.containerSource }
}

extension ProcessRecord {
  /// What its parent may have been at the time that an answer is about: one PID where that is known.
  package var parentPIDs: [Int64] {
    parentsThere ?? Self.apart(possibleDescriptions.map(\.parentPID))
  }

  /// The parts of a description that are not known, of those that the samples around a time disagree on.
  package var disputed: [DescriptionPart] {
    DescriptionPart.allCases.filter { part in
      switch part {
      case .comm: Self.apart(possibleDescriptions.map(\.comm)).count > 1
      case .uid: Self.apart(possibleDescriptions.map(\.uid)).count > 1
      case .container:
        Self.apart(possibleDescriptions.map(\.cgroup)).count > 1
          || Self.apart(possibleDescriptions.map(\.container?.id)).count > 1
      case .ppid: parentPIDs.count != 1
      }
    }
  }

  /// The different ones of several values, in their order.
  private static func apart<T: Hashable>(_ values: [T]) -> [T] {
    values.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
}

/// A part of a description. The raw value is the word in every output.
package enum DescriptionPart: String, Sendable, Hashable, CaseIterable {
  /// The name.
  case comm
  /// The user.
  case uid
  /// The cgroup, and with it the container.
  case container
  /// The parent.
  case ppid
}

extension ProcessRecord {
  /// The ids of its container and of those that it is inside of, the outermost first.
  package var containers: [String] { description.containers }
}

/// A namespace as the history knows it.
public struct NamespaceRecord: Sendable, Hashable {
  /// Its row.
  package let id: Int64
  /// The row of its boot.
  package let boot: Int64
  /// Its type.
  public let type: NamespaceType
  /// Its inode number.
  public let inode: UInt64
  /// The kernel's id; nil where the kernel gave none.
  public let kernelID: UInt64?
  /// Whether the kernel made it at boot; nil when that could not be reported.
  public let isInitial: Bool?

  /// Whether this is certainly not `other`. Two rows are two namespaces, unless they share a boot
  /// and an inode number and the kernel gave no id to tell them apart.
  package func differs(from other: NamespaceRecord) -> Bool {
    guard id != other.id else { return false }
    return boot != other.boot || type != other.type || inode != other.inode
      || (kernelID != nil && other.kernelID != nil)
  }
}

/// What the history holds of one link.
package enum LinkValue: Sendable, Hashable {
  /// It led to this namespace.
  case namespace(NamespaceRecord)
  /// It could not be read.
  case unread(UnreadReason)

  /// Whether the link certainly leads elsewhere than it did with `other`. Two rows of one inode number
  /// may be one namespace where the kernel's id of one of them is not known.
  func differs(from other: LinkValue?) -> Bool {
    guard let namespace, let second = other?.namespace else { return self != other }
    return namespace.differs(from: second)
  }

  /// The namespace, if it could be read.
  package var namespace: NamespaceRecord? {
    if case .namespace(let namespace) = self { namespace } else { nil }
  }
}

extension NamespaceRecord {
  /// A namespace from its columns; nil when its type is none.
  init?(id: Int64, boot: Int64, type: Int64, inode: Int64, kernelID: Int64?, initial: Int64?) {
    guard let type = UInt8(exactly: type).flatMap(NamespaceType.init(rawValue:)) else {
      return nil
    }
    self.init(
      id: id, boot: boot, type: type, inode: UInt64(bitPattern: inode),
      kernelID: kernelID.map(UInt64.init(bitPattern:)), isInitial: initial.map { $0 != 0 })
  }
}

extension ProcessRecord {
  /// The columns that it is read from, with `joins` behind the table `task`.
  static let columns = """
    task_id, boot_id, start_wall_ns, comm, uid, parent_pid, kernel_thread, path, space_id,
    start_ticks, ticks_per_second, pid, tid, nspid, has_past, last_parent_pid, provenance,
    \(ContainerRecord.columns)
    """
  static let joins = """
    JOIN pid_space USING (space_id) JOIN boot USING (boot_id) LEFT JOIN cgroup USING (cgroup_id)
    \(ContainerRecord.joins)
    """
  /// The same where there may be no row of `task`.
  static let leftJoins = """
    LEFT JOIN pid_space USING (space_id) LEFT JOIN boot USING (boot_id)
    LEFT JOIN cgroup USING (cgroup_id) \(ContainerRecord.joins)
    """

  /// From a row, whose `columns` begin at one. When it was seen is not known from that.
  init(_ row: Statement, from first: Int32) {
    self.init(
      task: row.task(first), boot: row.integer(first + 1), space: row.integer(first + 8),
      pid: row.integer(first + 11), tid: row.optionalInteger(first + 12),
      start: row.optionalInteger(first + 2),
      startBoot: row.optionalInteger(first + 9).flatMap {
        ClockTicks.nanoseconds(UInt64(bitPattern: $0), perSecond: row.integer(first + 10))
      },
      description: RecordedDescription(
        comm: row.optionalText(first + 3), uid: row.optionalInteger(first + 4),
        parentPID: row.optionalInteger(first + 15) ?? row.integer(first + 5),
        cgroup: row.optionalText(first + 7), provenance: row.optionalInteger(first + 16),
        row, container: first + 17),
      hasPast: row.optionalInteger(first + 14) != nil,
      makerPID: Provenance(row.optionalInteger(first + 16)).hasMaker
        ? row.integer(first + 5) : nil,
      isKernelThread: row.integer(first + 6) != 0,
      nspid: Self.nspid(row.optionalText(first + 13), pid: row.integer(first + 11)), firstSeen: 0,
      lastSeen: 0,
      isOpen: false)
  }

  /// The PIDs in inner pid namespaces, from the text of `task.nspid`.
  private static func nspid(_ text: String?, pid: Int64) -> [Int64] {
    text.map { $0.split(separator: " ").compactMap { Int64($0) } } ?? [pid]
  }
}
