internal import Glibc
internal import NamespaceModel
internal import SystemPackage

/// Reads known tasks again in each pass, and adopts processes that are new.
final class TaskReader {
  private let table: ProcessTable
  private let links: LinkCache
  private let changes: ChangeEmitter
  private let pauses: PassPauses
  private var listing = PIDListing()
  /// By PID, the start time in clock ticks of each known process that this pass could not distinguish from another
  /// process that may have got its PID. The pass reports the known process as gone.
  private var indistinct: [Int32: UInt64] = [:]

  init(table: ProcessTable, links: LinkCache, changes: ChangeEmitter, pauses: PassPauses) {
    self.table = table
    self.links = links
    self.changes = changes
    self.pauses = pauses
  }

  /// Lists the processes of the root, and reads every known one again. Returns the listed PIDs that belong to no known
  /// process.
  func readProcesses() throws(ProcfsError) -> [Int32] {
    indistinct.removeAll()
    try listing.refresh(table.root)
    var arrivals: [Int32] = []
    var next = 0
    let listed = listing.pids.count
    for index in 0..<table.processCount {
      try pauses.pause(before: index)
      let pid = table.entries[index].pid
      while next < listed, listing.pids[next] < pid {
        arrivals.append(listing.pids[next])
        next += 1
      }
      let isListed = next < listed && listing.pids[next] == pid
      if isListed { next += 1 }
      if try !readAgain(index, isListed: isListed) {
        table.entries[index].pendingChange = .gone
        if isListed { arrivals.append(pid) }
      }
    }
    arrivals.append(contentsOf: listing.pids[next...])
    return arrivals
  }

  /// Reads a known task again. Returns false if the task has exited, even if another one has its PID now.
  func readAgain(_ index: Int, isListed: Bool) throws(ProcfsError) -> Bool {
    let entry = table.entries[index]
    if entry.directory >= 0 {
      let isThere = try links.read(index, in: entry.directory)
      if isThere { table.releaseIfOverBudget(index) }
      return isThere
    }
    guard isListed else { return false }
    guard entry.startTicks != nil else {
      // Without a start time, the process cannot be distinguished from a later one with its PID. It counts as
      // the same process as long as the directory of the PID may not be entered.
      if case .denied = try NamespaceDirectory.open(entry.pid, in: table.root) { return true }
      return false
    }
    guard entry.outlivedStartTick else {
      if entry.thread == nil { indistinct[entry.pid] = entry.startTicks }
      return false
    }
    return try table.withDirectory(of: entry) { (directory) throws(ProcfsError) in
      try links.read(index, in: directory)
    } ?? false
  }

  /// Adds new processes: opens the directory of each, then reads its facts and its links.
  func adopt(_ pids: [Int32]) throws(ProcfsError) {
    table.reserve(pids.count)
    for (index, pid) in pids.enumerated() {
      try pauses.pause(before: index)
      try adopt(pid)
    }
  }

  private func adopt(_ pid: Int32) throws(ProcfsError) {
    let directory: Int32
    switch try NamespaceDirectory.open(pid, in: table.root) {
    case .gone: return
    case .denied:
      let index = add(ProcessFacts(unreadable: pid), directory: -1)
      table.entries[index].isDenied = true
      return
    case .opened(let opened): directory = opened
    }
    var isStored = false
    defer { if !isStored { close(directory) } }
    guard let facts = try FactsReader.facts(pid, in: directory, root: table.root) else { return }
    let isYoung = facts.startTicks.map { !table.pass.began(after: $0) } ?? false
    isStored = table.canHold(young: isYoung)
    let index = add(facts, directory: isStored ? directory : -1)
    if !(try links.read(index, in: directory)) { table.entries[index].pendingChange = .gone }
  }

  private func add(_ facts: ProcessFacts, directory: Int32) -> Int {
    let token = table.makeToken()
    let isUnproven = facts.startTicks.map { indistinct[facts.pid] == $0 } ?? false
    changes.addProcess(facts, token, isUnproven: isUnproven)
    return table.add(
      ProcessEntry(
        pid: facts.pid, directory: directory, token: token, startTicks: facts.startTicks,
        isKernelThread: facts.isKernelThread,
        outlivedStartTick: facts.startTicks.map(table.pass.began(after:)) ?? false,
        pendingChange: .appeared))
  }
}
