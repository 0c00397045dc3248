// Samples of /proc.
//
// A pass lists /proc, reads ten links of each process it knows, meets the processes it does not,
// and at the end asks the kernel once for the id of each inode number it saw.
//
// Why the end: an inode number is used again at once when its namespace dies. If a number had
// the kernel id N at the end of the last pass and has it at the end of this one, N lived all the
// time between, so every read of the number in this pass was of N. A number new in this pass is
// identified at its first read, with inode and id from one call, and again at the end. Where the
// second answer differs, or nobody is left to ask, each process that read the number is asked
// for itself (ProcfsSource+Identity.swift). Where the kernel gives no id, the processes that hold
// a number from pass to pass prove as much as can be (ProcfsSource+Continuity.swift).
//
// Threads that are read (ProcfsSource+Threads.swift) are among the processes, behind those: what is
// said of these holds for them too. In a pass all are read in the order in which they stand.

internal import CLinux
internal import Glibc
package import NamespaceModel
internal import SystemPackage

/// Takes samples from a `/proc` of processes, holding a directory of each between two passes.
package final class ProcfsSource: SampleSource {
  /// How namespaces are told apart.
  package let identity: IdentitySource
  let root: ProcRoot
  let descriptorBudget: Int

  var entries: ContiguousArray<ProcessEntry> = []
  var slots = NamespaceSlots()
  var pass: UInt64 = 0
  var passStart = ClockReading(wall: 0, boot: 0, monotonic: 0)
  var supported: Set<NamespaceLink>
  let reader = LinkReader()
  private var listing = PIDListing()
  var threadListing = PIDListing()
  var held = 0
  private var lastToken: UInt64 = 0
  /// Whether a process or thread was added since they were sorted.
  private var isUnsorted = false
  var gone: [ProcessToken] = []
  var pendingFacts: [ProcessToken: ProcessFacts] = [:]
  var related: [NamespaceRelations] = []
  /// When the processes started that this pass could not tell from another with their PID.
  var indistinct: [Int32: UInt64] = [:]
  private var unproven: Set<ProcessToken> = []
  /// How threads that are to be reported came to differ from their processes.
  var origins: [ProcessToken: ThreadOrigin] = [:]
  /// The links that threads had in the last pass that was handed out, of those whose links differ.
  var earlierLinks: [ProcessToken: InlineArray<10, UInt32>] = [:]
  /// How many passes were handed out, and whether the last of them read the threads of every process.
  private(set) var passes = 0
  private(set) var readThreadsBefore = false
  var descriptions = KnownDescriptions()
  let descriptionCheck: DescriptionCheck
  /// Called now and then in a pass: who reads many processes keeps others waiting.
  package var onPause: (() -> Void)?
  /// Whether a pass is to end at the next pause, as one that failed (`ECANCELED`).
  package var isCancelled: (() -> Bool)?
  static let pauseEvery = 128
  /// So many directories beyond the budget are held, each until the clock tick in which its process
  /// started has passed.
  private static let youngReserve = 24
  /// Whether the next pass reads the threads of every process, and not only those beside a main thread
  /// that has exited.
  package var readsThreads = false

  /// A source that reads `root`.
  ///
  /// - Parameters:
  ///   - identity: how namespaces are told apart; by default the best that works.
  ///   - descriptorBudget: how many directories may be held; by default the limit of open files,
  ///     raised as far as it goes, less what the rest of a program needs.
  package init(root: ProcRoot, identity: IdentitySource? = nil, descriptorBudget: Int? = nil) {
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

  /// The first step of a pass: reads the links of all processes, in the order of `entries`.
  func readAll() throws(ProcfsError) {
    // A pass that failed leaves what it met unsorted.
    dropGone()
    pass += 1
    passStart = ClockReading.now()
    indistinct.removeAll()
    unproven.removeAll()
    try listing.refresh(root)
    let arrivals = try readKnown()
    let crowds = try readKnownThreads()
    let first = entries.count
    // In a first pass there are many: their room is not doubled then as they come.
    if arrivals.count > first { entries.reserveCapacity(first + arrivals.count) }
    for (place, pid) in arrivals.enumerated() {
      if place % Self.pauseEvery == Self.pauseEvery - 1 { try pause() }
      try admit(pid)
    }
    try meetThreads(of: crowds, first..<entries.count)
  }

  /// The second step: finds out which namespaces the links were, and tells what is new.
  func finish() throws(ProcfsError) -> ProcessSample {
    try settleIdentities()
    var sample = ProcessSample(start: passStart)
    try askRelations()
    try compareThreads()
    dropGone()
    sample.counts.namespaces = slots.forgetUnseen(in: pass)
    tell(&sample)
    sample.unproven = unproven
    sample.related = related
    related.removeAll()
    earlierLinks.removeAll()
    passes += 1
    readThreadsBefore = readsThreads
    sample.end = ClockReading.now()
    return sample
  }

  /// Reads every process known before. Returns the listed PIDs that are none of them.
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
        entries[index].news = .gone
        if isListed { arrivals.append(pid) }
      }
    }
    arrivals.append(contentsOf: listing.pids[next...])
    return arrivals
  }

  /// Meets a process: opens its directory, reads who it is, and then its links.
  private func admit(_ pid: Int32) throws(ProcfsError) {
    let directory: Int32
    switch try NamespaceDirectory.open(pid, in: root) {
    case .gone: return
    case .denied:
      add(ProcessFacts(unreadable: pid), directory: -1)
      entries[entries.count - 1].isDenied = true
      return
    case .opened(let opened): directory = opened
    }
    var keeps = false
    defer { if !keeps { close(directory) } }
    guard let facts = try FactsReader.facts(pid, in: directory, root: root) else { return }
    // Only by its directory is a process the same one in the clock tick of its start.
    let isYoung = facts.startTicks.map { !hasPassed($0) } ?? false
    let holds = held < descriptorBudget + (isYoung ? Self.youngReserve : 0)
    add(facts, directory: holds ? directory : -1)
    if holds {
      keeps = true
      held += 1
    }
    if !(try readLinks(entries.count - 1, in: directory)) {
      entries[entries.count - 1].news = .gone
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
        outlivedStartTick: facts.startTicks.map(hasPassed) ?? false, news: .appeared))
  }

  /// Lets the caller do what cannot wait for the end of a pass.
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

  /// Whether a clock tick was over when this pass began.
  func hasPassed(_ tick: UInt64) -> Bool {
    ClockTicks.nanoseconds(tick &+ 1, perSecond: Int64(ClockTick.perSecond))
      .map { passStart.boot > $0 } ?? false
  }

  /// Lets go of what is gone. What was never told needs no word; the rest is reported as gone.
  private func dropGone() {
    guard isUnsorted || entries.contains(where: { $0.news == .gone }) else { return }
    entries.removeAll { entry in
      guard entry.news == .gone else { return false }
      if entry.directory >= 0 {
        close(entry.directory)
        held -= 1
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
