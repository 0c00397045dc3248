/// A change of a task, and its state at that time: a record of the ring of `Programs/Events.bpf.c`, which
/// `Programs/Records.h` defines as `record_event`.
package struct TaskEvent: Sendable {
  /// The kinds of change.
  package enum Kind: Sendable, Hashable {
    /// The task was made by the thread `makerTID` of the process `makerPID`, and has not run yet.
    case start(makerPID: Int32, makerTID: Int32)
    /// The task, a process by now, has executed a program. The thread that called execve(2) had the TID `formerTID`.
    case exec(formerTID: Int32)
    /// The task exits, and is still in its namespaces.
    case exit
    /// The task has changed its namespaces by unshare(2) or setns(2).
    case move
    /// The task is about to execute a program, by which it enters another time namespace.
    case state
  }

  /// The change.
  package let kind: Kind
  /// The time of the change, in nanoseconds of the boot clock.
  package let time: UInt64
  /// The state of the task.
  package let task: TaskRecord

  /// Parses a record; nil if it is not one that the programs write. No bytes make the parser trap.
  package init?(_ bytes: UnsafeRawBufferPointer) {
    typealias Layout = TaskRecord.Layout
    let head = Layout.eventBytes + Layout.taskBytes
    guard bytes.count >= head else { return nil }
    func load<Number: FixedWidthInteger>(_ offset: Int, _: Number.Type) -> Number {
      bytes.loadUnaligned(fromByteOffset: offset, as: Number.self)
    }
    let flags = bytes[Layout.eventBytes + 3]
    let expected = head + (Layout.hasNamespaces(flags) ? Layout.namespacesBytes : 0)
    guard Int(load(0, UInt16.self)) == expected, bytes.count >= expected else { return nil }
    let (maker, makerPID) = (load(8, Int32.self), load(12, Int32.self))
    switch bytes[2] {
    case Layout.kindStart: kind = .start(makerPID: makerPID, makerTID: maker)
    case Layout.kindExec: kind = .exec(formerTID: maker)
    case Layout.kindExit: kind = .exit
    case Layout.kindMove: kind = .move
    case Layout.kindState: kind = .state
    default: return nil
    }
    time = load(16, UInt64.self)
    task = TaskRecord(
      UnsafeRawBufferPointer(rebasing: bytes[Layout.eventBytes..<expected]))
    let last = UInt64(Int64.max)
    guard time <= last, task.start <= last, task.tid > 0, task.pid > 0 else { return nil }
  }
}
