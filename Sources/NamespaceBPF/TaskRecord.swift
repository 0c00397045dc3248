/// One task as the task program saw it: a record of `Programs/Records.h`.
///
/// A task is a process, or a thread whose namespaces may differ from those of its process.
package struct TaskRecord: Sendable {
  /// The TID; for a process, its PID.
  package let tid: Int32
  /// The PID of the process that the task belongs to.
  package let pid: Int32
  /// The PID of the parent process; 0 if it has none.
  package let parent: Int32
  /// The start time in nanoseconds of the boot clock of the initial time namespace.
  package let start: UInt64
  /// The id of the cgroup in the unified hierarchy (`cgroups(7)`), which the kernel never assigns twice in one boot.
  package let cgroup: UInt64
  /// Equal for two tasks of one pass that are in the same cgroups of all hierarchies. A later pass may have the value
  /// for other cgroups.
  package let cgroupSet: UInt64
  /// The effective user id, as the initial user namespace shows it.
  package let uid: UInt32
  /// The depth of the task's pid namespace: 0 for the initial one.
  package let level: UInt32
  /// A count that grows with each program that the task executes, modulo 2^32.
  package let execs: UInt32
  /// The PIDs in the nested pid namespaces, from the outermost inwards; incomplete if `isDeep` is true.
  package let nested: [Int32]
  /// The 16 bytes of the name, in two words in the byte order of the machine: the name, then NULs.
  package let commWords: (first: UInt64, second: UInt64)
  /// The namespaces, in the order of `NamespaceLink`; nil if the task has those of kthreadd (PID 2), or is a thread in
  /// the namespaces of its process.
  package let namespaces: InlineArray<10, TaskNamespace>?
  /// Whether the task has exited, and has left all its namespaces but those of the types pid and user.
  package let hasExited: Bool
  /// Whether the task has begun to exit.
  package let isExiting: Bool
  /// Whether the task is a kernel thread.
  package let isKernelThread: Bool
  /// Whether the pid namespace for the children of the task has no process yet.
  package let childrenArePending: Bool
  /// Whether the pid namespace of the task and its PIDs in it have to be read elsewhere, since it lies too deep.
  package let isDeep: Bool

  /// The name: at most 15 bytes with any value but NUL.
  package var comm: [UInt8] {
    withUnsafeBytes(of: commWords) { Array($0.prefix { $0 != 0 }) }
  }

  /// Whether the task is a process, or the main thread of one.
  package var isProcess: Bool { tid == pid }
}

/// A namespace as the kernel identifies it.
package struct TaskNamespace: Sendable, Hashable {
  /// The inode number; 0 if the kernel has no namespaces of the type.
  package var inode: UInt32
  /// The kernel's id; 0 on a kernel that gives namespaces no ids (before Linux 6.18).
  package var id: UInt64

  /// A namespace with these values.
  package init(inode: UInt32, id: UInt64) {
    self.inode = inode
    self.id = id
  }
}

extension TaskRecord {
  /// The layout of `struct record_task` and its companions of `Programs/Records.h`: offsets and sizes in bytes.
  enum Layout {
    static let taskBytes = 80
    static let namespacesBytes = 10 * 8 + 10 * 4
    static let endBytes = 16
    static let kindTask: UInt8 = 1
    static let kindEnd: UInt8 = 2
    static let kindStart: UInt8 = 3
    static let kindExec: UInt8 = 4
    static let kindExit: UInt8 = 5
    static let kindMove: UInt8 = 6
    static let kindState: UInt8 = 7
    /// The bytes of `struct record_event` before the record of the task.
    static let eventBytes = 24
    static let namespaces = 80
    static let inodes = 80 + 10 * 8
    static let comm = 64
    static let nestedPIDs = 3

    static let host: UInt8 = 1
    static let exited: UInt8 = 2
    static let exiting: UInt8 = 4
    static let kernelThread: UInt8 = 8
    static let pendingChildren: UInt8 = 16
    static let deep: UInt8 = 32
    static let sharing: UInt8 = 64

    /// Whether the namespaces follow in a record with these flags.
    static func hasNamespaces(_ flags: UInt8) -> Bool { flags & (host | sharing) == 0 }
  }

  /// Decodes a record that `TaskPass` has validated.
  init(_ bytes: UnsafeRawBufferPointer) {
    func load<Number: FixedWidthInteger>(_ offset: Int, _: Number.Type) -> Number {
      bytes.loadUnaligned(fromByteOffset: offset, as: Number.self)
    }
    let flags = bytes[3]
    tid = load(4, Int32.self)
    pid = load(8, Int32.self)
    parent = load(12, Int32.self)
    start = load(16, UInt64.self)
    cgroup = load(24, UInt64.self)
    cgroupSet = load(32, UInt64.self)
    uid = load(40, UInt32.self)
    level = load(44, UInt32.self)
    execs = load(60, UInt32.self)
    isDeep = flags & Layout.deep != 0
    let levels = isDeep ? 0 : min(Int(level), Layout.nestedPIDs)
    nested = levels == 0 ? [] : (0..<levels).map { load(48 + 4 * $0, Int32.self) }
    commWords = (load(Layout.comm, UInt64.self), load(Layout.comm + 8, UInt64.self))
    hasExited = flags & Layout.exited != 0
    isExiting = flags & Layout.exiting != 0
    isKernelThread = flags & Layout.kernelThread != 0
    childrenArePending = flags & Layout.pendingChildren != 0
    guard Layout.hasNamespaces(flags) else {
      namespaces = nil
      return
    }
    var all = InlineArray<10, TaskNamespace>(repeating: TaskNamespace(inode: 0, id: 0))
    for index in all.indices {
      all[index] = TaskNamespace(
        inode: load(Layout.inodes + 4 * index, UInt32.self),
        id: load(Layout.namespaces + 8 * index, UInt64.self))
    }
    namespaces = all
  }
}
