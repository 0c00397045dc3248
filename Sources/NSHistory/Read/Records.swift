public import NamespaceModel
internal import SQLite

/// A process or thread as the history records it.
public struct ProcessRecord: Sendable, Hashable {
  let task: TaskID
  /// The row of its boot.
  package let boot: Int64
  /// The row id of its PID space, which says to which PID namespace its PID belongs.
  let space: Int64
  /// The PID, as the recorder saw it.
  public let pid: Int64
  /// The TID of a thread whose namespaces differ from its process's; nil for a process.
  public let tid: Int64?
  /// When the process started, exact to one clock tick; nil if unreadable.
  public let start: WallTime?
  /// The start time on the boot clock; nil if unreadable.
  let startBoot: BootTime?
  /// The description at the time that an answer is about, or else the one that was read last.
  package internal(set) var description: RecordedDescription
  /// Other descriptions that the process may have had at the time that an answer is about: the reads before and
  /// after that time differ, and nothing shows when the description changed in between. Empty if the
  /// description is known.
  package internal(set) var alternatives: [RecordedDescription] = []
  /// The containers that the process entered from outside: it was in their namespaces, but its own cgroup,
  /// which was read, is not theirs. Empty for none, and in answers that do not determine them.
  package internal(set) var outsideOf: [ContainerRecord] = []
  /// In an answer about a moment, the PIDs of its possible parents that were running then: a process that has
  /// exited is no longer a parent. Nil in other answers.
  var parentsThere: [Int64]?
  /// The descriptions before the one that was read last, in time order.
  var past: [PastDescription] = []
  /// The description that was read last, if `description` is another one.
  var latest: RecordedDescription?
  /// Whether the file has past descriptions of the process.
  let hasPast: Bool
  /// The PID of the process that created this one; nil if no event reported it.
  package let makerPID: Int64?
  /// Whether the process is a kernel thread.
  package let isKernelThread: Bool
  /// Its PIDs in nested PID namespaces, from the recorder's PID namespace inwards; empty if not known.
  let nspid: [Int64]
  /// When the first sample that saw the process began; 0 in an answer about a moment, which does not determine
  /// it.
  public internal(set) var firstSeen: WallTime
  /// When the last sample that saw the process began; 0 in an answer about a moment.
  public internal(set) var lastSeen: WallTime
  /// Whether the process was still there in the last sample, and the recorder is still running.
  public internal(set) var isOpen: Bool
}

extension ProcessRecord {
  /// Its row id.
  package var id: Int64 { task.rawValue }
  /// Its name, escaped (`SystemText`); nil if unreadable.
  public var comm: String? { description.comm }
  /// The effective user id; nil if unreadable.
  public var uid: Int64? { description.uid }
  /// The PID of its parent; 0 for no parent, or for one in an outer PID namespace.
  package var parentPID: Int64 { description.parentPID }
  /// The content of its `/proc/PID/cgroup`, escaped; nil if unreadable.
  package var cgroup: String? { description.cgroup }
  /// The innermost systemd unit that its cgroup names, such as `nginx.service`; nil if the cgroup names none.
  package var unit: String? { description.unit }
  /// The program; nil if it is not known, and for a kernel thread.
  package var program: RecordedProgram? { description.program }
  /// The login, the session and the terminal; nil if they are not known.
  package var login: RecordedLogin? { description.login }
  /// Its command line, escaped (`SystemText`), with a blank between two arguments; nil if it is not known. A process
  /// can rewrite it: it is the one that was read after the last exec, or by a sample.
  package var commandLine: String? { description.program?.commandLine }
  /// The container of the process, as `ContainerRule` determines it; nil for a process that is in none.
  package var container: ContainerRecord? { description.container }
  /// The evidence for the container; nil if the process's own cgroup was read and names no container.
  package var containerSource: ContainerSource? { description.containerSource }
  /// Whether its own cgroup was read, so that a process without a container was in none.
  package var isCgroupRead: Bool { description.isCgroupRead }
}

extension ProcessRecord {
  /// The PIDs that its parent may have had at the time that an answer is about; one PID if the parent is known.
  package var parentPIDs: [Int64] {
    parentsThere ?? Self.apart(possibleDescriptions.map(\.parentPID))
  }

  /// The parts of the description that are not known, because the samples around a time disagree on them.
  package var disputed: [DescriptionPart] {
    DescriptionPart.allCases.filter { part in
      switch part {
      case .comm: Self.apart(possibleDescriptions.map(\.comm)).count > 1
      case .uid: Self.apart(possibleDescriptions.map(\.uid)).count > 1
      case .container:
        Self.apart(possibleDescriptions.map(\.cgroup)).count > 1
          || Self.apart(possibleDescriptions.map(\.container?.id)).count > 1
      case .ppid: parentPIDs.count != 1
      case .commandLine: Self.apart(possibleDescriptions.map(\.program?.commandLine)).count > 1
      case .executable: Self.apart(possibleDescriptions.map(\.program?.executable)).count > 1
      case .loginUID: Self.apart(possibleDescriptions.map(\.login?.uid)).count > 1
      case .session: Self.apart(possibleDescriptions.map(\.login?.session)).count > 1
      case .terminal: Self.apart(possibleDescriptions.map(\.login?.terminal)).count > 1
      }
    }
  }

  /// Returns the distinct values of several, in their order.
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
  /// The command line.
  case commandLine = "command_line"
  /// The path of the executable.
  case executable
  /// The user who logged in.
  case loginUID = "login_uid"
  /// The session.
  case session = "sid"
  /// The terminal.
  case terminal = "tty"
}

extension ProcessRecord {
  /// The ids of its container and of the containers around that, the outermost first.
  package var containers: [String] { description.containers }
}

/// A namespace as the history records it.
public struct NamespaceRecord: Sendable, Hashable {
  /// Its row id.
  package let id: Int64
  /// The row of its boot.
  package let boot: Int64
  /// Its type.
  public let type: NamespaceType
  /// Its inode number.
  public let inode: UInt64
  /// The kernel's id; nil where the kernel gave none.
  public let kernelID: UInt64?
  /// Whether the kernel created the namespace at boot; nil if that is not known.
  public let isInitial: Bool?

  /// Whether this is certainly not the namespace `other`. Two rows are two namespaces, unless they share a
  /// boot, a type and an inode number, and the kernel's id of one of them is not known.
  package func differs(from other: NamespaceRecord) -> Bool {
    guard id != other.id else { return false }
    return boot != other.boot || type != other.type || inode != other.inode
      || (kernelID != nil && other.kernelID != nil)
  }
}

/// The recorded value of one link.
package enum LinkValue: Sendable, Hashable {
  /// The link led to this namespace.
  case namespace(NamespaceRecord)
  /// The link could not be read, for this reason.
  case unread(UnreadReason)

  /// Whether the link certainly leads to another namespace than it did with `other`. Two rows with one inode
  /// number may be one namespace if the kernel's id of one of them is not known.
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
  /// Creates a namespace from its columns; nil if its type is unknown.
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
  /// The columns of a process, for a query of the table `task` with `joins`.
  static let columns = """
    task_id, boot_id, start_wall_ns, comm, uid, parent_pid, kernel_thread, path, space_id,
    start_ticks, ticks_per_second, pid, tid, nspid, has_past, last_parent_pid, provenance,
    program_seq, \(RecordedDescription.columns)
    """
  static let joins = """
    JOIN pid_space USING (space_id) JOIN boot USING (boot_id) LEFT JOIN cgroup USING (cgroup_id)
    \(RecordedDescription.joins("task"))
    """
  /// The joins for a query in which a row of `task` may be missing.
  static let leftJoins = """
    LEFT JOIN pid_space USING (space_id) LEFT JOIN boot USING (boot_id)
    LEFT JOIN cgroup USING (cgroup_id) \(RecordedDescription.joins("task"))
    """

  /// Creates a process from a row whose `columns` begin at `first`. The row does not hold when samples saw the
  /// process.
  init(_ row: Statement, from first: Int32) {
    self.init(
      task: row.task(first), boot: row.integer(first + 1), space: row.integer(first + 8),
      pid: row.integer(first + 11), tid: row.optionalInteger(first + 12),
      start: row.optionalWallTime(first + 2),
      startBoot: row.optionalInteger(first + 9).flatMap {
        ClockTicks.boot(UInt64(bitPattern: $0), perSecond: row.integer(first + 10))
      },
      description: RecordedDescription(
        comm: row.optionalText(first + 3), uid: row.optionalInteger(first + 4),
        parentPID: row.optionalInteger(first + 15) ?? row.integer(first + 5),
        cgroup: row.optionalText(first + 7), provenance: row.optionalInteger(first + 16),
        programRead: row.optionalSequence(first + 17), row, joined: first + 18),
      hasPast: row.optionalInteger(first + 14) != nil,
      makerPID: Provenance(row.optionalInteger(first + 16)).hasMaker
        ? row.integer(first + 5) : nil,
      isKernelThread: row.integer(first + 6) != 0,
      nspid: Self.nspid(row.optionalText(first + 13), pid: row.integer(first + 11)),
      firstSeen: .zero,
      lastSeen: .zero,
      isOpen: false)
  }

  /// Returns the PIDs in nested PID namespaces, from the text of `task.nspid`.
  private static func nspid(_ text: String?, pid: Int64) -> [Int64] {
    text.map { $0.split(separator: " ").compactMap { Int64($0) } } ?? [pid]
  }
}
