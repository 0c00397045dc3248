internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

/// What a task was when it was looked at, right after an event reported it.
struct TaskLook {
  /// Links that were read.
  var links: [NamespaceLink: TaskProbe.Link]
  /// When that was over, on the boot clock: it holds if nothing happened to the task until then.
  let time: Int64
  /// Whether it ran a program in between: then it may have been in another time namespace.
  var isAfterExec = false
  /// Its user and cgroup, where they were read.
  var description: ProcessDescription?
  /// By when, on the boot clock, the namespaces that the task had come to had a file at the latest, as
  /// far as that was read: a mount or an open file may have kept it since.
  var fileTimes: [NamespaceLink: Int64] = [:]
  /// Of a process that moved, its other threads and their links.
  var threads: [Int32: [NamespaceLink: TaskProbe.Link]] = [:]
}

extension TaskLook {
  /// Something else happened to the task before it was looked at: what was read still holds of those
  /// namespaces in which it was after both.
  mutating func keep(what earlier: NamespaceInodes, staysIn later: NamespaceInodes) {
    threads.removeAll()
    func stays(_ link: NamespaceLink) -> Bool {
      link == link.type.link && link.type != .time && earlier[link.type] == later[link.type]
    }
    links = links.filter { stays($0.key) }
    fileTimes = fileTimes.filter { stays($0.key) }
  }
}
