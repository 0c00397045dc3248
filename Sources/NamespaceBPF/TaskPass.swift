internal import Glibc
package import SystemPackage

/// The result of one pass over all tasks: the records that the task program wrote, in the order of their TIDs.
///
/// A pass is not atomic: each record is of the moment at which the kernel visited the task. A task that exists during
/// the whole pass has exactly one record, unless it is a thread in the namespaces of its process, which has none.
package struct TaskPass {
  /// The bytes that the kernel wrote, in the first `filled` of these.
  private var bytes: [UInt8] = []
  private var filled = 0
  /// The offset of each record of a task in `bytes`, in the order of the TIDs.
  private var offsets: ContiguousArray<Int> = []
  /// The offset of the first byte that has not been parsed.
  private var parsed = 0
  private var lastTID: Int32 = 0
  private var isUnordered = false
  /// The number of tasks that the kernel visited, with the threads that have no record; nil if the pass has not ended.
  package private(set) var visited: UInt64?
  /// The number of records that another record of the same TID replaced: see `sortRecords`.
  package private(set) var replaced = 0

  /// A pass without records, whose memory later passes use.
  package init() {}

  /// Parses the bytes of a pass. Throws `unfinished` if the record that ends a pass is missing.
  package init(_ bytes: [UInt8]) throws(TaskPassError) {
    self.bytes = bytes
    filled = bytes.count
    guard try parse() else { throw TaskPassError(.unfinished, offset: parsed) }
  }

  /// The number of records.
  package var count: Int { offsets.count }

  /// Returns a record.
  package subscript(index: Int) -> TaskRecord { record(at: index, TaskRecord.init) }

  /// Returns the TID of a record.
  package func tid(_ index: Int) -> Int32 {
    record(at: index) { $0.loadUnaligned(fromByteOffset: 4, as: Int32.self) }
  }

  /// Returns whether a record is that of a process, or of the main thread of one.
  package func isProcess(_ index: Int) -> Bool {
    record(at: index) {
      $0.loadUnaligned(fromByteOffset: 4, as: Int32.self)
        == $0.loadUnaligned(fromByteOffset: 8, as: Int32.self)
    }
  }

  /// Returns the index of the record of a process, by binary search; nil if there is none.
  package func indexOfProcess(_ pid: Int32) -> Int? {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if tid(middle) < pid { low = middle + 1 } else { high = middle }
    }
    return low < count && tid(low) == pid && isProcess(low) ? low : nil
  }

  /// Returns whether two records of two passes are equal in every byte: nothing about the task has changed.
  package func isSame(_ index: Int, as other: Int, in pass: TaskPass) -> Bool {
    record(at: index) { one in
      pass.record(at: other) { two in
        guard let first = one.baseAddress, let second = two.baseAddress else { return false }
        return one.count == two.count && memcmp(first, second, one.count) == 0
      }
    }
  }

  private func record<Result>(at index: Int, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    bytes.withUnsafeBytes { all in
      // `parse` has checked that each record lies within the bytes.
      let start = offsets[index]
      let size = Int(all.loadUnaligned(fromByteOffset: start, as: UInt16.self))
      return body(UnsafeRawBufferPointer(rebasing: all[start..<(start + size)]))
    }
  }
}

// Reading and parsing a pass.

extension TaskPass {
  /// The least room in bytes for one read(2): the kernel's buffer of an iterator, of which a read returns a part.
  private static let room = 1 << 16
  /// The most bytes of a pass. A machine has 4 million tasks at most (`proc_sys_kernel(5)`, pid_max), with 200 bytes
  /// each.
  private static let mostBytes = 1 << 30
  /// The most times that the kernel may ask the reader of one pass to read again.
  private static let mostRepeats = 20_000

  /// Reads a pass, and replaces the earlier content by it.
  ///
  /// The reader stops at the record that ends the pass. The kernel does not: asked for more, it continues with the
  /// tasks that have started meanwhile and have higher TIDs than all before (bpf_seq_read of kernel/bpf/bpf_iter.c
  /// begins the next read where the last one ended, and task_seq_start of task_iter.c finds them).
  ///
  /// - Parameters:
  ///   - read: reads into the given space, as read(2): the number of bytes, 0 at the end, or the error.
  ///   - wait: called before a read that repeats a failed one; sleeps a little.
  package mutating func fill(
    _ read: (UnsafeMutableRawBufferPointer) -> Result<Int, Errno>, wait: () -> Void
  ) throws(TaskPassError) {
    clear()
    var repeats = 0
    while true {
      if bytes.count - filled < Self.room {
        guard bytes.count < Self.mostBytes else { throw TaskPassError(.endless, offset: filled) }
        bytes.append(contentsOf: repeatElement(0, count: max(Self.room, bytes.count)))
      }
      let start = filled
      let result = bytes.withUnsafeMutableBytes {
        read(UnsafeMutableRawBufferPointer(rebasing: $0[start...]))
      }
      switch result {
      case .success(0): throw TaskPassError(.unfinished, offset: filled)
      case .success(let count):
        filled += min(count, bytes.count - filled)
        if try parse() { return }
      case .failure(.resourceTemporarilyUnavailable), .failure(.interrupted):
        // The program asked the kernel to visit a task again, or a signal arrived.
        repeats += 1
        guard repeats <= Self.mostRepeats else {
          throw TaskPassError(.system(.resourceTemporarilyUnavailable), offset: filled)
        }
        if repeats > 16 { wait() }
      case .failure(let errno): throw TaskPassError(.system(errno), offset: filled)
      }
    }
  }

  private mutating func clear() {
    filled = 0
    parsed = 0
    lastTID = 0
    isUnordered = false
    visited = nil
    replaced = 0
    offsets.removeAll(keepingCapacity: true)
  }

  /// Parses the complete records that have not been parsed yet. Returns true if one of them ends the pass.
  private mutating func parse() throws(TaskPassError) -> Bool {
    while filled - parsed >= TaskRecord.Layout.endBytes {
      let start = parsed
      let (size, kind, flags) = bytes.withUnsafeBytes {
        (
          Int($0.loadUnaligned(fromByteOffset: start, as: UInt16.self)), $0[start + 2],
          $0[start + 3]
        )
      }
      switch kind {
      case TaskRecord.Layout.kindEnd:
        guard size == TaskRecord.Layout.endBytes else { throw malformed(.size) }
        visited = bytes.withUnsafeBytes {
          $0.loadUnaligned(fromByteOffset: start + 8, as: UInt64.self)
        }
        parsed += size
        if isUnordered { sortRecords() }
        return true
      case TaskRecord.Layout.kindTask:
        let hasNamespaces = TaskRecord.Layout.hasNamespaces(flags)
        let expected =
          TaskRecord.Layout.taskBytes + (hasNamespaces ? TaskRecord.Layout.namespacesBytes : 0)
        guard size == expected else { throw malformed(.size) }
        guard filled - parsed >= size else { return false }
        try add(start)
        parsed += size
      default: throw malformed(.kind)
      }
    }
    return false
  }

  /// Adds a record of a task, which begins at an offset.
  private mutating func add(_ start: Int) throws(TaskPassError) {
    let (tid, pid, began) = bytes.withUnsafeBytes {
      (
        $0.loadUnaligned(fromByteOffset: start + 4, as: Int32.self),
        $0.loadUnaligned(fromByteOffset: start + 8, as: Int32.self),
        $0.loadUnaligned(fromByteOffset: start + 16, as: UInt64.self)
      )
    }
    guard tid > 0, pid > 0 else { throw malformed(.pid) }
    guard began <= UInt64(Int64.max) else { throw malformed(.start) }
    if tid <= lastTID { isUnordered = true }
    lastTID = max(lastTID, tid)
    offsets.append(start)
  }

  /// Sorts the records by TID, and retains the last record of each.
  ///
  /// The kernel visits the tasks in the order of their TIDs, with one exception: it finds a task by its TID, and before
  /// it visits the task, the task may execute a program and get the PID of its process (de_thread of fs/exec.c). The
  /// process then has one record here, and may have another in its own place.
  private mutating func sortRecords() {
    let order = offsets.indices.map { (tid: tid($0), offset: offsets[$0]) }
      .sorted { ($0.tid, $0.offset) < ($1.tid, $1.offset) }
    offsets.removeAll(keepingCapacity: true)
    for (index, record) in order.enumerated() {
      if index + 1 < order.count, order[index + 1].tid == record.tid {
        replaced += 1
      } else {
        offsets.append(record.offset)
      }
    }
  }

  private func malformed(_ fault: TaskPassError.Fault) -> TaskPassError {
    TaskPassError(.malformed(fault), offset: parsed)
  }
}

/// A pass over all tasks that failed.
package struct TaskPassError: Error, Sendable, Hashable {
  /// The reason for the failure.
  package let cause: Cause
  /// The number of bytes of the pass before the failure; for `malformed`, the offset of the record.
  package let offset: Int

  /// The reasons for a failure.
  package enum Cause: Sendable, Hashable {
    /// The kernel returned this error.
    case system(Errno)
    /// The kernel ended the pass without the record that ends it.
    case unfinished
    /// The pass is larger than that of any machine.
    case endless
    /// A record is not one that the program writes.
    case malformed(Fault)
  }

  /// The faults of a record.
  package enum Fault: String, Sendable, Hashable {
    case size = "its size does not fit its kind"
    case kind = "its kind is unknown"
    case pid = "its PID is not above zero"
    case start = "its start time is beyond every clock"
  }

  /// A failure with this reason.
  package init(_ cause: Cause, offset: Int) {
    self.cause = cause
    self.offset = offset
  }
}

extension TaskPassError: CustomStringConvertible {
  /// The error as one line.
  package var description: String {
    let reason =
      switch cause {
      case .system(let errno): "\(errno) after \(offset) bytes"
      case .unfinished: "the kernel ended it after \(offset) bytes without its last record"
      case .endless: "it has more than \(offset) bytes"
      case .malformed(let fault): "the record at byte \(offset) is malformed: \(fault.rawValue)"
      }
    return "cannot read a pass of the BPF task iterator: \(reason)"
  }
}
