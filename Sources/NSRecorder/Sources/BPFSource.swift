// Samples by the BPF task iterator.
//
// A pass gives one record for every process, and for every thread whose namespaces may differ from those of its process
// (`TaskPass`). A record that equals that of the pass before, in every byte, says that nothing has changed, and most
// do. From the others the source makes the same sample as `ProcfsSource` would: the tasks that appeared, changed and
// disappeared, by the PID and the start time in nanoseconds, which identify a process.
//
// The source reads from /proc what a record does not have: the text of a cgroup, the name of a kernel thread, and the
// owner and parent of a namespace, each once; and the processes that the kernel withholds from the program.

package import NamespaceBPF
package import NamespaceModel
package import Procfs

/// Takes samples by the task programs. Every sample has all threads whose namespaces differ from those of their
/// process.
package final class BPFSource: SampleSource {
  package let identity: IdentitySource
  /// Whether samples also list the threads that are in the namespaces of their process. Events need to know them: such
  /// a thread may change its namespaces, or outlive the main thread.
  package var readsSharingThreads = false
  /// Called now and then during a long sample.
  package var onPause: (() -> Void)?
  private let programs: TaskPrograms
  private let probe: TaskProbe
  private let texts: CgroupTexts
  private var withheld: WithheldProcesses
  private var relations: KnownRelations
  private var sets: TaskSets

  /// The last pass, and one whose memory the next pass uses.
  private var last = TaskPass()
  private var spare = TaskPass()
  /// The threads in the namespaces of their process, as the last sample that listed them found them.
  private var sharingThreads = TaskPass()
  /// The processes and the threads of the last pass, each in the order of their TIDs.
  private var processes: ContiguousArray<Entry> = []
  private var threads: ContiguousArray<Entry> = []
  private var withheldEntries: [Int32: WithheldEntry] = [:]
  /// The namespaces of kthreadd.
  private var host: InlineArray<10, TaskNamespace>?
  private var lastToken: UInt64 = 0
  /// When the last pass began and ended; nil before the first one.
  private var lastTime: (start: BootTime, end: BootTime)?
  /// The number of processes whose cgroups were checked again, modulo the number of processes.
  private var recheckedCount = 0

  /// By TID, the processes whose program could not be read, with the number of passes that read it again.
  private var unreadPrograms: [Int32: Int] = [:]
  private static let programReads = 20

  /// A task of the last pass.
  private struct Entry {
    let tid: Int32
    let pid: Int32
    let token: ProcessToken
    /// In nanoseconds of the boot clock.
    let start: UInt64
    /// The index of its record in the last pass.
    var index: Int
    /// The index of its namespaces in `sets`.
    var set: Int
    var description: ProcessDescription
    /// Whether the sample reports the task: always for a process, and for a thread from the moment at which its
    /// namespaces first differ from those of its process.
    var isTask: Bool
    let isKernelThread: Bool
    var hasExited: Bool
    /// The pid namespace, if the program cannot follow so many levels.
    var deepNamespace: TaskNamespace?
  }

  private struct WithheldEntry {
    let token: ProcessToken
    var process: WithheldProcesses.Process
  }

  /// The changes that one pass shows.
  private struct Changes {
    var sample: ProcessSample
    /// By process, the links before this pass, if they have changed in it.
    var earlierLinks: [ProcessToken: [LinkState]] = [:]
    var appeared: Set<ProcessToken> = []
    /// Equal texts, stored once.
    var texts: Set<[UInt8]> = []
  }

  /// A source of the processes that `root`, a proc of the initial pid namespace, shows too.
  ///
  /// - Parameter readsCommandLines: whether the source reads command lines.
  package init(
    _ programs: TaskPrograms, _ root: ProcRoot, _ identity: IdentitySource,
    readsCommandLines: Bool = true
  ) {
    self.programs = programs
    self.identity = identity
    probe = TaskProbe(root: root, identity: identity, readsCommandLines: readsCommandLines)
    texts = CgroupTexts(root, probe)
    withheld = WithheldProcesses(root, probe)
    relations = KnownRelations(RelationProbe(root: root, identity: identity))
    sets = TaskSets(supported: Set(NamespaceType.allCases.filter(root.supports)))
  }

  /// A sample that failed.
  package enum Failure: Error, CustomStringConvertible {
    /// The pass failed.
    case pass(TaskPassError)
    /// `/proc` could not be listed, to compare it with the pass.
    case procfs(ProcfsError)

    /// The failure as one line.
    package var description: String {
      switch self {
      case .pass(let error): error.description
      case .procfs(let error): error.description
      }
    }
  }

  package func takeSample() throws(Failure) -> ProcessSample {
    let start = ClockReading.now()
    do throws(TaskPassError) {
      // A thread whose namespaces begin to differ between the two passes is found by the second one.
      if readsSharingThreads { try programs.readSharingThreads(into: &sharingThreads) }
      try programs.read(into: &spare)
    } catch { throw .pass(error) }
    do throws(ProcfsError) {
      try withheld.refresh(spare, from: start) { spare.indexOfProcess($0) != nil }
    } catch { throw .procfs(error) }
    // From here on nothing fails, so the state remains that of one pass.
    var changes = Changes(sample: ProcessSample(start: start))
    if let kthreadd = spare.indexOfProcess(2), let namespaces = spare[kthreadd].namespaces,
      spare[kthreadd].isKernelThread
    {
      host = namespaces
    }
    compareProcesses(&changes)
    compareThreads(&changes)
    compareWithheld(&changes)
    if readsSharingThreads { listSharingThreads(&changes) }
    swap(&last, &spare)
    recheckCgroups(&changes)
    rereadPrograms(&changes)
    let wanted = relations.takeWanted(of: &sets)
    if !wanted.isEmpty {
      changes.sample.related = relations.read(wanted, through: holders(of: wanted))
    }
    complete(&changes.sample)
    return changes.sample
  }

  private func complete(_ sample: inout ProcessSample) {
    sample.hasThreads = true
    sample.hasSharingThreads = readsSharingThreads
    sample.hasAllDescriptions = true
    if let host {
      for link in [NamespaceLink.mnt, .net] {
        sample.initialInodes[link.type] = UInt64(host[Int(link.rawValue)].inode)
      }
    }
    let denied = withheldEntries.filter { $0.value.process.links.contains(.unread(.denied)) }
    sample.counts.processes = processes.count + withheldEntries.count
    sample.counts.namespaces = sets.namespaceCount
    sample.counts.denied = denied.count
    sample.counts.firstDenied = denied.keys.min()
    sample.end = ClockReading.now()
    lastTime = (sample.start.boot, sample.end.boot)
  }

  private func makeToken() -> ProcessToken {
    lastToken += 1
    return ProcessToken(number: lastToken)
  }
}

// Processes.

extension BPFSource {
  /// The number of records after which a long sample pauses.
  private static let pauseEvery = 256

  private func compareProcesses(_ changes: inout Changes) {
    let unchanged = confirmUnchanged()
    guard unchanged.processes < processes.count || unchanged.records < spare.count else { return }
    var next: ContiguousArray<Entry> = []
    next.reserveCapacity(spare.count)
    next.append(contentsOf: processes[..<unchanged.processes])
    var old = unchanged.processes
    for index in unchanged.records..<spare.count where spare.isProcess(index) {
      if index % Self.pauseEvery == Self.pauseEvery - 1 { onPause?() }
      let tid = spare.tid(index)
      while old < processes.count, processes[old].tid < tid {
        leave(processes[old], &changes)
        old += 1
      }
      if old < processes.count, processes[old].tid == tid {
        var entry = processes[old]
        old += 1
        if spare.isSame(index, as: entry.index, in: last) {
          entry.index = index
          next.append(entry)
          continue
        }
        let record = spare[index]
        if record.start == entry.start {
          update(&entry, record, at: index, &changes)
          next.append(entry)
          continue
        }
        leave(entry, &changes)
      }
      if let entry = appear(spare[index], at: index, &changes) { next.append(entry) }
    }
    while old < processes.count {
      leave(processes[old], &changes)
      old += 1
    }
    processes = next
  }

  /// Confirms the processes before the first one that differs from the last pass. On a machine at rest, these are all,
  /// and none is copied. Returns how many processes are confirmed, and how many records have been read for that.
  private func confirmUnchanged() -> (processes: Int, records: Int) {
    let (now, before) = (spare, last)
    var confirmed = 0
    for index in 0..<now.count where now.isProcess(index) {
      guard confirmed < processes.count, now.tid(index) == processes[confirmed].tid,
        now.isSame(index, as: processes[confirmed].index, in: before)
      else { return (confirmed, index) }
      processes[confirmed].index = index
      confirmed += 1
    }
    return (confirmed, now.count)
  }

  private func leave(_ entry: Entry, _ changes: inout Changes) {
    sets.leave(entry.set)
    if entry.isTask { changes.sample.disappeared.append(entry.token) }
  }

  /// Adds a process to the sample; returns nil if it has exited meanwhile, where the record alone does not suffice.
  private func appear(
    _ record: TaskRecord, at index: Int, _ changes: inout Changes
  ) -> Entry? {
    var nspid = [record.tid] + record.nested
    var deepNamespace: TaskNamespace?
    if record.isDeep {
      guard let found = readDeep(record) else { return nil }
      (nspid, deepNamespace) = found
    }
    guard let set = join(record, deepNamespace) else { return nil }
    var description = describe(record)
    description.cgroup = cgroup(of: record, &changes)
    readProgram(of: record, &description)
    if record.isKernelThread, let read = probe.process(record.tid),
      read.facts.startTicks == Self.ticks(record.start)
    {
      // /proc shows the whole name of a kernel thread, which may be longer, and the work of a worker.
      description.comm = read.description.comm
    }
    let token = makeToken()
    changes.appeared.insert(token)
    let entry = Entry(
      tid: record.tid, pid: record.pid, token: token, start: record.start, index: index, set: set,
      description: description, isTask: true, isKernelThread: record.isKernelThread,
      hasExited: record.hasExited, deepNamespace: deepNamespace)
    changes.sample.appeared.append(
      .init(
        token: token, facts: facts(record, nspid), description: withoutParent(description),
        links: sets.links(set)))
    return entry
  }

  private func facts(_ record: TaskRecord, _ nspid: [Int32]) -> ProcessFacts {
    ProcessFacts(
      pid: record.pid, startTicks: Self.ticks(record.start), parentPID: record.parent,
      isKernelThread: record.isKernelThread, nspid: nspid)
  }

  /// Applies a record that differs from the one of the last pass.
  private func update(
    _ entry: inout Entry, _ record: TaskRecord, at index: Int, _ changes: inout Changes
  ) {
    let before = last[entry.index]
    entry.index = index
    entry.hasExited = record.hasExited
    move(&entry, to: record, &changes)
    // The description of a zombie no longer changes. /proc shows it in the root of each hierarchy of version 1, which
    // would hide its container. The name of a kernel thread is that of /proc.
    guard !record.hasExited, !entry.isKernelThread else { return }
    redescribe(&entry, record, before, &changes)
  }

  private func move(_ entry: inout Entry, to record: TaskRecord, _ changes: inout Changes) {
    guard let set = join(record, entry.deepNamespace) else { return }
    let before = sets.links(entry.set)
    sets.leave(entry.set)
    entry.set = set
    let links = sets.links(set)
    guard links != before else { return }
    changes.earlierLinks[entry.token] = before
    if entry.isTask { changes.sample.changed.append(.init(token: entry.token, links: links)) }
  }

  private func redescribe(
    _ entry: inout Entry, _ record: TaskRecord, _ before: TaskRecord, _ changes: inout Changes
  ) {
    var description = describe(record)
    description.cgroup = entry.description.cgroup
    if record.cgroup != before.cgroup || record.cgroupSet != before.cgroupSet
      || description.cgroup == nil
    {
      description.cgroup = cgroup(of: record, &changes) ?? description.cgroup
    }
    (description.program, description.login) = (entry.description.program, entry.description.login)
    if record.execs != before.execs || record.uid != before.uid {
      readProgram(of: record, &description)
    }
    guard description != entry.description else { return }
    entry.description = description
    guard entry.isTask else { return }
    changes.sample.described.append(
      .init(token: entry.token, description: description, since: lastTime?.start))
  }

  /// Reads the program and the login from /proc, since the record has neither. Leaves them as they are if that fails,
  /// and has the next passes read the program again.
  private func readProgram(of record: TaskRecord, _ description: inout ProcessDescription) {
    guard !record.isKernelThread, !record.hasExited else { return }
    if !readProgram(of: record.tid, start: record.start, &description) {
      unreadPrograms[record.tid] = Self.programReads
    }
  }

  /// Returns whether the program was read. It was not if the process was in the middle of an exec, when it has no
  /// arguments: its record is already the one after the exec, and does not change again.
  private func readProgram(
    of tid: Int32, start: UInt64, _ description: inout ProcessDescription
  ) -> Bool {
    guard let read = probe.programAndLogin(of: tid, startTicks: Self.ticks(start)) else {
      return false
    }
    description.program = read.program ?? description.program
    description.login = read.login ?? description.login
    return read.program != nil
      && (read.program?.commandLine != nil || !probe.readsCommandLines)
  }

  /// Returns the index in `processes` of the process with a PID.
  private func indexOfProcess(_ pid: Int32) -> Int? {
    var (low, high) = (0, processes.count)
    while low < high {
      let middle = (low + high) / 2
      if processes[middle].tid < pid { low = middle + 1 } else { high = middle }
    }
    return low < processes.count && processes[low].tid == pid ? low : nil
  }

  /// Reads the programs again that could not be read, in a limited number of passes.
  private func rereadPrograms(_ changes: inout Changes) {
    for (tid, left) in unreadPrograms {
      guard left > 0, let index = indexOfProcess(tid), !processes[index].hasExited else {
        unreadPrograms[tid] = nil
        continue
      }
      // The sample reports a process that has just appeared with what was read of it.
      guard !changes.appeared.contains(processes[index].token) else { continue }
      var description = processes[index].description
      let isRead = readProgram(of: tid, start: processes[index].start, &description)
      unreadPrograms[tid] = isRead ? nil : left - 1
      guard description != processes[index].description else { continue }
      processes[index].description = description
      changes.sample.described.append(
        .init(token: processes[index].token, description: description))
    }
  }

  private func describe(_ record: TaskRecord) -> ProcessDescription {
    ProcessDescription(
      comm: record.comm, uid: record.uid, cgroup: nil, parentPID: record.parent)
  }

  /// The facts of an appearance have the parent.
  private func withoutParent(_ description: ProcessDescription) -> ProcessDescription {
    var description = description
    description.parentPID = nil
    return description
  }

  private func cgroup(of record: TaskRecord, _ changes: inout Changes) -> [UInt8]? {
    texts.read(record.tid, startTicks: Self.ticks(record.start)).map {
      changes.texts.insert($0).memberAfterInsert
    }
  }

  /// Reads the PIDs and the pid namespace of a process in a deep pid namespace; nil if it has exited.
  private func readDeep(_ record: TaskRecord) -> (nspid: [Int32], namespace: TaskNamespace)? {
    guard let read = probe.process(record.tid), read.facts.startTicks == Self.ticks(record.start),
      case .namespace(let inode, let id?)? = probe.links(
        of: record.tid, [.pid], whileRunning: false)?.first,
      let inode = UInt32(exactly: inode)
    else { return nil }
    return (read.facts.nspid, TaskNamespace(inode: inode, id: id))
  }

  /// Adds a task to the set of its namespaces; nil if the record lacks one.
  private func join(_ record: TaskRecord, _ deep: TaskNamespace?) -> Int? {
    guard var namespaces = record.namespaces ?? host else { return nil }
    if record.isDeep {
      guard let deep else { return nil }
      namespaces[Int(NamespaceLink.pid.rawValue)] = deep
    }
    return sets.join(
      TaskSets.Key(
        namespaces: namespaces, hasExited: record.hasExited,
        childrenArePending: record.childrenArePending))
  }

  /// Returns a start time as /proc shows it (nsec_to_clock_t of kernel/time/time.c).
  private static func ticks(_ nanoseconds: UInt64) -> UInt64 {
    nanoseconds / (1_000_000_000 / UInt64(ClockTick.perSecond))
  }
}

// Threads.

extension BPFSource {
  private func compareThreads(_ changes: inout Changes) {
    var next: ContiguousArray<Entry> = []
    var old = 0
    for index in 0..<spare.count where !spare.isProcess(index) {
      let record = spare[index]
      while old < threads.count, threads[old].tid < record.tid {
        leave(threads[old], &changes)
        old += 1
      }
      var known: Entry?
      if old < threads.count, threads[old].tid == record.tid {
        if threads[old].start == record.start, threads[old].pid == record.pid {
          known = threads[old]
        } else {
          leave(threads[old], &changes)
        }
        old += 1
      }
      // The kernel reaps a thread by itself, so a thread that has begun to exit counts as gone.
      guard !record.isExiting, let leader = process(record.pid) else {
        if let known { leave(known, &changes) }
        continue
      }
      let entry = known.map { compare($0, record, at: index, leader, &changes) }
      guard let entry = entry ?? discover(record, at: index, leader, &changes) else { continue }
      next.append(entry)
      if !entry.isTask { observe(entry, leader, &changes) }
    }
    while old < threads.count {
      leave(threads[old], &changes)
      old += 1
    }
    threads = next
  }

  /// Returns the process with a PID, by binary search.
  private func process(_ pid: Int32) -> Entry? {
    var low = 0
    var high = processes.count
    while low < high {
      let middle = (low + high) / 2
      if processes[middle].tid < pid { low = middle + 1 } else { high = middle }
    }
    return low < processes.count && processes[low].tid == pid ? processes[low] : nil
  }

  private func compare(
    _ known: Entry, _ record: TaskRecord, at index: Int, _ leader: Entry, _ changes: inout Changes
  ) -> Entry {
    var entry = known
    let before = last[entry.index]
    entry.index = index
    move(&entry, to: record, &changes)
    redescribe(&entry, record, before, &changes)
    if !entry.isTask, isApart(entry, from: leader) {
      entry.isTask = true
      let origin =
        changes.earlierLinks[entry.token].map { ThreadOrigin.moved(from: $0) } ?? .unknown
      report(entry, record, leader, origin, &changes)
    }
    return entry
  }

  private func discover(
    _ record: TaskRecord, at index: Int, _ leader: Entry, _ changes: inout Changes
  ) -> Entry? {
    guard let set = join(record, leader.deepNamespace) else { return nil }
    var entry = Entry(
      tid: record.tid, pid: record.pid, token: makeToken(), start: record.start, index: index,
      set: set, description: describe(record), isTask: false, isKernelThread: record.isKernelThread,
      hasExited: false, deepNamespace: leader.deepNamespace)
    guard isApart(entry, from: leader) else { return entry }
    entry.isTask = true
    entry.description.cgroup = cgroup(of: record, &changes)
    readProgram(of: record, &entry.description)
    report(entry, record, leader, origin(of: entry, leader, changes), &changes)
    return entry
  }

  /// Reports a thread that is no task of its own. Its links for children may differ from those of its process.
  private func observe(_ entry: Entry, _ leader: Entry, _ changes: inout Changes) {
    let links = entry.set == leader.set ? nil : sets.links(entry.set)
    changes.sample.threadObservations.append(
      .init(
        thread: ThreadFacts(
          tid: entry.tid, process: leader.token, startTicks: Self.ticks(entry.start)),
        pid: entry.pid, links: links))
  }

  /// Reports the threads that are in all namespaces of their process, and those of the withheld processes.
  private func listSharingThreads(_ changes: inout Changes) {
    let apart = Set(threads.lazy.map(\.tid))
    for index in 0..<sharingThreads.count {
      let record = sharingThreads[index]
      guard !apart.contains(record.tid), let leader = process(record.pid), !leader.hasExited else {
        continue
      }
      changes.sample.threadObservations.append(
        .init(
          thread: ThreadFacts(
            tid: record.tid, process: leader.token, startTicks: Self.ticks(record.start)),
          pid: record.pid, links: nil))
    }
    for (pid, entry) in withheldEntries {
      for thread in withheld.threads(of: pid) {
        changes.sample.threadObservations.append(
          .init(
            thread: ThreadFacts(tid: thread.tid, process: entry.token), pid: pid,
            links: thread.links == entry.process.links ? nil : thread.links))
      }
    }
  }

  private func report(
    _ entry: Entry, _ record: TaskRecord, _ leader: Entry, _ origin: ThreadOrigin,
    _ changes: inout Changes
  ) {
    let process = spare[leader.index]
    let nspid =
      process.isDeep
      ? probe.process(process.tid)?.facts.nspid ?? [process.tid] : [process.tid] + process.nested
    changes.sample.appeared.append(
      .init(
        token: entry.token, facts: facts(process, nspid),
        thread: ThreadFacts(
          tid: entry.tid, process: leader.token, startTicks: Self.ticks(entry.start),
          origin: origin),
        description: withoutParent(entry.description), links: sets.links(entry.set)))
  }

  /// Determines how a thread that had no record in the last pass came to differ from its process.
  private func origin(
    of entry: Entry, _ leader: Entry, _ changes: Changes
  ) -> ThreadOrigin {
    guard let lastTime else { return .unknown }
    let start = BootTime(nanoseconds: Int64(clamping: entry.start))
    if start > lastTime.end || changes.appeared.contains(leader.token) { return .started }
    // The last pass may have visited the place of the thread before it started.
    guard start < lastTime.start else { return .unknown }
    // In the last pass the thread was in the namespaces of its process. If it still is in those, the process moved.
    let before = changes.earlierLinks[leader.token] ?? sets.links(leader.set)
    return before == sets.links(entry.set) ? .unknown : .moved(from: before)
  }

  /// Returns whether a thread is in another namespace than its main thread, which also holds if that has exited.
  private func isApart(_ thread: Entry, from leader: Entry) -> Bool {
    if leader.hasExited { return true }
    let one = sets.links(thread.set)
    let two = sets.links(leader.set)
    return NamespaceType.allCases.contains { type in
      let index = Int(type.link.rawValue)
      guard case .namespace(let mine) = one[index], case .namespace(let other) = two[index] else {
        return false
      }
      return mine != other
    }
  }
}

// What the program does not show.

extension BPFSource {
  private func compareWithheld(_ changes: inout Changes) {
    for (pid, entry) in withheldEntries {
      guard let process = withheld.known[pid],
        process.facts.startTicks == entry.process.facts.startTicks
      else {
        changes.sample.disappeared.append(entry.token)
        withheldEntries[pid] = nil
        continue
      }
      if process.links != entry.process.links {
        changes.sample.changed.append(.init(token: entry.token, links: process.links))
      }
      if process.description != entry.process.description {
        changes.sample.described.append(
          .init(token: entry.token, description: process.description, since: lastTime?.start))
      }
      withheldEntries[pid]?.process = process
    }
    for (pid, process) in withheld.known where withheldEntries[pid] == nil {
      let token = makeToken()
      withheldEntries[pid] = WithheldEntry(token: token, process: process)
      changes.sample.appeared.append(
        .init(
          token: token, facts: process.facts, description: withoutParent(process.description),
          links: process.links))
    }
  }

  /// Reads the cgroups of a few processes again, where an unchanged record does not prove an unchanged text.
  private func recheckCgroups(_ changes: inout Changes) {
    guard texts.needsRecheck, !processes.isEmpty else { return }
    for _ in 0..<min(CgroupTexts.recheckedPerSample, processes.count) {
      recheckedCount = (recheckedCount + 1) % processes.count
      let entry = processes[recheckedCount]
      guard !entry.hasExited, !entry.isKernelThread, !changes.appeared.contains(entry.token),
        let text = texts.read(entry.tid, startTicks: Self.ticks(entry.start)),
        text != entry.description.cgroup
      else { continue }
      processes[recheckedCount].description.cgroup = text
      changes.sample.described.append(
        .init(token: entry.token, description: processes[recheckedCount].description))
    }
  }

  /// Returns a few tasks that are in each of these namespaces.
  private func holders(
    of wanted: [ObservedNamespace]
  ) -> [ObservedNamespace: [(task: Int32, link: NamespaceLink)]] {
    var holders: [ObservedNamespace: [(task: Int32, link: NamespaceLink)]] = [:]
    // By set, the namespaces in it that are wanted.
    var found: [Int: [(ObservedNamespace, NamespaceLink)]] = [:]
    for entry in [processes, threads].joined() {
      let matches =
        found[entry.set]
        ?? wanted.compactMap { namespace in
          sets.link(of: entry.set, to: namespace).map { (namespace, $0) }
        }
      found[entry.set] = matches
      for (namespace, link) in matches where (holders[namespace]?.count ?? 0) < 3 {
        holders[namespace, default: []].append((entry.tid, link))
      }
    }
    return holders
  }
}
