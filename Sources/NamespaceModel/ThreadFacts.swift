/// The properties of a thread that never change, for a thread other than the main one of its process.
package struct ThreadFacts: Sendable, Hashable {
  /// The TID (`gettid(2)`), in the pid namespace of the `/proc` that was read.
  package var tid: Int32
  /// The process of the thread; nil if the source does not track it.
  package var process: ProcessToken?
  /// The start time: field 22 of the thread's own `stat`, in clock ticks of the boot clock; nil if it
  /// is not known.
  package var startTicks: UInt64?
  /// How the thread came to be recorded as a task of its own.
  package var origin: ThreadOrigin

  /// Facts with these values.
  package init(
    tid: Int32, process: ProcessToken?, startTicks: UInt64? = nil, origin: ThreadOrigin = .unknown
  ) {
    self.tid = tid
    self.process = process
    self.startTicks = startTicks
    self.origin = origin
  }
}

/// How a thread came to be recorded as a task of its own. A thread becomes such a task when its namespaces
/// first differ from those of its process, and stays one until it exits, even after it returns to the
/// namespaces of its process.
package enum ThreadOrigin: Sendable, Hashable {
  /// The thread was created in namespaces that differ from those of its process: those of the task that
  /// called clone(2).
  case started
  /// The thread changed its namespaces by unshare(2) or setns(2); before that, it had the links `from`.
  case moved(from: [LinkState])
  /// The thread existed before, and one of these happened: its process changed namespaces without it,
  /// the main thread exited, or no event or sample had reported the thread by then.
  case unknown
}
