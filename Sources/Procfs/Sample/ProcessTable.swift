internal import Glibc
internal import NamespaceModel
internal import SystemPackage

/// One reading of all processes.
struct Pass {
  /// The number of the pass; the first is 1.
  var number: UInt64 = 0
  var start = ClockReading.zero

  /// Whether a clock tick had ended when the pass began.
  func began(after tick: UInt64) -> Bool {
    ClockTicks.boot(tick &+ 1, perSecond: Int64(ClockTick.perSecond)).map { start.boot > $0 }
      ?? false
  }
}

/// The known processes, and after them the threads that are read, each with its open directory.
///
/// The table holds the directory of a process open from pass to pass. Beyond the limit of open files, it opens the
/// directory again in each pass, and verifies by PID and start time that it belongs to the same process.
final class ProcessTable {
  let root: ProcRoot
  /// In the order of a pass: processes before threads, each by PID and TID, except those that the current pass added.
  var entries: ContiguousArray<ProcessEntry> = []
  /// The current pass.
  private(set) var pass = Pass()
  private let descriptorBudget: Int
  private var openDirectories = 0
  private var lastToken: UInt64 = 0
  /// Whether entries were added since they were sorted.
  private var isUnsorted = false

  /// The number of directories that may be held open beyond `descriptorBudget`, for processes that started in the
  /// current clock tick: until the tick has passed, PID and start time do not identify them.
  private static let youngReserve = 24

  init(root: ProcRoot, descriptorBudget: Int) {
    self.root = root
    self.descriptorBudget = descriptorBudget
  }

  deinit {
    for entry in entries where entry.directory >= 0 { close(entry.directory) }
  }

  /// The number of processes, which precede the threads in `entries`; valid until a process is added.
  var processCount: Int { entries.firstIndex { $0.thread != nil } ?? entries.count }

  func beginPass() { pass = Pass(number: pass.number + 1, start: ClockReading.now()) }

  func makeToken() -> ProcessToken {
    lastToken += 1
    return ProcessToken(number: lastToken)
  }

  /// Reserves the room for all entries of a pass at once, instead of doubling it repeatedly.
  func reserve(_ more: Int) {
    if more > entries.count { entries.reserveCapacity(entries.count + more) }
  }

  /// Adds an entry, and returns its index.
  @discardableResult
  func add(_ entry: ProcessEntry) -> Int {
    entries.append(entry)
    isUnsorted = true
    if entry.directory >= 0 { openDirectories += 1 }
    return entries.count - 1
  }

  /// Whether the directory of one more process can be held open. Within the clock tick of its start, only an open
  /// directory proves that a PID still names the process.
  func canHold(young isYoung: Bool) -> Bool {
    openDirectories < descriptorBudget + (isYoung ? Self.youngReserve : 0)
  }

  /// Whether the directory of one more thread can be held open. Threads may use only half of the budget, so that the
  /// rest is left to processes.
  var canHoldThread: Bool { openDirectories < descriptorBudget / 2 }

  /// Closes the directory of a process if too many are open, and if PID and start time identify the process from now
  /// on.
  func releaseIfOverBudget(_ index: Int) {
    guard openDirectories > descriptorBudget else { return }
    let entry = entries[index]
    guard entry.thread == nil, let ticks = entry.startTicks, pass.began(after: ticks) else {
      return
    }
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

  /// Opens the directory of a process that is not held open; returns nil if the PID no longer belongs to that process.
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

  /// Removes the entries of tasks that have exited, and closes their directories; sorts the others. Returns the removed
  /// ones.
  func removeGone() -> [ProcessEntry] {
    guard isUnsorted || entries.contains(where: { $0.pendingChange == .gone }) else { return [] }
    var removed: [ProcessEntry] = []
    entries.removeAll { entry in
      guard entry.pendingChange == .gone else { return false }
      if entry.directory >= 0 {
        close(entry.directory)
        openDirectories -= 1
      }
      removed.append(entry)
      return true
    }
    entries.sort {
      $0.thread == nil
        ? $1.thread != nil || $0.pid < $1.pid
        : $1.thread != nil && ($0.pid, $0.number) < ($1.pid, $1.number)
    }
    isUnsorted = false
    return removed
  }
}
