/// What never changes in the life of a thread other than the main one of its process.
package struct ThreadFacts: Sendable, Hashable {
  /// Its number (`gettid(2)`), in the pid namespace of the `/proc` that was read.
  package var tid: Int32
  /// Its process; nil where that is not followed.
  package var process: ProcessToken?
  /// Field 22 of its own `stat`, in clock ticks of the boot clock; nil where that is not known.
  package var startTicks: UInt64?
  /// How it came to be a task of its own.
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

/// How a thread came to be a task of its own. It is one from the first time that its namespaces differ
/// from its process's until it exits, also after it has returned to those of its process.
package enum ThreadOrigin: Sendable, Hashable {
  /// The thread was created in the namespaces of the task that created it: clone(2).
  case started
  /// The thread changed its namespaces, unshare(2) or setns(2), and had these links before.
  case moved(from: [LinkState])
  /// The thread was there before: its process moved without it, or its main thread exited, or nothing
  /// had reported the thread by then.
  case unknown
}
