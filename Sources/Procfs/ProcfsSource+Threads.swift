// Reads threads. unshare(2) and setns(2) act on a single thread. The source treats a thread as a task
// of its own if its namespaces differ from those of its main thread, or if the main thread has exited
// and so has lost its own links.
//
// The source always reads the threads of a process whose main thread has exited, and those of other
// processes only if `readsThreads` is set, because each thread costs as much as a process. A process
// with one thread costs only one call, because the link count of `task` gives the number of threads
// (proc_task_getattr of fs/proc/base.c). If that number equals the number of known threads that still
// exist, the source does not list `task`.

internal import Glibc
internal import NamespaceModel
internal import SystemPackage

extension ProcfsSource {
  /// The number of processes, which precede the threads in `entries`; valid until the source adds a
  /// process.
  var processCount: Int { entries.firstIndex { $0.thread != nil } ?? entries.count }

  /// A process that may have unknown threads, with the indices of its known threads in `entries`.
  struct ThreadGroup {
    let leader: Int
    let known: Range<Int>
  }

  /// Reads the known threads, which follow the processes in `entries`. Returns the processes that may
  /// have unknown threads.
  func readKnownThreads() throws(ProcfsError) -> [ThreadGroup] {
    let processes = processCount
    var groups: [ThreadGroup] = []
    var next = processes
    for leader in 0..<processes where mayHaveThreads(leader) {
      if leader % Self.pauseEvery == Self.pauseEvery - 1 { try pause() }
      let pid = entries[leader].pid
      while next < entries.count, entries[next].pid < pid { next = forget(next) }
      // The count is read before the threads: every known thread that still exists afterwards is
      // included in it.
      let count = try withDirectory(of: entries[leader], threadCount) ?? nil
      let first = next
      var alive = 0
      while next < entries.count, entries[next].pid == pid {
        if try readThread(next, of: leader) {
          alive += 1
          next += 1
        } else {
          next = forget(next)
        }
      }
      if count != alive + 1 {
        groups.append(ThreadGroup(leader: leader, known: first..<next))
      } else if alive == 0, entries[leader].isZombie {
        entries[leader].hasNoThreadsLeft = true
      }
    }
    while next < entries.count { next = forget(next) }
    return groups
  }

  /// Marks a thread as gone, and returns the index of the next entry.
  private func forget(_ index: Int) -> Int {
    entries[index].pendingChange = .gone
    return index + 1
  }

  private func mayHaveThreads(_ index: Int) -> Bool {
    guard entries[index].pendingChange != .gone, entries[index].startTicks != nil else {
      return false
    }
    return entries[index].isZombie ? !entries[index].hasNoThreadsLeft : readsThreads
  }

  /// Returns the number of threads of a process; nil if the link count of its `task` does not give that
  /// number.
  private func threadCount(_ directory: Int32) -> Int? {
    var status = stat()
    guard root.isProc, fstatat(directory, "../task", &status, 0) == 0, status.st_nlink > 2 else {
      return nil
    }
    return Int(clamping: status.st_nlink) - 2
  }

  private func readThread(_ index: Int, of leader: Int) throws(ProcfsError) -> Bool {
    guard entries[index].thread?.process == entries[leader].token else { return false }
    entries[index].thread?.leader = leader
    return try readAgain(index, isListed: true)
  }

  /// Adds the unknown threads of known processes (`groups`) and of new processes.
  func discoverThreads(of groups: [ThreadGroup], _ new: Range<Int>) throws(ProcfsError) {
    for (index, group) in groups.enumerated() {
      if index % Self.pauseEvery == Self.pauseEvery - 1 { try pause() }
      try discoverThreads(of: group)
    }
    for leader in new where mayHaveThreads(leader) {
      if leader % Self.pauseEvery == Self.pauseEvery - 1 { try pause() }
      if try withDirectory(of: entries[leader], threadCount) == 1 {
        entries[leader].hasNoThreadsLeft = entries[leader].isZombie
      } else {
        try discoverThreads(of: ThreadGroup(leader: leader, known: 0..<0))
      }
    }
  }

  private func discoverThreads(of group: ThreadGroup) throws(ProcfsError) {
    let process = entries[group.leader]
    let directory = try withDirectory(of: process) {
      openat($0, "../task", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    }
    guard let directory else { return }
    defer { if directory >= 0 { close(directory) } }
    guard directory >= 0, threadListing.refresh(directory) else {
      let errno = Errno.last
      if errno.isGone || errno.isDenied { return }
      throw ProcfsError(
        operation: "list", path: "\(root.path)/\(process.pid)/task", cause: .system(errno))
    }
    let known = Set(
      entries[group.known].lazy.filter { $0.pendingChange != .gone }.map(\.number))
    for tid in threadListing.pids where tid != process.pid && !known.contains(tid) {
      try discoverThread(tid, in: directory, of: group.leader)
    }
    if process.isZombie, threadListing.pids.allSatisfy({ $0 == process.pid }) {
      entries[group.leader].hasNoThreadsLeft = true
    }
  }

  private func discoverThread(
    _ tid: Int32, in task: Int32, of leader: Int
  ) throws(ProcfsError) {
    // A thread whose directory may not be entered is not known to be in other namespaces than its
    // process.
    guard case .opened(let directory) = try NamespaceDirectory.open("\(tid)", in: task, of: root)
    else { return }
    // Threads may use only half of the budget, so that the rest is left to processes.
    let holds = openDirectories < descriptorBudget / 2
    var isStored = false
    defer { if !isStored { close(directory) } }
    // A thread that has begun to exit counts as gone: the kernel reports its exit before the thread
    // leaves its namespaces.
    guard case .success(let stat) = try FactsReader.stat(tid, in: directory, root: root),
      !stat.isExiting
    else { return }
    let ticks = holds ? nil : stat.startTicks
    var entry = ProcessEntry(
      pid: entries[leader].pid,
      thread: .init(
        tid: tid, process: entries[leader].token, startTicks: stat.startTicks, leader: leader),
      directory: holds ? directory : -1, token: makeToken(), startTicks: ticks,
      isKernelThread: entries[leader].isKernelThread,
      outlivedStartTick: ticks.map(hasPassed) ?? false, pendingChange: .appeared)
    // Most threads are in the namespaces of their process.
    entry.links = entries[leader].links
    add(entry)
    if holds {
      isStored = true
      openDirectories += 1
    }
    let index = entries.count - 1
    if !(try readLinks(index, in: directory)) { entries[index].pendingChange = .gone }
  }
}
