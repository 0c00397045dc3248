internal import NamespaceModel

/// The description of each task as last read. Every pass over the processes reads some descriptions again: all of them
/// on a machine with few processes, otherwise a fraction, so that every description is read once in a few passes.
struct KnownDescriptions {
  private var known: [ProcessToken: Known] = [:]
  private var last: SortKey?

  /// A description as last read. A class, so that a pass copies no description that is unchanged.
  final class Known {
    fileprivate(set) var description: ProcessDescription
    /// The address of the arguments (`StatLine.argumentStart`) that was read with the description.
    fileprivate(set) var argumentStart: UInt64?
    /// The start, on the boot clock, of the last pass that read all parts of the description; if none has,
    /// of the first pass that read the description.
    fileprivate(set) var read: BootTime

    fileprivate init(
      description: ProcessDescription, argumentStart: UInt64?, read: BootTime
    ) {
      self.description = description
      self.argumentStart = argumentStart
      self.read = read
    }

    /// Notes that a pass read the description, and that it has not changed.
    func confirm(at boot: BootTime) { read = boot }

    /// Returns whether the process still has the program that was read, as far as `stat` shows.
    func hasProgram(of stat: StatLine, withCommandLine: Bool) -> Bool {
      guard stat.argumentStart == argumentStart, stat.comm == description.comm else { return false }
      // Without the address nothing shows an exec, but a second read would show it only by chance.
      guard argumentStart != nil else { return true }
      return withCommandLine
        ? description.program?.commandLine != nil : description.program?.executable != nil
    }
  }

  /// The key by which the entries of the source are sorted: processes before threads, each by number.
  private struct SortKey: Comparable {
    let isThread: Bool
    let pid: Int32
    let number: Int32

    init(_ entry: ProcessEntry) {
      isThread = entry.thread != nil
      pid = entry.pid
      number = entry.number
    }

    static func < (one: SortKey, other: SortKey) -> Bool {
      if one.isThread != other.isThread { return other.isThread }
      return (one.pid, one.number) < (other.pid, other.number)
    }
  }

  /// A range of `count` indices from `first` on in a list of `length` entries, which continues at the beginning
  /// of the list when it reaches the end.
  struct Range {
    let first: Int
    let count: Int
    let length: Int

    func contains(_ index: Int) -> Bool {
      let distance = index - first
      return (distance < 0 ? distance + length : distance) < count
    }
  }

  /// Each pass reads at least `least` descriptions again, and at least one in `part` of all of them.
  private static let least = 512
  private static let part = 4

  subscript(token: ProcessToken) -> ProcessDescription? { known[token]?.description }

  /// Returns the description of a task as last read, with the address of its arguments; nil if none was read.
  func lastRead(_ token: ProcessToken) -> Known? { known[token] }

  /// Returns the indices of the entries whose descriptions this pass reads again: those that follow the
  /// entries whose descriptions the previous pass read.
  mutating func due(in entries: ContiguousArray<ProcessEntry>) -> Range {
    let count = min(entries.count, max(Self.least, entries.count / Self.part))
    guard count > 0 else { return Range(first: 0, count: 0, length: 0) }
    var first = 0
    if let last, count < entries.count {
      var high = entries.count
      while first < high {
        let middle = (first + high) / 2
        if SortKey(entries[middle]) > last { high = middle } else { first = middle + 1 }
      }
      if first == entries.count { first = 0 }
    }
    last = SortKey(entries[(first + count - 1) % entries.count])
    return Range(first: first, count: count, length: entries.count)
  }

  /// Stores the parts that were read. Returns the time after which a difference to the known description
  /// arose: the start of the last pass that read all parts of that one. Nil if no description was known.
  mutating func learn(
    _ read: ProcessDescription, argumentStart: UInt64?, of token: ProcessToken, at boot: BootTime
  ) -> BootTime? {
    let isWhole = read.comm != nil && read.uid != nil && read.cgroup != nil && read.parentPID != nil
    guard let before = known[token] else {
      known[token] = Known(description: read, argumentStart: argumentStart, read: boot)
      return nil
    }
    let since = before.read
    before.description.update(read)
    before.argumentStart = argumentStart
    if isWhole { before.read = boot }
    return since
  }

  /// Drops the description of a process that has exited.
  mutating func forget(_ token: ProcessToken) { known[token] = nil }
}
