// Opens and closes the directories of processes. The source holds the directory of a process open from pass to pass.
// Beyond the limit of open files, the source opens the directory again in each pass, and verifies by PID and start time
// that it belongs to the same process.

internal import Glibc
internal import NamespaceModel

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
