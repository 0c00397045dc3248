package import NamespaceModel

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
