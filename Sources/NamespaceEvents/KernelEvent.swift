package import NamespaceModel

/// An event: one record of the kernel, which reports that a task was created, got a new name, is in certain namespaces,
/// or exited. A task is a process or a thread, as in the kernel.
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

  /// The kinds of change of a thread.
  package enum Kind: Sendable, Hashable {
    /// The thread `parentTID` created the task: as a thread of its own process if `parentPID` equals `pid`,
    /// otherwise as a new process. The next record of the task reports its namespaces.
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
  }

  /// A record with these values.
  package init(time: BootTime, pid: Int32, tid: Int32, kind: Kind) {
    self.time = time
    self.pid = pid
    self.tid = tid
    self.kind = kind
  }
}
