internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

/// The state of a task as probed right after an event reported it.
struct ProbedTask {
  /// The links that were read.
  var links: [NamespaceLink: TaskProbe.Link]
  /// The end of the probe, on the boot clock. The probe is valid if no event of the task followed until
  /// then.
  let time: BootTime
  /// Whether the task executed a program between the event and the end of the probe: before, it may have
  /// been in another time namespace.
  var isAfterExec = false
  /// The user and cgroup of the task, if they were read.
  var description: ProcessDescription?
  /// For each entered namespace, a time on the boot clock by which its file already existed, if that was
  /// read: a mount or an open file may have pinned the namespace since then.
  var fileTimes: [NamespaceLink: BootTime] = [:]
  /// If a process changed its namespaces: the links of its other threads, by TID.
  var threads: [Int32: [NamespaceLink: TaskProbe.Link]] = [:]
}

extension ProbedTask {
  /// Reduces the probe after another event of the task before the end of the probe: only the links with
  /// the same namespace after both events stay valid.
  mutating func retainLinks(unchangedFrom earlier: NamespaceInodes, to later: NamespaceInodes) {
    threads.removeAll()
    func isUnchanged(_ link: NamespaceLink) -> Bool {
      link == link.type.link && link.type != .time && earlier[link.type] == later[link.type]
    }
    links = links.filter { isUnchanged($0.key) }
    fileTimes = fileTimes.filter { isUnchanged($0.key) }
  }
}
