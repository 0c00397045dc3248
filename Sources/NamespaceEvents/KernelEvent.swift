/// Something that the kernel told of a task, on the boot clock (`perf_event_open(2)`).
public struct KernelEvent: Sendable, Hashable {
  /// When it happened, in nanoseconds of `CLOCK_BOOTTIME`.
  public var time: Int64
  /// The process, as the pid namespace of the listener numbers it; 0 or less when it is not in that.
  public var pid: Int32
  /// The thread; that of the main one is the process's.
  public var tid: Int32
  /// What happened.
  public var kind: Kind

  /// An event with these values.
  public init(time: Int64, pid: Int32, tid: Int32, _ kind: Kind) {
    self.time = time
    self.pid = pid
    self.tid = tid
    self.kind = kind
  }

  /// What happened to a task.
  public enum Kind: Sendable, Hashable {
    /// It started: a process, or a thread, whose process is then its maker's (`PERF_RECORD_FORK`).
    case fork(parentPID: Int32, parentTID: Int32)
    /// It exited (`PERF_RECORD_EXIT`).
    case exit
    /// It got a name, by exec or not (`PERF_RECORD_COMM`).
    case comm(CommName, isExec: Bool)
    /// It is in these namespaces from now on: it started, or changed them (`PERF_RECORD_NAMESPACES`).
    case namespaces(NamespaceInodes)
  }
}

/// The name of a task, at most 15 bytes, any byte but NUL (`proc_pid_comm(5)`).
public struct CommName: Sendable, Hashable {
  private var low: UInt64 = 0
  private var high: UInt64 = 0

  /// A name of the first 16 bytes, up to a NUL.
  public init(_ bytes: some Sequence<UInt8>) {
    for (place, byte) in bytes.prefix(16).enumerated() {
      if byte == 0 { break }
      if place < 8 {
        low |= UInt64(byte) << (8 * place)
      } else {
        high |= UInt64(byte) << (8 * (place - 8))
      }
    }
  }

  /// From sixteen bytes as the kernel lays them down, in the order of this machine.
  init(low: UInt64, high: UInt64) {
    let first = low.littleEndian
    let end = Self.firstZero(first)
    self.low = end < 8 ? first & ((1 << (8 * UInt64(end))) - 1) : first
    guard end == 8 else { return }
    let second = high.littleEndian
    let rest = Self.firstZero(second)
    self.high = rest < 8 ? second & ((1 << (8 * UInt64(rest))) - 1) : second
  }

  /// The place of the first byte that is 0; 8 when none is.
  private static func firstZero(_ word: UInt64) -> Int {
    for place in 0..<8 where (word >> (8 * UInt64(place))) & 0xFF == 0 { return place }
    return 8
  }

  /// Its bytes.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    for word in [low, high] {
      for place in 0..<8 {
        let byte = UInt8(truncatingIfNeeded: word >> (8 * UInt64(place)))
        if byte == 0 { return bytes }
        bytes.append(byte)
      }
    }
    return bytes
  }
}
