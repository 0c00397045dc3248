public import NamespaceModel
internal import SQLite

/// "Were these PIDs in the same namespaces?", at one time or over a range.
public struct SameQuestion: Sendable {
  /// The PIDs, as the recorder saw them; at least two.
  public var pids: [Selector]
  /// The time asked about.
  public var time: Time
  /// The types asked for.
  public var types: [NamespaceType]

  /// A PID, or the one of its processes that was alive at a time.
  public struct Selector: Sendable, Hashable {
    /// The PID.
    public var pid: Int64
    /// The TID of a thread; nil for a process.
    public var tid: Int64?
    /// A time at which the process was running; nil for every process that had the PID.
    public var alive: WallTime?
    /// The precision of `alive`, in nanoseconds: how much its last digit counts. The selector also
    /// matches a process first seen within that time after `alive`. 0 or 1 for the exact moment.
    public var within: Int64
    /// The one process that is meant, by `ProcessRecord.id`; nil for every one that had the PID.
    public var process: Int64?
    /// The names and containers that the selector was made from: the process counts only while it had
    /// one of them. Empty to count all of its time.
    package var names: Set<ProcessSelector> = []

    /// Selects a PID, or one of its processes.
    public init(pid: Int64, alive: WallTime? = nil, within: Int64 = 0, process: Int64? = nil) {
      self.pid = pid
      self.alive = alive
      self.within = within
      self.process = process
    }

    /// Selects by a PID, or by a PID and TID: all processes or threads that had it, or, with `alive` or `process`, one
    /// of them.
    package init(
      _ number: TaskNumber, alive: WallTime? = nil, within: Int64 = 0, process: Int64? = nil
    ) {
      self.init(pid: number.pid, alive: alive, within: within, process: process)
      tid = number.tid
    }

    /// The same as `process`.
    var task: TaskID? { process.map(TaskID.init(rawValue:)) }

    /// The PID and TID that the selector selects by.
    package var number: TaskNumber { TaskNumber(pid: pid, tid: tid) }
  }

  /// The time asked about.
  public enum Time: Sendable, Hashable {
    /// At one moment.
    case at(WallTime)
    /// At any moment from one to the other; by default, from the first sample to the last.
    case range(since: WallTime?, until: WallTime?)

    /// The time as a `TimeWindow`.
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

/// The answer to a `SameQuestion`.
public struct SameAnswer: Sendable {
  /// `same` if the verdict of every type is `same` throughout the time asked about; `different` if that of at least
  /// one type is `different` at some time; or else `unknown`.
  public var verdict: Verdict
  /// For each PID asked for, in order, the processes that had it in the time asked about.
  public var processes: [[ProcessRecord]]
  /// For each PID asked for, every process that ever had it; for a question about one moment, only for
  /// the PIDs that no process had then.
  package var known: [Int64: [ProcessRecord]] = [:]
  /// The same as `known`, for each thread asked for.
  package var knownThreads: [TaskNumber: [ProcessRecord]] = [:]
  /// The namespaces of threads in the time asked about, where they differed from those of their process.
  /// The verdict is about processes, and takes the namespaces of the main thread for those of the
  /// process.
  package var threads: [ThreadMembership] = []
  /// One answer a type, in the order asked for.
  public var types: [TypeAnswer]
  /// For a question about one moment: the samples around it.
  package var samples: [SampleGap]
  /// The caveats on the answer in the time asked about.
  package var caveats: [Caveat] = []
  /// The least and the greatest recorded time, of a slice those of the part that it holds; nil when there is none.
  public var recorded: ClosedRange<WallTime>?

  /// The answer for one type.
  public struct TypeAnswer: Sendable {
    /// The type.
    public var type: NamespaceType
    /// The verdict.
    public var verdict: Verdict
    /// Why it is unknown; nil when it is not.
    public var reason: UnknownReason?
    /// For `same`, the shared namespaces; otherwise every namespace in which a PID was observed.
    public var namespaces: [NamespaceMembers]
    /// For `same`: the times at which all were observed together.
    public var intervals: [Interval]
    /// Whether events prove the verdict, to the microsecond. Otherwise samples prove it, and changes
    /// between two samples were not observed.
    public var isExact: Bool
    /// If samples prove the verdict although a recorder had events: the PIDs whose namespaces only a
    /// sample shows, at a time on which the verdict rests.
    package var sampledPIDs: [Int64] = []
    /// Whether all were running at some time and two were in different namespaces. This can be true
    /// beside `same`, when they shared a namespace at another time, and beside `unknown`.
    package var differedAtTimes: Bool
    /// For `same` over a range: why it is not known whether they also shared a namespace at other times
    /// at which all may have been running; nil if that is known. The start and the exit of a process do
    /// not count as such times.
    package var unknownAtTimes: UnknownReason?
    /// For each PID, why its namespace is not known; nil if it is known.
    package var reasons: [UnknownReason?]

    /// The verdict that holds throughout the time asked about.
    package var throughout: Verdict {
      guard verdict == .same else { return verdict }
      if differedAtTimes { return .different }
      return unknownAtTimes == nil ? .same : .unknown
    }
  }

  /// A namespace, and the processes observed in it.
  public struct NamespaceMembers: Sendable, Hashable {
    /// The namespace.
    public var namespace: NamespaceRecord
    /// The processes, in the order asked for.
    public var processes: [ProcessRecord]
    /// Their PIDs.
    package var pids: [Int64] {
      processes.reduce(into: []) { pids, one in
        if !pids.contains(one.pid) { pids.append(one.pid) }
      }
    }
  }

  /// A thread in a namespace in which its process was not.
  package struct ThreadMembership: Sendable, Hashable {
    /// The thread.
    package var thread: ProcessRecord
    /// The namespace.
    package var namespace: NamespaceRecord
    /// When the thread entered the namespace, if events reported that; otherwise the beginning of the
    /// first sample that saw it there.
    package var from: WallTime
    /// When the thread left the namespace, if events reported that; otherwise the beginning of the last
    /// sample that saw it there.
    package var until: WallTime
    /// Whether events reported both times.
    package var isExact: Bool
    /// The other processes asked for that were observed in the namespace, at any time.
    package var others: [ProcessRecord]
  }

  /// A time in which all processes were observed together. Its ends are samples or events, or the ends of the range
  /// asked about. Where samples are the ends, the processes may have been together from the previous sample to the
  /// next one. If only one sample observed them together, both ends are the beginning of that sample.
  public struct Interval: Sendable, Hashable {
    /// The beginning.
    public var from: WallTime
    /// The end.
    public var until: WallTime
    /// Whether they were still together in the last sample, and the recorder is still running.
    public var isOpen: Bool
    /// The namespace that they shared.
    public var namespace: NamespaceRecord
    /// The process that had each PID, in the order asked for.
    public var processes: [ProcessRecord]
  }

  /// The samples or events before and after a moment.
  package struct SampleGap: Sendable, Hashable {
    /// The beginning of the sample before; its end if events reported every change in between (`isExact`). Nil when
    /// there is none.
    package var before: WallTime?
    /// The beginning of the sample after; nil when there is none.
    package var after: WallTime?
    /// Why samples are missing in between; nil when none is.
    package var missing: MissingSamples?
    /// Whether events reported every change in between; then `before` and `after` may be events
    /// themselves.
    package var isExact = false
    /// Whether the recorder was configured to leave out processes that no sample observed.
    package var leavesOutProcesses = false
  }
}

/// Uses the neighbours of a sample to prove that processes were together at one moment of the sample.
///
/// A sample is not atomic: one process may have left a namespace before another entered it. A process
/// that the previous sample saw in the same namespace was there from before this sample until its own
/// read; one that the next sample saw there stayed from its own read until after this sample. So all
/// were together if all are proven on one side, or if all but one are proven on both.
struct SampleSides {
  private let sample: SequenceNumber
  private let follows: Bool
  private let isFollowed: Bool

  init(_ sample: SamplePoint, _ index: SampleIndex) throws(SQLiteError) {
    self.sample = sample.id
    follows = !sample.isCutOff
    let isLast = sample.id >= sample.session.last
    isFollowed = isLast ? false : try !index.point(sample.id + 1).isCutOff
  }

  /// Whether neither the state just before nor the state just after the sample is known.
  var areBothMissing: Bool { !follows && !isFollowed }

  /// Whether all of these intervals, which include the sample, held at one moment of the sample.
  func prove(_ runs: [PIDHistory.LinkInterval]) -> Bool { prove(runs.map { ($0.from, $0.until) }) }

  /// The same check for intervals given by their first and last samples.
  func prove(_ runs: [(from: SequenceNumber, until: SequenceNumber)]) -> Bool {
    let stayedBefore = runs.map { follows && $0.from < sample }
    let stayedAfter = runs.map { isFollowed && $0.until > sample }
    let stayedOnBoth = zip(stayedBefore, stayedAfter).count { $0 && $1 }
    return stayedBefore.allSatisfy(\.self) || stayedAfter.allSatisfy(\.self)
      || stayedOnBoth >= runs.count - 1
  }
}

/// The answer to "are these in one namespace?".
public enum Verdict: String, Sendable, Hashable, CaseIterable {
  /// Proven: all processes were observed in one kernel namespace.
  case same
  /// Proven: at least two processes were observed in different namespaces.
  case different
  /// Neither is proven; an `UnknownReason` says why.
  case unknown
}

extension Verdict {
  /// The verdict on several types together: `different` in at least one, or else `unknown` in at
  /// least one, or else `same`.
  package init(of verdicts: [Verdict]) {
    self =
      verdicts.contains(.different) ? .different : verdicts.contains(.unknown) ? .unknown : .same
  }
}

/// Why a verdict is unknown. The raw value is the word in every output.
public enum UnknownReason: String, Sendable, Hashable, CaseIterable {
  /// No sample covers the time.
  case gap
  /// Retention removed the records of that time.
  case expired
  /// The recorder lacked the privilege to read the link.
  case denied
  /// The process had exited and was not yet reaped.
  case zombie
  /// No process of this PID was ever recorded, or it may have been hidden from the recorder.
  case notRecorded = "not-recorded"
  /// The recorded processes with this PID were not running then.
  case notRunning = "not-running"
  /// The process started, exited or moved between the two samples around the time.
  case changedBetweenSamples = "changed-between-samples"
  /// One inode number was observed twice, and may have named two namespaces.
  case inodeMayBeReused = "inode-may-be-reused"
  /// The kernel has no such type of namespace.
  case unsupported
}

extension UnknownReason {
  /// The reason for a time without samples.
  init(_ missing: MissingSamples) { self = missing == .expired ? .expired : .gap }

  /// Returns the most informative of several reasons: an unreadable link ranks above a missing sample,
  /// and that above an unobserved change.
  static func mostInformative(_ reasons: [UnknownReason]) -> UnknownReason? {
    let order: [UnknownReason] = [
      .denied, .expired, .notRecorded, .unsupported, .inodeMayBeReused, .gap, .zombie,
      .changedBetweenSamples, .notRunning,
    ]
    return order.first(where: reasons.contains)
  }

  /// Combines the reasons of all moments that one wall time may stand for; nil if each moment is known.
  /// `zombie` and `notRunning` hold for the wall time only if they hold for every moment.
  static func common(_ reasons: [UnknownReason?]) -> UnknownReason? {
    let given = reasons.compactMap(\.self)
    guard !given.isEmpty else { return nil }
    if Set(reasons).count == 1 { return given[0] }
    return mostInformative(given.filter { $0 != .zombie && $0 != .notRunning })
      ?? .changedBetweenSamples
  }
}
