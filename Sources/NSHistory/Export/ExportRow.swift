package import NamespaceModel
internal import SQLite

/// Selects the part of a history to export.
package struct ExportFilter: Sendable {
  /// Exports only rows that overlap the time from here on.
  package var since: WallTime?
  /// Exports only rows that overlap the time up to here.
  package var until: WallTime?
  /// Exports only these PIDs, with their threads; all when empty.
  package var pids: Set<Int64>
  /// Exports only these processes and threads, by `ProcessRecord.id`, in addition to `pids`; nil for
  /// all.
  package var tasks: Set<Int64>?
  /// The names and containers that select processes, in addition to `pids` and `tasks`. Each process is
  /// exported for the time in which it had one of them.
  package var names: Set<ProcessSelector> = []
  /// Exports only processes of containers, by name or the beginning of an id; nil for all.
  package var container: String?
  /// Exports only these types.
  package var types: [NamespaceType]

  /// A filter with these values; by default, everything.
  package init(
    since: WallTime? = nil, until: WallTime? = nil, pids: Set<Int64> = [],
    container: String? = nil, types: [NamespaceType] = NamespaceType.allCases
  ) {
    self.since = since
    self.until = until
    self.pids = pids
    self.container = container
    self.types = types
  }
}

extension ExportFilter {
  /// Whether the filter selects no processes.
  var isOfAll: Bool { pids.isEmpty && tasks == nil && names.isEmpty && container == nil }

  /// Returns the filter limited to what a slice holds.
  func within(_ index: SampleIndex) -> ExportFilter {
    var filter = self
    let window = index.window(TimeWindow(since: since, until: until))
    (filter.since, filter.until) = (window.since, window.until)
    if let limits = index.slice?.limits, isOfAll {
      filter.pids = limits.pids
      filter.names = Set(limits.containers.map(ProcessSelector.container))
    }
    return filter
  }

  /// The processes and the time that the export covers. Without a selection of processes the scope is the recording
  /// itself, because the export then shows whatever the file holds; a slice does not refuse it.
  var scope: QuestionScope {
    let window = TimeWindow(since: since, until: until)
    let chosen =
      pids.map { ProcessSelector.pid($0) } + names + (container.map { [.container($0)] } ?? [])
    return chosen.isEmpty ? .recording(in: window) : .processes(chosen, in: window)
  }
}

/// One row of an export: a process, a type, and an interval without a gap in which every sample saw the
/// process in one namespace of the type.
package struct ExportRow: Sendable, Hashable {
  /// The boot's uuid.
  package var boot: String
  /// The inode number of the pid namespace to which the PID belongs; nil if it is not known.
  package var pidNamespaceInode: UInt64?
  /// The PID, as the recorder saw it.
  package var pid: Int64
  /// The TID of a thread whose namespaces differ from its process's; nil for a process.
  package var tid: Int64?
  /// When the process started; nil if unreadable.
  package var start: WallTime?
  /// Its name, escaped (`SystemText`); nil if unreadable.
  package var comm: String?
  /// The effective user id; nil if unreadable.
  package var uid: Int64?
  /// Whether the user id is inherited from the parent, because it was not read from the process itself.
  package var hasInheritedUID: Bool
  /// The type.
  package var type: NamespaceType
  /// The inode number; nil when the link could not be read.
  package var inode: UInt64?
  /// The kernel's id; nil where the kernel gave none.
  package var kernelID: UInt64?
  /// Whether the kernel made the namespace at boot; nil when that is not known.
  package var isInitial: Bool?
  /// Why the link could not be read; nil when it could.
  package var unread: UnreadReason?
  /// The beginning of the interval if an event reported it, or else the beginning of the first sample
  /// that saw the process in the namespace.
  package var from: WallTime
  /// The end of the interval if an event reported it, or else the beginning of the last sample in it.
  package var until: WallTime
  /// Whether it still held in the last sample, and the recorder is still running.
  package var isOpen: Bool
  /// Whether an event reported when it began.
  package var isExactFrom: Bool
  /// Whether an event reported when it ended.
  package var isExactUntil: Bool
  /// `/proc/PID/cgroup`, escaped; nil if unreadable.
  package var cgroup: String?
  /// The container that the process was in; nil if it was in none.
  package var container: ContainerRecord?
  /// The evidence for the container; nil if the process is known to have been in none.
  package var containerSource: ContainerSource?
  /// The program; nil if it is not known.
  package var program: ExportProgram?
  /// The login, the session and the terminal; nil if they are not known.
  package var login: ExportLogin?
}

// The parts of which the rows of an export are made. Consecutive rows repeat much. A writer of millions
// of rows caches the formatted parts by the row ids and versions in these types.

/// A process of an export.
package struct ExportProcess: Sendable {
  /// The row id of the process, the same in all its pieces; negative if no sample observed the process.
  package internal(set) var row: Int64 = 0
  /// Increments each time the values below change for one process, as when its name changed.
  package internal(set) var version = 0
  /// The row of the PID space (pid namespace and boot) to which the PID belongs; nil if it was not read.
  var space: Int64?
  /// The row of its boot.
  package internal(set) var bootRow: Int64 = 0
  /// The boot's uuid.
  package internal(set) var boot = ""
  /// The PID, as the recorder saw it.
  package internal(set) var pid: Int64 = 0
  /// The TID of a thread whose namespaces differ from its process's; nil for a process.
  package internal(set) var tid: Int64?
  /// When the process started; nil if unreadable.
  package internal(set) var start: WallTime?
  /// Whether its name could be read.
  package internal(set) var hasComm = false
  /// Its name, escaped (`SystemText`), in UTF-8; nothing if unreadable.
  package internal(set) var comm: [UInt8] = []
  /// The effective user id; nil if unreadable.
  package internal(set) var uid: Int64?
  /// Whether the user id is inherited from the parent, because it was not read from the process itself.
  package internal(set) var hasInheritedUID = false
  /// Whether the cgroup is inherited from the parent, because it was not read from the process itself.
  var hasInheritedCgroup = false
  /// Its cgroup, and the container; nil if the cgroup is unreadable.
  package internal(set) var cgroupMembership: ExportCgroupMembership?
  /// The program; nil if it is not known.
  package internal(set) var program: ExportProgram?
  /// The login, the session and the terminal; nil if they are not known.
  package internal(set) var login: ExportLogin?
  /// The same as `row`.
  var task: TaskID { TaskID(rawValue: row) }
  /// The evidence for the container; nil if the process is known to have been in none.
  package var containerSource: ContainerSource? {
    if cgroupMembership?.isByNamespaces == true { return .namespaces }
    if hasInheritedCgroup { return .inherited }
    return cgroupMembership?.hasContainer == true ? .cgroup : nil
  }
}

/// The program of a process, as in `RecordedProgram`.
package final class ExportProgram: Sendable, Hashable {
  /// The path of its executable, escaped; nil if it could not be read.
  package let executable: String?
  /// Its command line, escaped; nil if it could not be read, or was not to be recorded.
  package let commandLine: String?

  init(executable: String?, commandLine: String?) {
    self.executable = executable
    self.commandLine = commandLine
  }

  package static func == (one: ExportProgram, other: ExportProgram) -> Bool {
    one.executable == other.executable && one.commandLine == other.commandLine
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(executable)
    hasher.combine(commandLine)
  }
}

/// The login, the session and the terminal of a process, as in `RecordedLogin`.
package final class ExportLogin: Sendable, Hashable {
  /// The user id with which somebody logged in; -1 for no login, nil if it could not be read.
  package let uid: Int64?
  /// The session id; nil if it could not be read.
  package let session: Int64?
  /// The controlling terminal; empty for none, nil if it is not known.
  package let terminal: String?

  init(uid: Int64?, session: Int64?, terminal: String?) {
    self.uid = uid
    self.session = session
    self.terminal = terminal
  }

  package static func == (one: ExportLogin, other: ExportLogin) -> Bool {
    one.uid == other.uid && one.session == other.session && one.terminal == other.terminal
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(uid)
    hasher.combine(session)
    hasher.combine(terminal)
  }
}

/// A control group, and the container of the processes in it.
package final class ExportCgroupMembership: Sendable {
  /// The row id: two memberships with one row id are equal.
  package let row: Int64
  /// The text of `/proc/PID/cgroup`, escaped; nil if the history file does not have it.
  package let cgroup: String?
  /// The innermost container that the control group names, or the container of the namespaces; nil for
  /// none.
  package let container: ContainerRecord?
  /// Whether `container` is not nil. The writer checks this for every row, and a copy of the record
  /// would cost more than the row.
  let hasContainer: Bool
  /// Whether the container was found by the namespaces, not by the control group.
  let isByNamespaces: Bool

  init(row: Int64, cgroup: String?, container: ContainerRecord?, isByNamespaces: Bool = false) {
    self.row = row
    self.cgroup = cgroup
    self.container = container
    hasContainer = container != nil
    self.isByNamespaces = isByNamespaces
  }
}

/// An interval without a gap in which every sample saw a process in one namespace of a type: the part of
/// an `ExportRow` that is not about the process.
package struct ExportPiece: Sendable {
  /// The type.
  package let type: NamespaceType
  /// The namespace, or why the link could not be read.
  package let value: LinkValue
  /// The inode number of the pid namespace to which the PID belongs; nil if it is not known.
  package let pidNamespaceInode: UInt64?
  /// The beginning of the interval, as in `ExportRow`.
  package let from: WallTime
  /// The end of the interval, as in `ExportRow`.
  package let until: WallTime
  /// Whether it still held in the last sample, and the recorder is still running.
  package let isOpen: Bool
  /// Whether an event reported when it began.
  package let isExactFrom: Bool
  /// Whether an event reported when it ended.
  package let isExactUntil: Bool
}

extension ExportRow {
  /// The row for one piece of a process.
  init(_ process: ExportProcess, _ piece: ExportPiece) {
    boot = process.boot
    pidNamespaceInode = piece.pidNamespaceInode
    pid = process.pid
    tid = process.tid
    start = process.start
    comm = process.hasComm ? String(decoding: process.comm, as: UTF8.self) : nil
    uid = process.uid
    hasInheritedUID = process.hasInheritedUID
    type = piece.type
    let namespace = piece.value.namespace
    inode = namespace?.inode
    kernelID = namespace?.kernelID
    isInitial = namespace?.isInitial
    unread = if case .unread(let reason) = piece.value { reason } else { nil }
    from = piece.from
    until = piece.until
    isOpen = piece.isOpen
    isExactFrom = piece.isExactFrom
    isExactUntil = piece.isExactUntil
    cgroup = process.cgroupMembership?.cgroup
    container = process.cgroupMembership?.container
    containerSource = process.containerSource
    program = process.program
    login = process.login
  }
}
