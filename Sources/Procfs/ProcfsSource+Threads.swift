// Threads: unshare(2) and setns(2) act on one of them. One whose namespaces are not its main thread's
// is a task of its own, and so is each beside a main thread that has exited, whose own links are gone.
//
// Beside such a one they are read always, others only where that is asked for: it costs as much as as
// many processes. Of a process with one thread it costs one call, because `task` has a link for each
// (proc_task_getattr of fs/proc/base.c); and where that says that there are as many as are known and
// still there, `task` is not listed.

internal import Glibc
internal import NamespaceModel
internal import SystemPackage

extension ProcfsSource {
  /// How many processes there are, which are before the threads: valid until one is observed.
  var processCount: Int { entries.firstIndex { $0.thread != nil } ?? entries.count }

  /// A process that has threads which are not known, and where those are that are.
  struct Crowd {
    let leader: Int
    let known: Range<Int>
  }

  /// Reads the threads known before, behind the processes.
  func readKnownThreads() throws(ProcfsError) -> [Crowd] {
    let processes = processCount
    var crowds: [Crowd] = []
    var next = processes
    for leader in 0..<processes where mayHaveThreads(leader) {
      if leader % Self.pauseEvery == Self.pauseEvery - 1 { try pause() }
      let pid = entries[leader].pid
      while next < entries.count, entries[next].pid < pid { next = forget(next) }
      // Before they are read: so many were there, and those that then still are were among them.
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
        crowds.append(Crowd(leader: leader, known: first..<next))
      } else if alive == 0, entries[leader].isZombie {
        entries[leader].hasNoThreadsLeft = true
      }
    }
    while next < entries.count { next = forget(next) }
    return crowds
  }

  /// Lets go of a thread; gives the place of the next one.
  private func forget(_ index: Int) -> Int {
    entries[index].news = .gone
    return index + 1
  }

  private func mayHaveThreads(_ index: Int) -> Bool {
    guard entries[index].news != .gone, entries[index].startTicks != nil else { return false }
    return entries[index].isZombie ? !entries[index].hasNoThreadsLeft : readsThreads
  }

  /// How many threads a process has; nil where its `task` does not say that.
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

  /// Meets the threads that are not known, of processes known before and of new ones.
  func meetThreads(of crowds: [Crowd], _ new: Range<Int>) throws(ProcfsError) {
    for (place, crowd) in crowds.enumerated() {
      if place % Self.pauseEvery == Self.pauseEvery - 1 { try pause() }
      try meetThreads(of: crowd)
    }
    for leader in new where mayHaveThreads(leader) {
      if leader % Self.pauseEvery == Self.pauseEvery - 1 { try pause() }
      if try withDirectory(of: entries[leader], threadCount) == 1 {
        entries[leader].hasNoThreadsLeft = entries[leader].isZombie
      } else {
        try meetThreads(of: Crowd(leader: leader, known: 0..<0))
      }
    }
  }

  private func meetThreads(of crowd: Crowd) throws(ProcfsError) {
    let process = entries[crowd.leader]
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
      entries[crowd.known].lazy.filter { $0.news != .gone }.map(\.number))
    for tid in threadListing.pids where tid != process.pid && !known.contains(tid) {
      try meetThread(tid, in: directory, of: crowd.leader)
    }
    if process.isZombie, threadListing.pids.allSatisfy({ $0 == process.pid }) {
      entries[crowd.leader].hasNoThreadsLeft = true
    }
  }

  private func meetThread(
    _ tid: Int32, in task: Int32, of leader: Int
  ) throws(ProcfsError) {
    // One that may not be entered is not known to be elsewhere than its process.
    guard case .opened(let directory) = try NamespaceDirectory.open("\(tid)", in: task, of: root)
    else { return }
    // Threads leave room for processes.
    let holds = held < descriptorBudget / 2
    var keeps = false
    defer { if !keeps { close(directory) } }
    // One that has begun to exit is as good as gone: that is reported before it leaves its namespaces.
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
      outlivedStartTick: ticks.map(hasPassed) ?? false, news: .appeared)
    // Most are where their process is.
    entry.links = entries[leader].links
    add(entry)
    if holds {
      keeps = true
      held += 1
    }
    let index = entries.count - 1
    if !(try readLinks(index, in: directory)) { entries[index].news = .gone }
  }
}
