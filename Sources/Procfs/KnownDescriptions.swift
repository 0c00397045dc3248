internal import NamespaceModel

/// What the description of each process was when it was read last. Every pass reads some again: all on
/// a machine with few processes, and on others so many that each is read in one of a few passes.
struct KnownDescriptions {
  private var known: [ProcessToken: Known] = [:]
  private var last: Place?

  private struct Known {
    var description: ProcessDescription
    /// When the last pass began that read all parts of it, on the boot clock.
    var read: Int64
  }

  /// The order in which entries stand.
  private struct Place: Comparable {
    let isThread: Bool
    let pid: Int32
    let number: Int32

    init(_ entry: ProcessEntry) {
      isThread = entry.thread != nil
      pid = entry.pid
      number = entry.number
    }

    static func < (one: Place, other: Place) -> Bool {
      if one.isThread != other.isThread { return other.isThread }
      return (one.pid, one.number) < (other.pid, other.number)
    }
  }

  /// Indices of a list that begins anew behind its end.
  struct Range {
    let first: Int
    let count: Int
    let length: Int

    func contains(_ index: Int) -> Bool {
      let distance = index - first
      return (distance < 0 ? distance + length : distance) < count
    }
  }

  /// At least so many are read again in each pass, and at least this part of all.
  private static let least = 512
  private static let part = 4

  subscript(token: ProcessToken) -> ProcessDescription? { known[token]?.description }

  /// The entries that are to be read again in this pass: those that follow the ones of the pass before.
  mutating func due(in entries: ContiguousArray<ProcessEntry>) -> Range {
    let count = min(entries.count, max(Self.least, entries.count / Self.part))
    guard count > 0 else { return Range(first: 0, count: 0, length: 0) }
    var first = 0
    if let last, count < entries.count {
      var high = entries.count
      while first < high {
        let middle = (first + high) / 2
        if Place(entries[middle]) > last { high = middle } else { first = middle + 1 }
      }
      if first == entries.count { first = 0 }
    }
    last = Place(entries[(first + count - 1) % entries.count])
    return Range(first: first, count: count, length: entries.count)
  }

  /// Takes over what was read; gives when the last pass began that read all of what was known before.
  mutating func learn(
    _ read: ProcessDescription, of token: ProcessToken, at boot: Int64
  ) -> Int64? {
    let isWhole = read.comm != nil && read.uid != nil && read.cgroup != nil && read.parentPID != nil
    guard let before = known[token] else {
      known[token] = Known(description: read, read: boot)
      return nil
    }
    known[token]?.description.update(read)
    if isWhole { known[token]?.read = boot }
    return before.read
  }

  /// A process was read, and is described as before.
  mutating func confirm(_ token: ProcessToken, at boot: Int64) { known[token]?.read = boot }

  /// Forgets a process that is gone.
  mutating func forget(_ token: ProcessToken) { known[token] = nil }
}
