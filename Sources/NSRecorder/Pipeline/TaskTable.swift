internal import NamespaceEvents
internal import NamespaceModel

/// The tracked tasks: which processes and threads exist, by the events that were applied and by the samples.
///
/// The following always holds:
///
/// - `threadsOf` holds a TID exactly if `threads` does, under the PID of the thread's process. It has no empty sets.
/// - A PID in `processes` is not in `resumable`.
/// - Each process, each thread and each task of a thread is counted as a member of its set (`FollowedSet.enter`). So a
///   set or namespace that counts no member has no tracked task.
final class TaskTable {
  private(set) var processes: [Int32: FollowedTask] = [:]
  private(set) var threads: [Int32: FollowedThread] = [:]
  /// The TIDs of the known threads of each process that has more than one.
  private(set) var threadsOf: [Int32: Set<Int32>] = [:]
  /// Processes whose exit an event reported, but which may have threads that no event reported.
  private(set) var resumable: [Int32: FollowedTask] = [:]
  /// By PID, the last processes that ended recently.
  private var ended: [Int32: EndedProcess] = [:]
  /// By TID, the tasks whose fork event was applied, and the namespaces event that follows it was not.
  private var pendingForks: [Int32: PendingFork] = [:]
  private var lastToken: UInt64 = 0
  /// The number of calls of `forgetEnded`.
  private var batches = 0

  /// A process whose exit an event has reported.
  struct EndedProcess {
    /// The batch (`batches`) in which it ended.
    fileprivate let batch: Int
    let exit: ExitTick
    /// Whether an exec of a thread that no event reported may continue it.
    let mayResume: Bool
  }

  /// A task between its fork event and the namespaces event that follows it.
  struct PendingFork {
    let pid: Int32
    let parent: FollowedTask?
    /// The PID and TID of the maker, the thread that called fork or clone, and the set of the maker at that
    /// time.
    let makerPID: Int32
    let makerTID: Int32
    let set: FollowedSet?
    /// The name of the maker, which the new task has too; nil if it is not known.
    let comm: [UInt8]?
  }

  // MARK: Lookups

  /// Returns the set of a thread, or of the main thread of a process.
  func set(of tid: Int32) -> FollowedSet? { threads[tid]?.set ?? processes[tid]?.set }

  /// Returns the set of a thread before an event of it: that of its process if the event is the first one of the thread.
  func set(of tid: Int32, in pid: Int32) -> FollowedSet? {
    threads[tid]?.set ?? processes[pid]?.set
  }

  /// Returns the thread as a task of its own, or the process.
  func task(_ tid: Int32) -> FollowedTask? { threads[tid]?.task ?? processes[tid] }

  /// Returns the inode numbers that a namespaces event of a task would hold now.
  func inodes(of tid: Int32) -> NamespaceInodes? { set(of: tid)?.inodes }

  /// Returns the process of a thread, also one whose exit was reported while the thread remained.
  func process(of thread: FollowedThread) -> FollowedTask? {
    processes[thread.pid] ?? resumable[thread.pid]
  }

  /// Returns the only thread of a process besides the main one; nil if there is none, or more than one.
  func onlyThread(of pid: Int32) -> FollowedThread? {
    guard let tids = threadsOf[pid], tids.count == 1 else { return nil }
    return tids.first.flatMap { threads[$0] }
  }

  /// Returns the last process with a PID, if it ended recently and no other one has started with the PID since.
  func ended(_ pid: Int32) -> EndedProcess? { ended[pid] }

  /// Whether a process whose main thread has exited may continue by exec of another thread.
  func mayExecAfterLeaderExit(_ pid: Int32) -> Bool {
    resumable[pid] != nil || processes[pid]?.set.isZombie == true
  }

  /// Whether a process may have threads that no event reported.
  func mayHaveUnreportedThreads(_ pid: Int32) -> Bool { processes[pid]?.isOlder == true }

  /// Returns the facts of a thread as the history records them.
  func facts(of thread: FollowedThread, _ tid: Int32) -> ThreadFacts {
    ThreadFacts(
      tid: tid, process: process(of: thread)?.token, startTicks: thread.startTicks)
  }

  /// Whether the own link of a task, not only its link for children, leads to a namespace.
  func isOwn(_ tid: Int32, _ namespace: FollowedNamespace) -> Bool {
    let set = set(of: tid)
    return set?.isZombie == false && set?[namespace.type.link].namespace === namespace
  }

  /// Counts the links of a task to a namespace: those of the thread, of the thread as a task of its own,
  /// and of the process.
  func links(of tid: Int32, to namespace: FollowedNamespace) -> Int {
    [threads[tid]?.set, threads[tid]?.task?.set, processes[tid]?.set].compactMap(\.self)
      .filter { !$0.isZombie }
      .reduce(0) { count, set in count + set.links.count { $0.namespace === namespace } }
  }

  // MARK: Forks

  func addFork(_ tid: Int32, of pid: Int32, by makerTID: Int32, of makerPID: Int32) {
    let parent = processes[makerPID]
    pendingForks[tid] = PendingFork(
      pid: pid, parent: threads[makerTID]?.task ?? parent, makerPID: makerPID, makerTID: makerTID,
      set: threads[makerTID]?.set ?? parent?.set,
      comm: makerTID == makerPID ? parent?.description.comm : threads[makerTID]?.comm)
  }

  /// Removes and returns the fork of a task; nil if the task's namespaces are known already, or its fork event was not
  /// applied.
  @discardableResult
  func takeFork(_ tid: Int32) -> PendingFork? { pendingForks.removeValue(forKey: tid) }

  // MARK: Processes

  func makeToken() -> ProcessToken {
    lastToken += 1
    return ProcessToken(number: lastToken)
  }

  /// Removes and returns the exit of the last process that had a PID, because the PID has a new process.
  func takeExit(_ pid: Int32) -> ExitTick? { ended.removeValue(forKey: pid)?.exit }

  /// Adds a process that is in a set. From now on the PID belongs to it.
  func add(_ task: FollowedTask, in set: FollowedSet) {
    processes[task.pid] = task
    resumable[task.pid] = nil
    task.enter(set)
  }

  func setLastEvent(of pid: Int32, _ time: BootTime) { processes[pid]?.lastEvent = time }

  /// Removes a process whose exit an event reported.
  ///
  /// - Parameter mayResume: whether an exec of a thread that no event reported may continue it.
  /// - Parameter isResumable: whether such an exec would continue this task, and not be the start of a new one.
  func end(_ task: FollowedTask, at time: BootTime, mayResume: Bool, isResumable: Bool) {
    remove(task)
    task.exiting = []
    if isResumable { resumable[task.pid] = task }
    ended[task.pid] = EndedProcess(batch: batches, exit: ExitTick(time), mayResume: mayResume)
  }

  /// Removes a process without an exit event.
  func remove(_ task: FollowedTask) {
    processes[task.pid] = nil
    task.leaveSet()
  }

  /// Removes and returns a process whose exit was reported, because an exec of one of its threads continues it; `add`
  /// adds it again.
  func takeResumable(_ pid: Int32) -> FollowedTask? { resumable.removeValue(forKey: pid) }

  /// Forgets, at the end of a batch, the processes that cannot continue by exec any more.
  func forgetEnded() {
    batches += 1
    for (pid, task) in resumable where threadsOf[pid]?.isEmpty != false && !task.isOlder {
      resumable[pid] = nil
    }
    // A thread in execve(2) waits only for the other threads of its process to exit, so two batches
    // suffice.
    ended = ended.filter { batches - $0.value.batch <= 2 }
  }

  // MARK: Threads

  /// Adds a thread; its task, if it has one, gets the thread's set.
  func add(_ thread: FollowedThread, _ tid: Int32) {
    thread.set.enter()
    thread.task?.enter(thread.set)
    threads[tid] = thread
    threadsOf[thread.pid, default: []].insert(tid)
  }

  /// Adds a thread that is in a set by an event, or moves the known thread there. Does not move its task.
  func observe(_ tid: Int32, of pid: Int32, in set: FollowedSet) {
    guard let known = threads[tid] else { return add(FollowedThread(pid: pid, set: set), tid) }
    if known.set !== set { threads[tid]?.move(to: set) }
  }

  /// Notes what a thread had when it started.
  func setStart(of tid: Int32, _ ticks: UInt64, comm: [UInt8]?) {
    threads[tid]?.startTicks = ticks
    threads[tid]?.comm = comm
  }

  /// Notes the name of a thread that is not the main one of its process.
  func setComm(of tid: Int32, _ comm: [UInt8]) { threads[tid]?.comm = comm }

  /// Makes a thread a task of its own, with the facts and the description of its process.
  func makeTask(of tid: Int32, _ thread: FollowedThread, of process: FollowedTask) -> FollowedTask {
    let task = FollowedTask(
      token: makeToken(), set: thread.set, facts: process.facts, description: process.description)
    task.enter(thread.set)
    threads[tid]?.task = task
    return task
  }

  /// Removes and returns a thread.
  func removeThread(_ tid: Int32) -> FollowedThread? {
    guard let thread = threads.removeValue(forKey: tid) else { return nil }
    threadsOf[thread.pid]?.remove(tid)
    if threadsOf[thread.pid]?.isEmpty == true { threadsOf[thread.pid] = nil }
    release(thread)
    return thread
  }

  /// Removes and returns the other threads of a process that executes a program: exec leaves one thread
  /// (`execve(2)`). They remain members of their sets until `release`.
  func takeThreads(of pid: Int32) -> [FollowedThread] {
    let tids = threadsOf.removeValue(forKey: pid) ?? []
    return tids.sorted().compactMap { threads.removeValue(forKey: $0) }
  }

  /// Ends the membership of a removed thread, and of its task, in their sets.
  func release(_ thread: FollowedThread) {
    thread.task?.leaveSet()
    thread.set.leave()
  }

  // MARK: Sampled tasks

  /// Makes a task of a process or thread that a sample shows in a set. The task is not in the table yet.
  func makeTask(of sampled: SampledProcesses.Process, in set: FollowedSet) -> FollowedTask {
    FollowedTask(
      token: makeToken(), set: set, facts: sampled.facts, description: sampled.description)
  }

  /// Adds a thread that a sample shows in a set, as a task of its own.
  ///
  /// - Parameter token: the token of the thread in the samples.
  func add(
    _ sampled: SampledProcesses.Process, _ facts: ThreadFacts, as task: FollowedTask,
    _ token: ProcessToken, in set: FollowedSet
  ) {
    task.source = token
    task.description.update(sampled.description)
    add(
      FollowedThread(pid: sampled.pid, set: set, startTicks: facts.startTicks, task: task),
      facts.tid)
  }

  /// Whether the process of a sampled thread is certainly the tracked process with its PID.
  func hasProcess(of sampled: SampledProcesses.Process) -> Bool {
    (processes[sampled.pid] ?? resumable[sampled.pid])
      .map { $0.isSame(sampled, sampled.thread?.process) } ?? false
  }

  // MARK: Resync

  /// Removes all processes and threads and returns them, for a sample that shows the state of all tasks anew. Forgets
  /// the pending forks: the namespaces events that follow them may be lost.
  func removeAll() -> (processes: [Int32: FollowedTask], threads: [Int32: FollowedThread]) {
    defer {
      processes.removeAll()
      threads.removeAll()
      threadsOf.removeAll()
    }
    pendingForks.removeAll()
    for thread in threads.values { release(thread) }
    for task in processes.values { task.leaveSet() }
    return (processes, threads)
  }
}
