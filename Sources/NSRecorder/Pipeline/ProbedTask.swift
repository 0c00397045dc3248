internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

/// A probe: the state of a task, read in `/proc` right after an event of the task arrived.
struct ProbedTask {
  /// The links that were read.
  var links: [NamespaceLink: TaskProbe.Link]
  /// The end of the probe, on the boot clock. The probe shows the state after the event if no further event of
  /// the task occurred until then.
  var time: BootTime
  /// Whether the task executed a program between the event and the end of the probe: before the exec, it may
  /// have been in another time namespace.
  var isAfterExec = false
  /// The user and cgroup of the task, if they were read; after an exec, also its program and its login.
  var description: ProcessDescription?
  /// For each entered namespace, a time on the boot clock by which the namespace's file already existed, if it
  /// was read: a mount or an open file may have pinned the namespace since then (`TaskProbe.fileTimes`).
  var fileTimes: [NamespaceLink: BootTime] = [:]
  /// If a process changed its namespaces: the links of its other threads, by TID.
  var threads: [Int32: [NamespaceLink: TaskProbe.Link]] = [:]
}

extension ProbedTask {
  /// Drops the links that are no longer certain after another namespaces event of the task before the end of
  /// the probe: only links to the same namespace after both events stay.
  mutating func retainLinks(unchangedFrom earlier: NamespaceInodes, to later: NamespaceInodes) {
    threads.removeAll()
    func isUnchanged(_ link: NamespaceLink) -> Bool {
      link == link.type.link && link.type != .time && earlier[link.type] == later[link.type]
    }
    links = links.filter { isUnchanged($0.key) }
    fileTimes = fileTimes.filter { isUnchanged($0.key) }
  }
}
