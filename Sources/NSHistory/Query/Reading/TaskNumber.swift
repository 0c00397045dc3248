/// The number of a process, or the two of a thread: `4711`, `4711/4713`.
public struct TaskNumber: Sendable, Hashable, CustomStringConvertible {
  /// The PID, as the recorder saw it.
  public let pid: Int64
  /// Of a thread other than the main one, its own number; nil for a process.
  public let tid: Int64?

  /// The number of a process or of one of its threads.
  public init(pid: Int64, tid: Int64? = nil) {
    self.pid = pid
    self.tid = tid
  }

  /// As every output has it.
  public var description: String { tid.map { "\(pid)/\($0)" } ?? String(pid) }
}

extension ProcessRecord {
  /// Its PID, and of a thread its own number.
  public var number: TaskNumber { TaskNumber(pid: pid, tid: tid) }
}
