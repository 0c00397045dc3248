internal import NamespaceBPF
internal import NamespaceModel
internal import Procfs

/// Finds the processes that `/proc` shows and that the kernel withholds from the task program, as a sandbox may, and
/// reads them from `/proc`.
///
/// The kernel counts its threads. If a pass visited as many as there are, less those of the processes that are known to
/// be withheld, no other process is. Otherwise threads have started or ended meanwhile, or a process is withheld: the
/// type then compares the list of `/proc` with the pass.
struct WithheldProcesses {
  private let root: ProcRoot
  private let probe: TaskProbe
  private var listing: ProcessListing
  private(set) var known: [Int32: Process] = [:]

  /// A process that the program does not show.
  struct Process {
    let facts: ProcessFacts
    var description: ProcessDescription
    var links: [LinkState]
    fileprivate var threads: Int
  }

  init(_ root: ProcRoot, _ probe: TaskProbe) {
    self.root = root
    self.probe = probe
    listing = ProcessListing(root)
  }

  /// Reads the withheld processes again, and finds new ones. Keeps those of the last pass if `/proc` cannot be read.
  ///
  /// - Parameters:
  ///   - start: when the pass began.
  ///   - shows: returns whether the pass has a record of a process.
  mutating func refresh(
    _ pass: TaskPass, from start: ClockReading, shows: (Int32) -> Bool
  ) throws(ProcfsError) {
    for (pid, process) in known {
      let again = shows(pid) ? nil : read(pid)
      // A later process with the PID has another start time.
      known[pid] = again?.facts.startTicks == process.facts.startTicks ? again : nil
    }
    let threads = known.values.reduce(0) { $0 + $1.threads }
    if let visited = pass.visited, let all = threadCount(), visited + UInt64(threads) == all {
      return
    }
    for pid in try listing.read() where known[pid] == nil && !shows(pid) {
      // A process that started before the pass, and still runs, was there all the time.
      guard let process = read(pid), let ticks = process.facts.startTicks,
        let tickEnd = ClockTicks.boot(ticks &+ 1, perSecond: Int64(ClockTick.perSecond)),
        tickEnd < start.boot
      else { continue }
      known[pid] = process
    }
  }

  /// The number of threads of the machine: the fourth field of `/proc/loadavg` (`proc_loadavg(5)`).
  private func threadCount() -> UInt64? {
    guard case .success(let text) = root.read("loadavg") else { return nil }
    let fields = String(decoding: text, as: UTF8.self).split(separator: " ")
    guard fields.count > 3 else { return nil }
    return fields[3].split(separator: "/").last.flatMap { UInt64($0) }
  }

  private func read(_ pid: Int32) -> Process? {
    guard let (facts, description) = probe.process(pid),
      let links = probe.links(of: pid, NamespaceLink.allCases, whileRunning: false)
    else { return nil }
    let threads = probe.threads(of: pid).count
    return Process(
      facts: facts, description: description,
      links: zip(NamespaceLink.allCases, links).map { LinkState($0, $1) }, threads: threads)
  }

  /// Returns the threads of a process, without the main thread and without those that have begun to exit.
  func threads(of pid: Int32) -> [(tid: Int32, links: [LinkState])] {
    probe.threads(of: pid).compactMap { tid in
      guard tid != pid,
        let links = probe.links(of: tid, NamespaceLink.allCases, whileRunning: true)
      else { return nil }
      return (tid, zip(NamespaceLink.allCases, links).map { LinkState($0, $1) })
    }
  }
}

extension LinkState {
  /// The state of a link that a probe has read.
  init(_ link: NamespaceLink, _ read: TaskProbe.Link) {
    switch read {
    case .unread(let reason): self = .unread(reason)
    case .namespace(let inode, let id):
      self = .namespace(
        ObservedNamespace(
          type: link.type, inode: inode, kernelID: id, inodeGeneration: 0,
          isInitial: InitialNamespace.isInitial(
            link.type, inode, hasKernelID: id != nil, varying: [:])))
    }
  }
}
