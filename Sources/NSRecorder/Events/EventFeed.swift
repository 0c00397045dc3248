// The interfaces through which the event recording reads kernel events and probes tasks.

internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

/// A source of kernel events; see `EventListener`.
protocol EventFeed: AnyObject {
  /// The descriptors to poll for new events.
  var descriptors: [Int32] { get }
  /// Whether single events cause no wakeups, so that the caller has to drain the source periodically.
  var isQuiet: Bool { get set }
  /// Consumes all reported events, appends them to `events`, and returns the event losses.
  func drain(into events: inout [KernelEvent]) -> [EventLoss]
  /// Checks whether processors went online or offline; returns a loss if events may have been missed.
  func refreshProcessors() throws(EventsError) -> EventLoss?
}

extension EventListener: EventFeed {}

/// Reads the current state of one task; see `TaskProbe`.
protocol TaskReading {
  /// Returns the links of a task in the order of `wanted`; nil if the task is gone, or if it has begun to
  /// exit and `whileRunning` is true.
  func links(
    of task: Int32, _ wanted: [NamespaceLink], whileRunning: Bool
  ) -> [TaskProbe.Link]?
  /// Returns the effective user and the cgroup of a process; nil if the process is gone.
  func description(of pid: Int32) -> ProcessDescription?
  /// Returns for each link a time, on the wall clock, by which the namespace file of the link already
  /// existed; without the links that could not be read.
  func fileTimes(of task: Int32, _ links: [NamespaceLink]) -> [NamespaceLink: WallTime]
  /// Returns the TIDs of the threads of a process.
  func threads(of pid: Int32) -> [Int32]
}

extension TaskProbe: TaskReading {}
