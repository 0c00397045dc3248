// What the events' part of a recorder relies on: a machine that tells events, and that can be looked at.

internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

/// Where events come from; see `EventListener`.
protocol EventFeed: AnyObject {
  /// The files to wait for.
  var descriptors: [Int32] { get }
  /// Whether it does not say when there is something to drain.
  var isQuiet: Bool { get set }
  /// Takes all that was reported; gives what was lost.
  func drain(into events: inout [KernelEvent]) -> [EventLoss]
  /// Looks whether processors came or went.
  func refreshProcessors() throws(EventsError) -> EventLoss?
}

extension EventListener: EventFeed {}

/// Reads what one task is at this moment; see `TaskProbe`.
protocol TaskReading {
  /// Its links in the order asked for; nil when it is gone, or has begun to exit and is asked for only
  /// while it runs.
  func links(
    of task: Int32, _ wanted: [NamespaceLink], whileRunning: Bool
  ) -> [TaskProbe.Link]?
  /// The effective user and the cgroup of a process; nil when it is gone.
  func description(of pid: Int32) -> ProcessDescription?
  /// By when, on the wall clock, the files that its links lead to were there at the latest; without
  /// those that could not be read.
  func fileTimes(of task: Int32, _ links: [NamespaceLink]) -> [NamespaceLink: Int64]
  /// The numbers of the threads of a process.
  func threads(of pid: Int32) -> [Int32]
}

extension TaskProbe: TaskReading {}
