// The directory of a process: held from pass to pass, or, past the limit of open files, opened anew
// in each, when PID and start time have to tell that it is the same process.

internal import Glibc
internal import NamespaceModel

extension ProcfsSource {
  /// Reads a process known before. Returns false when it is gone, whoever has its PID now.
  func readAgain(_ index: Int, isListed: Bool) throws(ProcfsError) -> Bool {
    let entry = entries[index]
    if entry.directory >= 0 {
      let isThere = try readLinks(index, in: entry.directory)
      if isThere, held > descriptorBudget { release(index) }
      return isThere
    }
    guard isListed else { return false }
    guard entry.startTicks != nil else {
      // Not to be told from another user of its PID; whatever it is, it may not be read.
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

  /// Holds the directory of a process no more, if PID and start time name it from now on.
  private func release(_ index: Int) {
    let entry = entries[index]
    guard entry.thread == nil, let ticks = entry.startTicks, hasPassed(ticks) else { return }
    entries[index].outlivedStartTick = true
    close(entry.directory)
    entries[index].directory = -1
    held -= 1
  }

  /// Gives `body` the directory of a process; nil when the process is gone.
  func withDirectory<T>(
    of entry: ProcessEntry, _ body: (Int32) throws(ProcfsError) -> T
  ) throws(ProcfsError) -> T? {
    if entry.directory >= 0 { return try body(entry.directory) }
    guard let directory = try reopen(entry) else { return nil }
    defer { close(directory) }
    return try body(directory)
  }

  /// Opens the directory of a process that is not held, if the PID is still of that process.
  private func reopen(_ entry: ProcessEntry) throws(ProcfsError) -> Int32? {
    guard
      case .opened(let directory) = try NamespaceDirectory.open(
        entry.folder, in: root.descriptor, of: root)
    else { return nil }
    var isKept = false
    defer { if !isKept { close(directory) } }
    let stat = try FactsReader.stat(entry.number, in: directory, root: root)
    guard case .success(let line) = stat, line.startTicks == entry.startTicks else { return nil }
    isKept = true
    return directory
  }
}
