/// Identifies one task while a source tracks it, even after the kernel reuses its PID or TID.
///
/// A task is a process, or a thread that is recorded by itself because its namespaces differ from those of its process.
/// A source is the reader of `/proc` that takes samples, or the part of a recorder that applies the kernel's events;
/// each numbers the tasks by itself.
public struct ProcessToken: Sendable, Hashable {
  /// The number of the task, counted up by the source, which never assigns a number twice.
  public let number: UInt64

  /// The token with this number.
  public init(number: UInt64) { self.number = number }
}

/// The properties of a process that never change.
package struct ProcessFacts: Sendable, Hashable {
  /// The PID in the pid namespace of the `/proc` that was read.
  package var pid: Int32
  /// The start time: field 22 of `stat`, in clock ticks of the boot clock. Nil if the reader may not
  /// even read `stat` (`hidepid=1`): then only the PID is known, which does not identify a process.
  package var startTicks: UInt64?
  /// The PID of the parent when the source first observed the process; 0 if the parent is in an outer
  /// pid namespace.
  package var parentPID: Int32
  /// Whether the process is a kernel thread.
  package var isKernelThread: Bool
  /// The PID of the process in each of its pid namespaces, from that of the `/proc` that was read
  /// inwards; the first is `pid`.
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

  /// The facts of a process about which the reader may read nothing: only its PID is known.
  package init(unreadable pid: Int32) {
    self.init(pid: pid, startTicks: nil, parentPID: 0, isKernelThread: false, nspid: [])
  }
}

/// The properties of a process that an `exec`, a `setuid`, a move between cgroups, a new session or a new parent can
/// change. Raw bytes: any may occur.
package struct ProcessDescription: Sendable, Hashable {
  /// The name of the process, at most 15 bytes (`proc_pid_comm(5)`); nil when it could not be read.
  package var comm: [UInt8]?
  /// The effective user id; nil when it could not be read.
  package var uid: UInt32?
  /// `/proc/PID/cgroup` without its last newline (`cgroups(7)`); nil when it could not be read.
  package var cgroup: [UInt8]?
  /// The PID of the parent; nil if it could not be read.
  package var parentPID: Int32?
  /// The program; nil if it was not read. `Program.unknown` if the process has executed one that could not be read.
  package var program: Program?
  /// The login, the session and the terminal; nil if they were not read.
  package var login: Login?
  /// The parts that have not been read since the process started or last executed a program. A new process has its
  /// parent's values, and usually has its own soon afterwards.
  package var inherited: InheritedParts
  /// Whether the process may have had this name for some time before the event that reports the description: it
  /// changed its name so often that the recorder omitted some of the names. Always false in a sample.
  package var mayBeOlder = false
  /// The time, on the boot clock, after which the user, the cgroup, the parent or the login changed to these values, if
  /// a sample read them before the event that reports the description, and could not report them. Nil if no sample had
  /// read them, and in a sample.
  package var changedSince: BootTime?
  /// Whether the name and the program of the process are unknown from the event that reports the description on,
  /// because the process changes its name too often to report each name. `comm` is nil then. Always false in a sample.
  package var hidesNames = false

  /// A description with these values.
  package init(
    comm: [UInt8]?, uid: UInt32?, cgroup: [UInt8]?, parentPID: Int32? = nil,
    program: Program? = nil, login: Login? = nil, inherited: InheritedParts = []
  ) {
    self.comm = comm
    self.uid = uid
    self.cgroup = cgroup
    self.parentPID = parentPID
    self.program = program
    self.login = login
    self.inherited = inherited
  }

  /// A number of successive samples that is enough for the source to read the description of every process at least
  /// once: on a machine with many processes, each sample reads only a part of the descriptions again.
  package static let samplesToReadAll = 8

  /// Adopts the parts that are known in `new`. The description of a process that is exiting has no readable part, and
  /// so changes nothing.
  package mutating func update(_ new: ProcessDescription) {
    comm = new.comm ?? comm
    if let new = new.uid { uid = new }
    if let new = new.cgroup { cgroup = new }
    if let new = new.parentPID { parentPID = new }
    if let new = new.program {
      program = new
      inherited.remove(.program)
    }
    if let new = new.login { login = new }
    inherited.formUnion(new.parts.intersection(new.inherited))
    inherited.subtract(new.parts.subtracting(new.inherited))
  }
}

extension ProcessDescription {
  /// The parts that are known, of those that a process can inherit.
  package var parts: InheritedParts {
    var parts: InheritedParts = []
    if uid != nil { parts.insert(.user) }
    if cgroup != nil { parts.insert(.cgroup) }
    if let program, program != .unknown { parts.insert(.program) }
    if login != nil { parts.insert(.login) }
    return parts
  }
}

/// The parts of a description that have not been read since the process started or last executed a program: their
/// values are those of the parent, or those from before that exec.
package struct InheritedParts: OptionSet, Sendable, Hashable {
  /// The bits, which are the same in a history file.
  package let rawValue: Int64

  /// The parts with these bits.
  package init(rawValue: Int64) { self.rawValue = rawValue }

  /// The user id.
  package static let user = InheritedParts(rawValue: 1)
  /// The control group.
  package static let cgroup = InheritedParts(rawValue: 2)
  /// The program. Set only if it is that of the parent when the process started.
  package static let program = InheritedParts(rawValue: 8)
  /// The login, the session and the terminal.
  package static let login = InheritedParts(rawValue: 16)
  /// All parts.
  package static let all: InheritedParts = [.user, .cgroup, .program, .login]
}

/// A namespace, with all that a source knows to distinguish it from every other namespace of the same
/// boot.
package struct ObservedNamespace: Sendable, Hashable {
  /// The type of the namespace.
  package var type: NamespaceType
  /// The inode number, which the kernel reuses after the namespace is gone.
  package var inode: UInt64
  /// The kernel's 64-bit id, which is never reused; nil if the kernel reports none.
  package var kernelID: UInt64?
  /// Distinguishes two namespaces that had the same inode number, on a kernel that reports no id. A source assigns a
  /// new value whenever it reads the inode number and nothing proves that it still denotes the namespace that it
  /// denoted before, as a process that stayed in the namespace does. 0 with a kernel id.
  package var inodeGeneration: UInt64
  /// Whether the kernel created the namespace at boot; nil if the source cannot determine it.
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

/// The result of reading one link.
package enum LinkState: Sendable, Hashable {
  /// The link points at this namespace.
  case namespace(ObservedNamespace)
  /// The process exists, but the link could not be read.
  case unread(UnreadReason)
}
