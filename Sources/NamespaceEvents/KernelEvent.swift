/// One record of the kernel's: a process or a thread that was made, was named, changed its
/// namespaces or ended.
///
/// See `perf_event_open(2)`, "PERF_RECORD_FORK" and its neighbours.
package struct KernelEvent: Sendable, Hashable {
  /// When the kernel wrote the record, in nanoseconds of `CLOCK_BOOTTIME`.
  package var time: Int64
  /// The process (the thread group), as the pid namespace of the listener numbers it.
  ///
  /// 0 where that namespace has no number for it, -1 where it has none any more.
  package var pid: Int32
  /// The thread, numbered likewise; the same as `pid` for the first of a process.
  package var tid: Int32
  /// What happened.
  package var kind: Kind

  /// What can happen to a thread.
  package enum Kind: Sendable, Hashable {
    /// It was made, by a thread of the parent: a thread of the same process if `parentPID` is `pid`.
    /// Its namespaces are reported next.
    case fork(parentPID: Int32, parentTID: Int32)
    /// It ended, and may wait to be reaped. A process has ended when its last thread has, in
    /// whatever order.
    ///
    /// When a thread that is not the first executes a program, the others are told to have ended,
    /// the first among them; then it has the number of the first, and is told to execute. The end
    /// of the number that it had is not told.
    case exit
    /// It took a name: by executing a program, or for itself (`prctl(2)`, `PR_SET_NAME`).
    case comm(CommName, isExec: Bool)
    /// It is in these namespaces: told once when it is made, and at each `unshare(2)` and
    /// `setns(2)`.
    case namespaces(NamespaceInodes)
  }

  /// A record with these values.
  package init(time: Int64, pid: Int32, tid: Int32, kind: Kind) {
    self.time = time
    self.pid = pid
    self.tid = tid
    self.kind = kind
  }
}
