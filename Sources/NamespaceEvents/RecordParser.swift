// perf_event_open(2) defines the form of the records in a ring. The events are opened with `sample_id_all` and
// PERF_SAMPLE_TIME as their only `sample_type`. So each record consists of a header of 8 bytes (u32 type, u16 misc,
// u16 size), the fields of its type, and the time in the last 8 bytes. Numbers are in the machine's byte order.

package import NamespaceModel

/// Parses the kernel's perf records: bytes in, values out. No input makes the parser trap.
package enum RecordParser {
  /// One parsed record.
  package enum Record: Sendable, Hashable {
    /// An event of a task.
    case event(KernelEvent)
    /// The kernel found no room in the ring for this many records since its previous report of losses;
    /// `time` is the time of this report, in nanoseconds of `CLOCK_BOOTTIME`.
    case lost(records: UInt64, time: BootTime)
    /// A record of a type that the parser does not use.
    case other(type: UInt32)
    /// A record that is shorter than its type requires, or that announces more entries than fit into it.
    case malformed
  }

  // enum perf_event_type of linux/perf_event.h.
  private enum Kind {
    static let lost: UInt32 = 2
    static let comm: UInt32 = 3
    static let exit: UInt32 = 4
    static let fork: UInt32 = 7
    static let namespaces: UInt32 = 16
  }
  /// PERF_RECORD_MISC_COMM_EXEC.
  private static let execFlag: UInt16 = 1 << 13
  private static let headerBytes = 8

  /// Parses the first record of a buffer, and returns it with its length in bytes.
  ///
  /// Returns nil if the buffer ends before the record does, or if the record's size is less than a
  /// header's.
  package static func parse(_ bytes: RawSpan) -> (record: Record, length: Int)? {
    guard bytes.byteCount >= headerBytes else { return nil }
    let type = bytes.load(0, UInt32.self)
    let misc = bytes.load(4, UInt16.self)
    let length = Int(bytes.load(6, UInt16.self))
    guard length >= headerBytes, length <= bytes.byteCount else { return nil }
    let record =
      switch type {
      case Kind.fork, Kind.exit: task(bytes, length: length, isFork: type == Kind.fork)
      case Kind.comm: comm(bytes, length: length, isExec: misc & execFlag != 0)
      case Kind.namespaces: namespaces(bytes, length: length)
      case Kind.lost: lost(bytes, length: length)
      default: Record.other(type: type)
      }
    return (record, length)
  }

  // The fields after the header: u32 pid, ppid, tid, ptid; u64 time; and the time of the record.
  private static func task(_ bytes: RawSpan, length: Int, isFork: Bool) -> Record {
    guard length >= headerBytes + 32 else { return .malformed }
    let kind: KernelEvent.Kind =
      isFork
      ? .fork(parentPID: bytes.load(12, Int32.self), parentTID: bytes.load(20, Int32.self))
      : .exit
    return .event(
      KernelEvent(
        time: BootTime(nanoseconds: bytes.load(length - 8, Int64.self)),
        pid: bytes.load(8, Int32.self),
        tid: bytes.load(16, Int32.self), kind: kind))
  }

  // The fields after the header: u32 pid, tid; char comm[]; and the time of the record.
  private static func comm(_ bytes: RawSpan, length: Int, isExec: Bool) -> Record {
    guard length >= headerBytes + 16 else { return .malformed }
    let name = CommName(bytes, at: 16, count: length - 24)
    return .event(
      KernelEvent(
        time: BootTime(nanoseconds: bytes.load(length - 8, Int64.self)),
        pid: bytes.load(8, Int32.self),
        tid: bytes.load(12, Int32.self), kind: .comm(name, isExec: isExec)))
  }

  // The fields after the header: u32 pid, tid; u64 count; `count` pairs of u64 device and u64 inode; and the time
  // of the record.
  private static func namespaces(_ bytes: RawSpan, length: Int) -> Record {
    let start = headerBytes + 16
    guard length >= start + 8 else { return .malformed }
    let listed = bytes.load(16, UInt64.self)
    guard listed <= UInt64((length - start - 8) / 16) else { return .malformed }
    let count = Int(listed)
    var inodes = NamespaceInodes()
    func set(_ index: Int, _ type: NamespaceType) {
      if index < count { inodes.set(type, bytes.load(start + 16 * index + 8, UInt64.self)) }
    }
    // The order of the types is that of NET_NS_INDEX and its like in linux/perf_event.h.
    set(0, .net)
    set(1, .uts)
    set(2, .ipc)
    set(3, .pid)
    set(4, .user)
    set(5, .mnt)
    set(6, .cgroup)
    return .event(
      KernelEvent(
        time: BootTime(nanoseconds: bytes.load(length - 8, Int64.self)),
        pid: bytes.load(8, Int32.self),
        tid: bytes.load(12, Int32.self), kind: .namespaces(inodes)))
  }

  // The fields after the header: u64 id, lost; and the time of the record.
  private static func lost(_ bytes: RawSpan, length: Int) -> Record {
    guard length >= headerBytes + 24 else { return .malformed }
    return .lost(
      records: bytes.load(16, UInt64.self),
      time: BootTime(nanoseconds: bytes.load(length - 8, Int64.self)))
  }
}

extension RawSpan {
  /// Loads the integer at an offset, which need not be aligned; traps if it is out of bounds.
  @inline(__always)
  fileprivate func load<Number: BitwiseCopyable>(_ offset: Int, _ type: Number.Type) -> Number {
    unsafeLoadUnaligned(fromByteOffset: offset, as: type)
  }
}
