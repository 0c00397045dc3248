// Samples of /proc.
//
// A pass lists /proc, reads the ten links of each known process, adds the processes that it does not
// know, and at the end asks the kernel once for the id of each inode number that it read.
//
// The ids are read at the end because the kernel reuses the inode number of a namespace as soon as the
// namespace dies. If a number had the kernel id N at the end of the last pass and has it at the end of
// this one, N lived all the time between, so every read of the number in this pass was of N. A number
// that is new in this pass is identified at its first read, with inode and id from one call, and again
// at the end. If the second id differs, or no process is left in the namespace, the source asks each
// process that read the number separately (ProcfsSource+Identity.swift). If the kernel gives no id, the
// processes that stay in a namespace from pass to pass are the only proof
// (ProcfsSource+Continuity.swift).
// The array `entries` holds the processes, and after them the threads that are read
// (ProcfsSource+Threads.swift), to which all of the above applies too. A pass reads the entries in array
// order.

internal import CLinux
internal import Glibc
package import NamespaceModel
internal import SystemPackage

/// Takes samples of the processes in a `/proc`, and holds their directories open between passes.
package final class ProcfsSource: SampleSource {
  /// How the source distinguishes namespaces.
  package let identity: IdentitySource
  let root: ProcRoot
  let descriptorBudget: Int

  var entries: ContiguousArray<ProcessEntry> = []
  var slots = NamespaceSlots()
  var pass: UInt64 = 0
  var passStart = ClockReading.zero
  var supported: Set<NamespaceLink>
  let reader = LinkReader()
  private var listing = PIDListing()
  var threadListing = PIDListing()
  var openDirectories = 0
  private var lastToken: UInt64 = 0
  /// Whether the source has added a process or thread to `entries` since it sorted them.
  private var isUnsorted = false
  var gone: [ProcessToken] = []
  var pendingFacts: [ProcessToken: ProcessFacts] = [:]
  var related: [NamespaceRelations] = []
  /// By PID, the start time in clock ticks of each known process that this pass could not distinguish from
  /// another process that may have got its PID. The pass reports the known process as gone.
  var indistinct: [Int32: UInt64] = [:]
  private var unproven: Set<ProcessToken> = []
  /// How the namespaces of a thread came to differ from those of its process, for each thread that this pass
  /// will report for the first time.
  var origins: [ProcessToken: ThreadOrigin] = [:]
  /// The links that a thread had in the last finished pass, for each thread that is no task of its own and
  /// whose links have changed in this pass.
  var earlierLinks: [ProcessToken: InlineArray<10, UInt32>] = [:]
  /// The number of finished passes.
  private(set) var passes = 0
  /// Whether the last finished pass read the threads of every process.
  private(set) var readThreadsBefore = false
  var descriptions = KnownDescriptions()
  let descriptionCheck: DescriptionCheck
  /// Called after every `pauseEvery` processes of a pass, so that the caller can do other work that a long
  /// pass would delay.
  package var onPause: (() -> Void)?
  /// Called at each such pause; if it returns true, the pass fails with `ECANCELED`.
  package var isCancelled: (() -> Bool)?
  static let pauseEvery = 128
  /// The number of directories that the source may hold open beyond `descriptorBudget`, for processes that
  /// started in the current clock tick: until the tick has passed, PID and start time do not identify them.
  private static let youngReserve = 24
  /// Whether the source reads command lines.
  let readsCommandLines: Bool
  /// Whether the next pass reads the threads of every process, not only those of processes whose main
  /// thread has exited.
  package var readsThreads = false

  /// A source that reads `root`.
  ///
  /// - Parameters:
  ///   - identity: how the source distinguishes namespaces; by default, the best way that works.
  ///   - descriptorBudget: how many directories the source may hold open; by default, the limit of open
  ///     files, raised as far as possible, less the number that the rest of the program needs.
  ///   - readsCommandLines: whether the source reads command lines.
  package init(
    root: ProcRoot, identity: IdentitySource? = nil, descriptorBudget: Int? = nil,
    readsCommandLines: Bool = true
  ) {
    self.readsCommandLines = readsCommandLines
    self.root = root
    self.identity = identity ?? IdentitySource.probe(root)
    self.descriptorBudget =
      descriptorBudget ?? max(0, OpenFileLimit.raise() - OpenFileLimit.reserve)
    descriptionCheck = DescriptionCheck(isProc: root.isProc)
    supported = root.ownLinks()
  }

  deinit {
    for entry in entries where entry.directory >= 0 { close(entry.directory) }
  }

  /// Passes over every process once; see `SampleSource`.
  package func takeSample() throws(ProcfsError) -> ProcessSample {
    try readAll()
    return try finish()
  }

  /// The first step of a pass: reads the links of all processes and threads, in the order of `entries`.
  func readAll() throws(ProcfsError) {
    // A failed pass leaves the entries it added unsorted; `dropGone` sorts them.
    dropGone()
    pass += 1
    passStart = ClockReading.now()
    indistinct.removeAll()
    unproven.removeAll()
    try listing.refresh(root)
    let arrivals = try readKnown()
    let groups = try readKnownThreads()
    let first = entries.count
    // A first pass adds many entries: reserve the room once instead of doubling it repeatedly.
    if arrivals.count > first { entries.reserveCapacity(first + arrivals.count) }
    for (index, pid) in arrivals.enumerated() {
      if index % Self.pauseEvery == Self.pauseEvery - 1 { try pause() }
      try adopt(pid)
    }
    try discoverThreads(of: groups, first..<entries.count)
  }

  /// The second step: identifies the namespaces of the links, and reports the differences.
  func finish() throws(ProcfsError) -> ProcessSample {
    try verifyIdentities()
    var sample = ProcessSample(start: passStart)
    try readRelations()
    try compareThreads()
    dropGone()
    sample.counts.namespaces = slots.forgetUnseen(in: pass)
    emitChanges(into: &sample)
    sample.unproven = unproven
    sample.related = related
    related.removeAll()
    earlierLinks.removeAll()
    passes += 1
    readThreadsBefore = readsThreads
    sample.end = ClockReading.now()
    return sample
  }

  /// Reads every known process again. Returns the listed PIDs that belong to no known process.
  private func readKnown() throws(ProcfsError) -> [Int32] {
    var arrivals: [Int32] = []
    var next = 0
    let listed = listing.pids.count
    for index in 0..<processCount {
      if index % Self.pauseEvery == Self.pauseEvery - 1 { try pause() }
      let pid = entries[index].pid
      while next < listed, listing.pids[next] < pid {
        arrivals.append(listing.pids[next])
        next += 1
      }
      let isListed = next < listed && listing.pids[next] == pid
      if isListed { next += 1 }
      if try !readAgain(index, isListed: isListed) {
        entries[index].pendingChange = .gone
        if isListed { arrivals.append(pid) }
      }
    }
    arrivals.append(contentsOf: listing.pids[next...])
    return arrivals
  }

  /// Adds a process: opens its directory, then reads its facts and its links.
  private func adopt(_ pid: Int32) throws(ProcfsError) {
    let directory: Int32
    switch try NamespaceDirectory.open(pid, in: root) {
    case .gone: return
    case .denied:
      add(ProcessFacts(unreadable: pid), directory: -1)
      entries[entries.count - 1].isDenied = true
      return
    case .opened(let opened): directory = opened
    }
    var isStored = false
    defer { if !isStored { close(directory) } }
    guard let facts = try FactsReader.facts(pid, in: directory, root: root) else { return }
    // Within the clock tick of its start, only an open directory proves that a PID still names this
    // process.
    let isYoung = facts.startTicks.map { !hasPassed($0) } ?? false
    let holds = openDirectories < descriptorBudget + (isYoung ? Self.youngReserve : 0)
    add(facts, directory: holds ? directory : -1)
    if holds {
      isStored = true
      openDirectories += 1
    }
    if !(try readLinks(entries.count - 1, in: directory)) {
      entries[entries.count - 1].pendingChange = .gone
    }
  }

  private func add(_ facts: ProcessFacts, directory: Int32) {
    let token = makeToken()
    pendingFacts[token] = facts
    if let ticks = facts.startTicks, indistinct[facts.pid] == ticks { unproven.insert(token) }
    add(
      ProcessEntry(
        pid: facts.pid, directory: directory, token: token, startTicks: facts.startTicks,
        isKernelThread: facts.isKernelThread,
        outlivedStartTick: facts.startTicks.map(hasPassed) ?? false, pendingChange: .appeared))
  }

  /// Calls `onPause`, and throws `ECANCELED` if the caller wants to cancel the pass.
  func pause() throws(ProcfsError) {
    onPause?()
    guard isCancelled?() == true else { return }
    throw ProcfsError(operation: "read", path: root.path, cause: .system(.canceled))
  }

  func add(_ entry: ProcessEntry) {
    entries.append(entry)
    isUnsorted = true
  }

  func makeToken() -> ProcessToken {
    lastToken += 1
    return ProcessToken(number: lastToken)
  }

  /// Whether a clock tick had ended when this pass began.
  func hasPassed(_ tick: UInt64) -> Bool {
    ClockTicks.boot(tick &+ 1, perSecond: Int64(ClockTick.perSecond))
      .map { passStart.boot > $0 } ?? false
  }

  /// Drops exited entries. Reports an exit only for entries that were reported before.
  private func dropGone() {
    guard isUnsorted || entries.contains(where: { $0.pendingChange == .gone }) else { return }
    entries.removeAll { entry in
      guard entry.pendingChange == .gone else { return false }
      if entry.directory >= 0 {
        close(entry.directory)
        openDirectories -= 1
      }
      origins[entry.token] = nil
      descriptions.forget(entry.token)
      if pendingFacts.removeValue(forKey: entry.token) == nil, entry.isTask {
        gone.append(entry.token)
      }
      return true
    }
    entries.sort {
      $0.thread == nil
        ? $1.thread != nil || $0.pid < $1.pid
        : $1.thread != nil && ($0.pid, $0.number) < ($1.pid, $1.number)
    }
    isUnsorted = false
  }
}

// Opens and closes the directories of processes. The source holds the directory of a process open from pass to pass.
// Beyond the limit of open files, the source opens the directory again in each pass, and verifies by PID and start time
// that it belongs to the same process.

extension ProcfsSource {
  /// Reads a known process again. Returns false if the process has exited, even if another process has
  /// its PID now.
  func readAgain(_ index: Int, isListed: Bool) throws(ProcfsError) -> Bool {
    let entry = entries[index]
    if entry.directory >= 0 {
      let isThere = try readLinks(index, in: entry.directory)
      if isThere, openDirectories > descriptorBudget { release(index) }
      return isThere
    }
    guard isListed else { return false }
    guard entry.startTicks != nil else {
      // Without a start time, the process cannot be distinguished from a later one with its PID. It counts as
      // the same process as long as the directory of the PID may not be entered.
      if case .denied = try NamespaceDirectory.open(entry.pid, in: root) { return true }
      return false
    }
    guard entry.outlivedStartTick else {
      if entry.thread == nil { indistinct[entry.pid] = entry.startTicks }
      return false
    }
    guard let directory = try reopen(entry) else { return false }
    defer { close(directory) }
    return try readLinks(index, in: directory)
  }

  /// Closes the directory of a process, if PID and start time identify the process from now on.
  private func release(_ index: Int) {
    let entry = entries[index]
    guard entry.thread == nil, let ticks = entry.startTicks, hasPassed(ticks) else { return }
    entries[index].outlivedStartTick = true
    close(entry.directory)
    entries[index].directory = -1
    openDirectories -= 1
  }

  /// Calls `body` with the directory of a process; returns nil if the process has exited.
  func withDirectory<T>(
    of entry: ProcessEntry, _ body: (Int32) throws(ProcfsError) -> T
  ) throws(ProcfsError) -> T? {
    if entry.directory >= 0 { return try body(entry.directory) }
    guard let directory = try reopen(entry) else { return nil }
    defer { close(directory) }
    return try body(directory)
  }

  /// Opens the directory of a process that is not held open; returns nil if the PID no longer belongs
  /// to that process.
  private func reopen(_ entry: ProcessEntry) throws(ProcfsError) -> Int32? {
    guard
      case .opened(let directory) = try NamespaceDirectory.open(
        entry.folder, in: root.descriptor, of: root)
    else { return nil }
    var staysOpen = false
    defer { if !staysOpen { close(directory) } }
    let stat = try FactsReader.stat(entry.number, in: directory, root: root)
    guard case .success(let line) = stat, line.startTicks == entry.startTicks else { return nil }
    staysOpen = true
    return directory
  }
}
