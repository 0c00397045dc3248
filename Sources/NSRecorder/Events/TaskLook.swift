internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

/// What a task was when it was looked at, right after an event told of it.
struct TaskLook {
  /// Links that were read.
  var links: [NamespaceLink: TaskProbe.Link]
  /// When that was over, on the boot clock: it holds if nothing happened to the task until then.
  let time: Int64
  /// Whether it ran a program in between: then it may have been in another time namespace.
  var isAfterExec = false
  /// Its user and cgroup, where they were read.
  var description: ProcessDescription?
  /// Of a process that moved, its other threads and their links.
  var threads: [Int32: [NamespaceLink: TaskProbe.Link]] = [:]
}

extension TaskLook {
  /// Something else happened to the task before it was looked at: what was read still holds of those
  /// namespaces in which it was after both.
  mutating func keep(what earlier: NamespaceInodes, staysIn later: NamespaceInodes) {
    threads.removeAll()
    links = links.filter { link, _ in
      link == link.type.link && link.type != .time && earlier[link.type] == later[link.type]
    }
  }
}
