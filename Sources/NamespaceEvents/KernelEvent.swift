package import NamespaceModel

/// An event: one record of the kernel, which reports that a task was created, got a new name, is in certain namespaces,
/// or exited. A task is a process or a thread, as in the kernel.
///
/// A kernel event comes from a perf record, or from a record of a BPF program, which also has the state of the task
/// (`TaskState`).
///
/// See `perf_event_open(2)`: PERF_RECORD_FORK, PERF_RECORD_COMM, PERF_RECORD_NAMESPACES and PERF_RECORD_EXIT.
package struct KernelEvent: Sendable, Hashable {
  /// The time at which the kernel wrote the record, in nanoseconds of `CLOCK_BOOTTIME`.
  package var time: BootTime
  /// The PID of the process (the thread group), in the pid namespace of the listener.
  ///
  /// 0 if the process has no PID in that namespace; -1 if the kernel has released its PID already.
  package var pid: Int32
  /// The TID of the thread, in the same pid namespace; equal to `pid` for the main thread of a process.
  package var tid: Int32
  /// The change that the record reports.
  package var kind: Kind
  /// The state of the task right after the change; before it, of an exit. Nil if the record does not have it.
  package var state: TaskState?

  /// The kinds of change of a thread.
  package enum Kind: Sendable, Hashable {
    /// The thread `parentTID` created the task: as a thread of its own process if `parentPID` equals `pid`,
    /// otherwise as a new process. Without a `state`, the next record of the task reports its namespaces.
    case fork(parentPID: Int32, parentTID: Int32)
    /// The thread exited; its parent may not have reaped it yet. A process has exited when the last of its
    /// threads has; the main thread need not be the last.
    ///
    /// When a thread other than the main one executes a program, the kernel reports the exit of all
    /// other threads, including the main one. The thread then takes over the TID of the main thread,
    /// and the kernel reports the exec under this TID. The kernel does not report an exit for the
    /// former TID of the thread.
    case exit
    /// The thread got a new name: by executing a program, or by its own request (`prctl(2)`,
    /// `PR_SET_NAME`).
    case comm(CommName, isExec: Bool)
    /// The thread is in these namespaces. The kernel reports this once when the thread is created, and after
    /// each `unshare(2)` and `setns(2)`.
    case namespaces(NamespaceInodes)
    /// The thread is in its `state`, which no other record reports: it is about to execute a program, by which it
    /// enters another time namespace.
    case state
  }

  /// A record with these values.
  package init(time: BootTime, pid: Int32, tid: Int32, kind: Kind, state: TaskState? = nil) {
    self.time = time
    self.pid = pid
    self.tid = tid
    self.kind = kind
    self.state = state
  }
}

/// The state of a task at the time of an event, as the kernel had it.
package final class TaskState: Sendable {
  /// The namespaces. The link `pid` is unread if the pid namespace lies too deep for the program that read it.
  package let set: ObservedSet
  /// The start time on the boot clock.
  package let startTime: BootTime
  /// The effective user id.
  package let uid: UInt32
  /// The name of the thread.
  package let comm: CommName
  /// The PIDs in each pid namespace, from the initial one inwards; without the nested ones if `set` does not have the
  /// pid namespace.
  package let nspid: [Int32]
  /// The PID of the parent, which is not the process that made the task after clone(2) with `CLONE_PARENT`.
  package let parentPID: Int32
  /// Whether the task is a kernel thread.
  package let isKernelThread: Bool

  /// A state with these values.
  package init(
    set: ObservedSet, startTime: BootTime, uid: UInt32, comm: CommName, nspid: [Int32],
    parentPID: Int32, isKernelThread: Bool
  ) {
    self.set = set
    self.startTime = startTime
    self.uid = uid
    self.comm = comm
    self.nspid = nspid
    self.parentPID = parentPID
    self.isKernelThread = isKernelThread
  }
}

extension TaskState: Hashable {
  /// Two states are equal only if they are one object.
  package static func == (one: TaskState, other: TaskState) -> Bool { one === other }

  package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
