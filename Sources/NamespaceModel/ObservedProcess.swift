/// Names one process for as long as a source follows it, also when its PID is used again.
public struct ProcessToken: Sendable, Hashable {
  /// Counts up; never given twice by one source.
  public let number: UInt64

  /// The token with this number.
  public init(number: UInt64) { self.number = number }
}

/// What never changes in the life of a process.
package struct ProcessFacts: Sendable, Hashable {
  /// The PID in the pid namespace of the `/proc` that was read.
  package var pid: Int32
  /// Field 22 of `stat`, in clock ticks of the boot clock. Nil when even `stat` may not be read
  /// (`hidepid=1`): then only the PID is known, and that is no identity.
  package var startTicks: UInt64?
  /// The parent when the process was first met; 0 when it is in an outer pid namespace.
  package var parentPID: Int32
  /// Whether the process is a thread of the kernel's own.
  package var isKernelThread: Bool
  /// The PIDs in the inner pid namespaces, outermost first; the first is `pid`.
  package var nspid: [Int32]

  /// Facts with these values.
  package init(
    pid: Int32, startTicks: UInt64?, parentPID: Int32, isKernelThread: Bool, nspid: [Int32]
  ) {
    self.pid = pid
    self.startTicks = startTicks
    self.parentPID = parentPID
    self.isKernelThread = isKernelThread
    self.nspid = nspid
  }

  /// What is known of a process of which nothing may be read: its PID.
  package init(unreadable pid: Int32) {
    self.init(pid: pid, startTicks: nil, parentPID: 0, isKernelThread: false, nspid: [])
  }
}

/// What an `exec`, a `setuid` or a move between cgroups can change. Raw bytes: any may occur.
package struct ProcessDescription: Sendable, Hashable {
  /// The name of the process, at most 15 bytes (`proc_pid_comm(5)`); nil when it could not be read.
  package var comm: [UInt8]?
  /// The effective user id; nil when it could not be read.
  package var uid: UInt32?
  /// `/proc/PID/cgroup` without its last newline (`cgroups(7)`); nil when it could not be read.
  package var cgroup: [UInt8]?
  /// The PID of its parent; nil when it could not be read.
  package var parentPID: Int32?
  /// The parts that nobody has read yet: a new process has its parent's, and a program that is executed
  /// those of the one before.
  package var inherited: InheritedParts
  /// Of one that an event reports, whether it may have been so for some time before: names in between were
  /// not reported.
  package var mayBeOlder = false
  /// Of one that an event reports, from when on the user and the cgroup may have been so, on the boot clock, where that
  /// is longer than since the last sample: it found them changed already. Nil where it did not.
  package var changedSince: Int64?
  /// Of one that an event reports, whether the names from here on are not reported: `comm` is nil then.
  package var hidesNames = false

  /// A description with these values.
  package init(
    comm: [UInt8]?, uid: UInt32?, cgroup: [UInt8]?, parentPID: Int32? = nil,
    inherited: InheritedParts = []
  ) {
    self.comm = comm
    self.uid = uid
    self.cgroup = cgroup
    self.parentPID = parentPID
    self.inherited = inherited
  }

  /// In so many samples the description of every process is read at least once, and what changed is reported.
  package static let samplesToReadAll = 8

  /// Takes over the parts that could be read: a process on its way out has none of them.
  package mutating func update(_ new: ProcessDescription) {
    comm = new.comm ?? comm
    if let new = new.uid { uid = new }
    if let new = new.cgroup { cgroup = new }
    if let new = new.parentPID { parentPID = new }
    if new.uid != nil { inherited.setUser(new.inherited) }
    if new.cgroup != nil { inherited.setCgroup(new.inherited) }
  }
}

/// The parts of a description that a process has from its parent, or from before the program that it
/// runs, and that nobody has read.
package struct InheritedParts: OptionSet, Sendable, Hashable {
  /// The bits; the same in a history file.
  package let rawValue: Int64

  /// The parts with these bits.
  package init(rawValue: Int64) { self.rawValue = rawValue }

  /// The user id.
  package static let user = InheritedParts(rawValue: 1)
  /// The control group.
  package static let cgroup = InheritedParts(rawValue: 2)

  fileprivate mutating func setUser(_ other: InheritedParts) {
    self = subtracting(.user).union(other.intersection(.user))
  }

  fileprivate mutating func setCgroup(_ other: InheritedParts) {
    self = subtracting(.cgroup).union(other.intersection(.cgroup))
  }
}

/// A namespace as far as a source can tell it from every other of the same boot.
package struct ObservedNamespace: Sendable, Hashable {
  /// Its type.
  package var type: NamespaceType
  /// Its inode number, used again once it is gone.
  package var inode: UInt64
  /// The kernel's 64-bit id, never used again; nil where the kernel gives none.
  package var kernelID: UInt64?
  /// Tells two namespaces of one inode number apart where there is no kernel id: counts the
  /// times the number appeared with no process that had held it before. 0 with a kernel id.
  package var inodeGeneration: UInt64
  /// Whether the kernel made it at boot; nil when that cannot be told from here.
  package var isInitial: Bool?

  /// A namespace with these values.
  package init(
    type: NamespaceType, inode: UInt64, kernelID: UInt64?, inodeGeneration: UInt64, isInitial: Bool?
  ) {
    self.type = type
    self.inode = inode
    self.kernelID = kernelID
    self.inodeGeneration = inodeGeneration
    self.isInitial = isInitial
  }
}

/// What reading one link gave.
package enum LinkState: Sendable, Hashable {
  /// The link points at this namespace.
  case namespace(ObservedNamespace)
  /// The process was there, and the link could not be read.
  case unread(UnreadReason)
}
