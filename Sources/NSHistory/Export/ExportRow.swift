package import NamespaceModel
internal import SQLite

/// What of a history is exported.
package struct ExportFilter: Sendable {
  /// Only what overlaps the time from here on, in nanoseconds since the epoch.
  package var since: Int64?
  /// Only what overlaps the time up to here, in nanoseconds since the epoch.
  package var until: Int64?
  /// Only these PIDs, with their threads; all when empty.
  package var pids: Set<Int64>
  /// Only these processes and threads, by `ProcessRecord.id`, and those of `pids`; nil for all.
  package var tasks: Set<Int64>?
  /// The names and containers that processes are selected by, each for the time in which it had one of them,
  /// beside those of `pids` and `tasks`.
  package var names: Set<ProcessSelector> = []
  /// Only processes of containers, by name or the beginning of an id; nil for all.
  package var container: String?
  /// Only these types.
  package var types: [NamespaceType]

  /// A filter with these values; by default, everything.
  package init(
    since: Int64? = nil, until: Int64? = nil, pids: Set<Int64> = [],
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
  /// The processes and the time that are exported. Without a choice of processes that is what the file holds, and no
  /// more is claimed of it.
  var scope: QuestionScope {
    let window = TimeWindow(since: since, until: until)
    let chosen =
      pids.map { ProcessSelector.pid($0) } + names + (container.map { [.container($0)] } ?? [])
    return chosen.isEmpty ? .recording(in: window) : .processes(chosen, in: window)
  }
}

/// One row of an export: a process, a type, and a time without a gap in which the process was in
/// one namespace of the type, in every sample.
package struct ExportRow: Sendable, Hashable {
  /// The boot's uuid.
  package var boot: String
  /// The inode number of the pid namespace that the PID is of; nil if that is not known.
  package var pidNamespaceInode: UInt64?
  /// The PID, as the recorder saw it.
  package var pid: Int64
  /// Of a thread whose namespaces differ from its process's, its number; nil for a process.
  package var tid: Int64?
  /// When the process started, in nanoseconds since the epoch; nil if unreadable.
  package var start: Int64?
  /// Its name, escaped (`SystemText`); nil if unreadable.
  package var comm: String?
  /// The effective user id; nil if unreadable.
  package var uid: Int64?
  /// Whether the user id is its parent's, because nobody read its own.
  package var hasInheritedUID: Bool
  /// The type.
  package var type: NamespaceType
  /// The inode number; nil when the link could not be read.
  package var inode: UInt64?
  /// The kernel's id; nil where the kernel gave none.
  package var kernelID: UInt64?
  /// Whether the kernel made the namespace at boot; nil when that could not be reported.
  package var isInitial: Bool?
  /// Why the link could not be read; nil when it could.
  package var unread: UnreadReason?
  /// When it began, if that is exact, or else when the first sample that saw it did; in nanoseconds
  /// since the epoch.
  package var from: Int64
  /// When it ended, if that is exact, or else when the last sample that saw it began.
  package var until: Int64
  /// Whether it still held in the last sample, and the recorder is still running.
  package var isOpen: Bool
  /// Whether an event reported when it began.
  package var isExactFrom: Bool
  /// Whether an event reported when it ended.
  package var isExactUntil: Bool
  /// `/proc/PID/cgroup`, escaped; nil if unreadable.
  package var cgroup: String?
  /// The container that it was in; nil for a process that was in none.
  package var container: ContainerRecord?
  /// What tells that; nil where it was read to be in none.
  package var containerSource: ContainerSource?
}

// What rows of an export are made of. A row says much again that the one before said; who writes
// millions keeps what was made of that, by the numbers that are given here.

/// A process of an export.
package struct ExportProcess: Sendable {
  /// Its row; negative where no sample observed it. The same in all pieces of one process.
  package internal(set) var row: Int64 = 0
  /// Counts up where what follows of one process is said anew, as its name changed.
  package internal(set) var version = 0
  /// The row that says whose PIDs these are, and of which boot; nil where that is not read.
  var space: Int64?
  /// The row of its boot.
  package internal(set) var bootRow: Int64 = 0
  /// The boot's uuid.
  package internal(set) var boot = ""
  /// The PID, as the recorder saw it.
  package internal(set) var pid: Int64 = 0
  /// Of a thread whose namespaces differ from its process's, its number; nil for a process.
  package internal(set) var tid: Int64?
  /// When the process started, in nanoseconds since the epoch; nil if unreadable.
  package internal(set) var start: Int64?
  /// Whether its name could be read.
  package internal(set) var hasComm = false
  /// Its name, escaped (`SystemText`), in UTF-8; nothing if unreadable.
  package internal(set) var comm: [UInt8] = []
  /// The effective user id; nil if unreadable.
  package internal(set) var uid: Int64?
  /// Whether the user id is its parent's, because nobody read its own.
  package internal(set) var hasInheritedUID = false
  /// Whether its cgroup is its parent's, because nobody read its own.
  var hasInheritedCgroup = false
  /// Its cgroup, and the container; nil if the cgroup is unreadable.
  package internal(set) var place: ExportPlace?
  /// The same as `row`.
  var task: TaskID { TaskID(rawValue: row) }
  /// What tells the container; nil where it was read to be in none.
  package var containerSource: ContainerSource? {
    if place?.isByNamespaces == true { return .namespaces }
    if hasInheritedCgroup { return .inherited }
    return place?.hasContainer == true ? .cgroup : nil
  }
}

/// A control group, and the container of who is in it.
package final class ExportPlace: Sendable {
  /// Of two places with one row both are the same.
  package let row: Int64
  /// `/proc/PID/cgroup`, escaped; nil if the file does not have it.
  package let cgroup: String?
  /// The container: the innermost one that the control group names, or that of the namespaces. Nil for none.
  package let container: ContainerRecord?
  /// Whether there is one: asked for every row, where to copy the record would cost more than the row.
  let hasContainer: Bool
  /// Whether the namespaces tell the container.
  let isByNamespaces: Bool

  init(row: Int64, cgroup: String?, container: ContainerRecord?, isByNamespaces: Bool = false) {
    self.row = row
    self.cgroup = cgroup
    self.container = container
    hasContainer = container != nil
    self.isByNamespaces = isByNamespaces
  }
}

/// A time without a gap in which a process was in one namespace of a type, in every sample: what
/// `ExportRow` says beside what it says of the process.
package struct ExportPiece: Sendable {
  /// The type.
  package let type: NamespaceType
  /// The namespace, or why the link could not be read.
  package let value: LinkValue
  /// The inode number of the pid namespace that the PID is of; nil if that is not known.
  package let pidNamespaceInode: UInt64?
  /// When it began, as in `ExportRow`.
  package let from: Int64
  /// When it ended, as in `ExportRow`.
  package let until: Int64
  /// Whether it still held in the last sample, and the recorder is still running.
  package let isOpen: Bool
  /// Whether an event reported when it began.
  package let isExactFrom: Bool
  /// Whether an event reported when it ended.
  package let isExactUntil: Bool
}

extension ExportRow {
  /// A piece of the time of a process.
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
    cgroup = process.place?.cgroup
    container = process.place?.container
    containerSource = process.containerSource
  }
}
