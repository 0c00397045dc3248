/// Reads the records of a ring (`perf_event_open(2)`, "MMAP layout"). Pure: bytes in, values out.
///
/// Each begins with its type (u32), its flags (u16) and its size (u16), and ends with the time of the
/// boot clock (u64), since the events ask for `sample_id_all` with `PERF_SAMPLE_TIME`.
public enum RecordParser {
  /// What a record is.
  public enum Record: Sendable, Hashable {
    /// Something that happened to a task.
    case event(KernelEvent)
    /// So many records before this found no room in the ring (`PERF_RECORD_LOST`).
    case lost(records: UInt64, time: Int64)
    /// A type that tells nothing here.
    case other(type: UInt32)
    /// A type that is known, with less in it than it has to have.
    case malformed
  }

  private static let header = 8
  private static let execFlag: UInt16 = 1 << 13

  /// The first record of some bytes and its size; nil when they are cut short, or give a size that no
  /// record has.
  public static func parse(_ bytes: RawSpan) -> (record: Record, size: Int)? {
    guard bytes.byteCount >= header else { return nil }
    let size = Int(bytes.number(at: 6, as: UInt16.self))
    guard size >= header, size % 8 == 0, size <= bytes.byteCount else { return nil }
    let type = bytes.number(at: 0, as: UInt32.self)
    let flags = bytes.number(at: 4, as: UInt16.self)
    return (record(type, flags, bytes.extracting(0..<size)), size)
  }

  private static func record(_ type: UInt32, _ flags: UInt16, _ bytes: RawSpan) -> Record {
    switch type {
    case 2: lost(bytes)
    case 3: comm(bytes, isExec: flags & execFlag != 0)
    case 4: task(bytes, isFork: false)
    case 7: task(bytes, isFork: true)
    case 16: namespaces(bytes)
    default: .other(type: type)
    }
  }

  /// u64 id, u64 lost.
  private static func lost(_ bytes: RawSpan) -> Record {
    guard bytes.byteCount >= header + 24 else { return .malformed }
    return .lost(records: bytes.number(at: header + 8, as: UInt64.self), time: bytes.time)
  }

  /// u32 pid, parent's pid, tid, parent's tid, u64 time.
  private static func task(_ bytes: RawSpan, isFork: Bool) -> Record {
    guard bytes.byteCount >= header + 32 else { return .malformed }
    let kind: KernelEvent.Kind =
      isFork
      ? .fork(
        parentPID: bytes.number(at: header + 4, as: Int32.self),
        parentTID: bytes.number(at: header + 12, as: Int32.self)) : .exit
    return .event(
      KernelEvent(
        time: bytes.time, pid: bytes.number(at: header, as: Int32.self),
        tid: bytes.number(at: header + 8, as: Int32.self), kind))
  }

  /// u32 pid, tid, the name with a NUL, up to a multiple of eight bytes.
  private static func comm(_ bytes: RawSpan, isExec: Bool) -> Record {
    guard bytes.byteCount >= header + 24 else { return .malformed }
    let low = bytes.number(at: header + 8, as: UInt64.self)
    let high =
      bytes.byteCount >= header + 32 ? bytes.number(at: header + 16, as: UInt64.self) : 0
    return .event(
      KernelEvent(
        time: bytes.time, pid: bytes.number(at: header, as: Int32.self),
        tid: bytes.number(at: header + 4, as: Int32.self),
        .comm(CommName(low: low, high: high), isExec: isExec)))
  }

  /// u32 pid, tid, u64 count, and for each namespace u64 device, u64 inode.
  private static func namespaces(_ bytes: RawSpan) -> Record {
    guard bytes.byteCount >= header + 24 else { return .malformed }
    let count = bytes.number(at: header + 8, as: UInt64.self)
    guard count <= UInt64((bytes.byteCount - header - 24) / 16) else { return .malformed }
    var inodes = NamespaceInodes()
    for place in 0..<Int(count) {
      inodes.set(bytes.number(at: header + 16 + 16 * place + 8, as: UInt64.self), at: place)
    }
    return .event(
      KernelEvent(
        time: bytes.time, pid: bytes.number(at: header, as: Int32.self),
        tid: bytes.number(at: header + 4, as: Int32.self), .namespaces(inodes)))
  }
}

extension RawSpan {
  /// The number at a place that is within.
  fileprivate func number<T: BitwiseCopyable>(at place: Int, as type: T.Type) -> T {
    unsafeLoadUnaligned(fromByteOffset: place, as: type)
  }

  /// The last eight bytes.
  fileprivate var time: Int64 { number(at: byteCount - 8, as: Int64.self) }
}
