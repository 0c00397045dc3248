public import NamespaceModel

/// "Were these PIDs in the same namespaces?", at one time or over a range.
public struct SameQuestion: Sendable {
  /// The PIDs, as the recorder saw them; at least two.
  public var pids: [Selector]
  /// When.
  public var time: Time
  /// The types asked for.
  public var types: [NamespaceType]

  /// A PID, or the one of its processes that was alive at a time.
  public struct Selector: Sendable, Hashable {
    /// The PID.
    public var pid: Int64
    /// Of a thread, its own number; nil for a process.
    public var tid: Int64?
    /// Nanoseconds since the epoch; nil for every process that had the PID.
    public var alive: Int64?
    /// How much the last digit of that time counts, in nanoseconds: a process that was first seen
    /// before the next is meant too. 0 or 1 for the moment alone.
    public var within: Int64
    /// The one process that is meant, by `ProcessRecord.id`; nil for every one that had the PID.
    public var process: Int64?
    /// The names and containers that it stands for: the process counts only while it had one of them.
    /// Empty for all of its time.
    package var names: Set<ProcessSelector> = []

    /// Selects a PID, or one of its processes.
    public init(pid: Int64, alive: Int64? = nil, within: Int64 = 0, process: Int64? = nil) {
      self.pid = pid
      self.alive = alive
      self.within = within
      self.process = process
    }

    /// Selects a process or a thread by its number, or one of those that had it.
    package init(
      _ number: TaskNumber, alive: Int64? = nil, within: Int64 = 0, process: Int64? = nil
    ) {
      self.init(pid: number.pid, alive: alive, within: within, process: process)
      tid = number.tid
    }

    /// The number that it selects by.
    package var number: TaskNumber { TaskNumber(pid: pid, tid: tid) }
  }

  /// When, in nanoseconds since the epoch.
  public enum Time: Sendable, Hashable {
    /// At one moment.
    case at(Int64)
    /// At any moment from one to the other; by default, from the first sample to the last.
    case range(since: Int64?, until: Int64?)

    /// The same as a window.
    package var window: TimeWindow {
      switch self {
      case .at(let time): TimeWindow(since: time, until: time)
      case .range(let since, let until): TimeWindow(since: since, until: until)
      }
    }
  }

  /// A question with these values: two PIDs or more, and a type or more.
  public init(pids: [Selector], time: Time, types: [NamespaceType] = NamespaceType.allCases) {
    precondition(pids.count >= 2 && !types.isEmpty, "a question is about two PIDs and a type")
    self.pids = pids
    self.time = time
    self.types = types
  }
}
