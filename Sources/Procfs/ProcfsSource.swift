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

internal import CLinux
internal import Glibc
public import NamespaceModel
internal import SystemPackage

/// Takes samples from a `/proc` of processes, holding a directory of each between two passes.
public final class ProcfsSource: SampleSource {
  /// How namespaces are told apart.
  public let identity: IdentitySource
  let root: ProcRoot
  private let descriptorBudget: Int

  var entries: ContiguousArray<ProcessEntry> = []
  var slots = NamespaceSlots()
  var pass: UInt64 = 0
  var passStart = ClockReading(wall: 0, boot: 0, monotonic: 0)
  var supported: Set<NamespaceLink>
  let reader = LinkReader()
  private var listing = PIDListing()
  private var held = 0
  private var lastToken: UInt64 = 0
  private var gone: [ProcessToken] = []
  private var pendingFacts: [ProcessToken: ProcessFacts] = [:]
  var related: [NamespaceRelations] = []
  /// Called now and then in a pass: who reads many processes keeps others waiting.
  public var onPause: (() -> Void)?
  private static let pauseEvery = 128

  /// A source that reads `root`.
  ///
  /// - Parameters:
  ///   - identity: how namespaces are told apart; by default the best that works.
  ///   - descriptorBudget: how many directories may be held; by default the limit of open files,
  ///     raised as far as it goes, less what the rest of a program needs.
  public init(root: ProcRoot, identity: IdentitySource? = nil, descriptorBudget: Int? = nil) {
    self.root = root
    self.identity = identity ?? IdentitySource.probe(root)
    self.descriptorBudget = descriptorBudget ?? max(0, OpenFileLimit.raise() - 64)
    supported = root.ownLinks()
  }

  deinit {
    for entry in entries where entry.directory >= 0 { close(entry.directory) }
  }

  /// Passes over every process once; see `SampleSource`.
  public func takeSample() throws(ProcfsError) -> ProcessSample {
    try readAll()
    return try finish()
  }

  /// The first step of a pass: reads the links of all processes, in the order of `entries`.
  func readAll() throws(ProcfsError) {
    // A pass that failed leaves what it met unsorted.
    dropGone()
    pass += 1
    passStart = ClockReading.now()
    try listing.refresh(root)
    for (place, pid) in try readKnown().enumerated() {
      if place % Self.pauseEvery == Self.pauseEvery - 1 { onPause?() }
      try admit(pid)
    }
  }

  /// The second step: finds out which namespaces the links were, and tells what is new.
  func finish() throws(ProcfsError) -> ProcessSample {
    try settleIdentities()
    var sample = ProcessSample(start: passStart)
    try askRelations()
    dropGone()
    sample.counts.namespaces = slots.forgetUnseen(in: pass)
    tell(&sample)
    sample.related = related
    related.removeAll()
    sample.end = ClockReading.now()
    return sample
  }

  /// Reads every process known before. Returns the listed PIDs that are none of them.
  private func readKnown() throws(ProcfsError) -> [Int32] {
    var arrivals: [Int32] = []
    var next = 0
    let listed = listing.pids.count
    for index in entries.indices {
      if index % Self.pauseEvery == Self.pauseEvery - 1 { onPause?() }
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
    let holds = held < descriptorBudget
    var keeps = false
    defer { if !keeps { close(directory) } }
    guard let facts = try FactsReader.facts(pid, in: directory, root: root) else { return }
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
    lastToken += 1
    let token = ProcessToken(number: lastToken)
    pendingFacts[token] = facts
    entries.append(
      ProcessEntry(
        pid: facts.pid, directory: directory, token: token, startTicks: facts.startTicks,
        isKernelThread: facts.isKernelThread,
        outlivedStartTick: facts.startTicks.map(hasPassed) ?? false, news: .appeared))
  }

  /// Whether a clock tick was over when this pass began.
  private func hasPassed(_ tick: UInt64) -> Bool {
    ClockTicks.nanoseconds(tick &+ 1, perSecond: Int64(ClockTick.perSecond))
      .map { passStart.boot > $0 } ?? false
  }

  /// Lets go of what is gone. What was never told needs no word; the rest is told as gone.
  private func dropGone() {
    guard entries.contains(where: { $0.news == .gone }) || !pendingFacts.isEmpty else { return }
    entries.removeAll { entry in
      guard entry.news == .gone else { return false }
      if entry.directory >= 0 {
        close(entry.directory)
        held -= 1
      }
      if pendingFacts.removeValue(forKey: entry.token) == nil { gone.append(entry.token) }
      return true
    }
    entries.sort { $0.pid < $1.pid }
  }

  /// Puts into the sample what is new since the last one that was handed out.
  private func tell(_ sample: inout ProcessSample) {
    sample.counts.processes = entries.count
    sample.disappeared = gone
    gone.removeAll()
    let initial = initialInodes()
    sample.initialInodes = initial
    for index in entries.indices {
      if index % Self.pauseEvery == 0 { onPause?() }
      if entries[index].isDenied {
        sample.counts.denied += 1
        sample.counts.firstDenied = sample.counts.firstDenied ?? entries[index].pid
      }
      if entries[index].directory < 0, entries[index].startTicks != nil {
        sample.counts.unheld += 1
      }
      guard entries[index].news != .none || entries[index].descriptionsDue > 0 else { continue }
      let entry = entries[index]
      switch entry.news {
      case .appeared:
        guard let facts = pendingFacts.removeValue(forKey: entry.token) else { break }
        sample.appeared.append(
          .init(
            token: entry.token, facts: facts, description: describe(entry),
            links: states(of: entry, initial: initial)))
      case .changed:
        sample.changed.append(
          .init(token: entry.token, links: states(of: entry, initial: initial)))
        sample.described.append(.init(token: entry.token, description: describe(entry)))
        // A runtime sets namespaces up first and runs its program after.
        entries[index].descriptionsDue = 1
      case .none, .gone:
        sample.described.append(.init(token: entry.token, description: describe(entry)))
        entries[index].descriptionsDue -= 1
      }
      entries[index].news = .none
    }
  }

  private func describe(_ entry: ProcessEntry) -> ProcessDescription {
    // What cannot be read of it now is left unknown: the pass stands without.
    do {
      return try withDirectory(of: entry) { FactsReader.description(in: $0) }
        ?? FactsReader.unknown
    } catch { return FactsReader.unknown }
  }
}
