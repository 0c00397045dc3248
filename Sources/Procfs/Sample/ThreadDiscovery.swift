internal import Glibc
internal import NamespaceModel
internal import SystemPackage

/// Reads threads. unshare(2) and setns(2) act on a single thread. The source treats a thread as a task of its own if its
/// namespaces differ from those of its main thread, or if the main thread has exited and so has lost its own links.
///
/// The threads of a process whose main thread has exited are always read, and those of other processes only on demand,
/// because each thread costs as much as a process. A process with one thread costs only one call, because the link count
/// of `task` gives the number of threads (proc_task_getattr of fs/proc/base.c). If that number equals the number of
/// known threads that still exist, `task` is not listed.
final class ThreadDiscovery {
  private let table: ProcessTable
  private let links: LinkCache
  private let reader: TaskReader
  private let pauses: PassPauses
  private var listing = PIDListing()
  /// Whether the threads of every process are read, not only those of processes whose main thread has exited.
  var readsAll = false

  init(table: ProcessTable, links: LinkCache, reader: TaskReader, pauses: PassPauses) {
    self.table = table
    self.links = links
    self.reader = reader
    self.pauses = pauses
  }

  /// A process that may have unknown threads, with the indices of its known threads in the table.
  struct Group {
    let leader: Int
    let known: Range<Int>
  }

  /// Reads the known threads, which follow the processes in the table. Returns the processes that may have unknown
  /// threads.
  func readKnown() throws(ProcfsError) -> [Group] {
    let processes = table.processCount
    var groups: [Group] = []
    var next = processes
    for leader in 0..<processes where mayHaveThreads(leader) {
      try pauses.pause(before: leader)
      let pid = table.entries[leader].pid
      while next < table.entries.count, table.entries[next].pid < pid { next = forget(next) }
      // The count is read before the threads: every known thread that still exists afterwards is
      // included in it.
      let count = try table.withDirectory(of: table.entries[leader], threadCount) ?? nil
      let first = next
      var alive = 0
      while next < table.entries.count, table.entries[next].pid == pid {
        if try readThread(next, of: leader) {
          alive += 1
          next += 1
        } else {
          next = forget(next)
        }
      }
      if count != alive + 1 {
        groups.append(Group(leader: leader, known: first..<next))
      } else if alive == 0, table.entries[leader].isZombie {
        table.entries[leader].hasNoThreadsLeft = true
      }
    }
    while next < table.entries.count { next = forget(next) }
    return groups
  }

  /// Marks a thread as gone, and returns the index of the next entry.
  private func forget(_ index: Int) -> Int {
    table.entries[index].pendingChange = .gone
    return index + 1
  }

  private func mayHaveThreads(_ index: Int) -> Bool {
    guard table.entries[index].pendingChange != .gone, table.entries[index].startTicks != nil else {
      return false
    }
    return table.entries[index].isZombie ? !table.entries[index].hasNoThreadsLeft : readsAll
  }

  /// Returns the number of threads of a process; nil if the link count of its `task` does not give that number.
  private func threadCount(_ directory: Int32) -> Int? {
    var status = stat()
    guard table.root.isProc, fstatat(directory, "../task", &status, 0) == 0, status.st_nlink > 2
    else { return nil }
    return Int(clamping: status.st_nlink) - 2
  }

  private func readThread(_ index: Int, of leader: Int) throws(ProcfsError) -> Bool {
    guard table.entries[index].thread?.process == table.entries[leader].token else { return false }
    table.entries[index].thread?.leader = leader
    return try reader.readAgain(index, isListed: true)
  }

  /// Adds the unknown threads of known processes (`groups`) and of new processes.
  func discover(_ groups: [Group], _ new: Range<Int>) throws(ProcfsError) {
    for (index, group) in groups.enumerated() {
      try pauses.pause(before: index)
      try discover(group)
    }
    for leader in new where mayHaveThreads(leader) {
      try pauses.pause(before: leader)
      if try table.withDirectory(of: table.entries[leader], threadCount) == 1 {
        table.entries[leader].hasNoThreadsLeft = table.entries[leader].isZombie
      } else {
        try discover(Group(leader: leader, known: 0..<0))
      }
    }
  }

  private func discover(_ group: Group) throws(ProcfsError) {
    let process = table.entries[group.leader]
    let directory = try table.withDirectory(of: process) {
      openat($0, "../task", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
    guard let directory else { return }
    defer { if directory >= 0 { close(directory) } }
    guard directory >= 0, listing.refresh(directory) else {
      let errno = Errno.last
      if errno.isGone || errno.isDenied { return }
      throw ProcfsError(
        operation: "list", path: "\(table.root.path)/\(process.pid)/task", cause: .system(errno))
    }
    let known = Set(
      table.entries[group.known].lazy.filter { $0.pendingChange != .gone }.map(\.number))
    for tid in listing.pids where tid != process.pid && !known.contains(tid) {
      try discover(tid, in: directory, of: group.leader)
    }
    if process.isZombie, listing.pids.allSatisfy({ $0 == process.pid }) {
      table.entries[group.leader].hasNoThreadsLeft = true
    }
  }

  private func discover(_ tid: Int32, in task: Int32, of leader: Int) throws(ProcfsError) {
    // A thread whose directory may not be entered is not known to be in other namespaces than its
    // process.
    guard
      case .opened(let directory) = try NamespaceDirectory.open("\(tid)", in: task, of: table.root)
    else { return }
    var isStored = false
    defer { if !isStored { close(directory) } }
    // A thread that has begun to exit counts as gone: the kernel reports its exit before the thread
    // leaves its namespaces.
    guard case .success(let stat) = try FactsReader.stat(tid, in: directory, root: table.root),
      !stat.isExiting
    else { return }
    isStored = table.canHoldThread
    let ticks = isStored ? nil : stat.startTicks
    var entry = ProcessEntry(
      pid: table.entries[leader].pid,
      thread: .init(
        tid: tid, process: table.entries[leader].token, startTicks: stat.startTicks,
        leader: leader),
      directory: isStored ? directory : -1, token: table.makeToken(), startTicks: ticks,
      isKernelThread: table.entries[leader].isKernelThread,
      outlivedStartTick: ticks.map(table.pass.began(after:)) ?? false, pendingChange: .appeared)
    // Most threads are in the namespaces of their process.
    entry.links = table.entries[leader].links
    let index = table.add(entry)
    if !(try links.read(index, in: directory)) { table.entries[index].pendingChange = .gone }
  }
}
