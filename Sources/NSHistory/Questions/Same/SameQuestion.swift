public import NamespaceModel
internal import SQLite

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

    /// The same as `process`.
    var task: TaskID? { process.map(TaskID.init(rawValue:)) }

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

/// The answer to a `SameQuestion`.
public struct SameAnswer: Sendable {
  /// `same` in every type throughout the time asked for, `different` in at least one at some time, or
  /// else `unknown`.
  public var verdict: Verdict
  /// For each PID asked for, in order, the processes it was, in the time asked for.
  public var processes: [[ProcessRecord]]
  /// For each PID asked for, every process that it ever was; for a question about one moment only
  /// of those that were none of them then.
  package var known: [Int64: [ProcessRecord]] = [:]
  /// The same of each thread asked for.
  package var knownThreads: [TaskNumber: [ProcessRecord]] = [:]
  /// Where threads of the processes asked for were, in the time asked for, while their processes were
  /// not. The verdict is about processes, which are where their main threads are.
  package var threads: [ThreadPlace] = []
  /// One answer a type, in the order asked for.
  public var types: [TypeAnswer]
  /// For a question about one moment: the samples around it.
  package var samples: [SampleGap]
  /// What limits the answer in the time asked for.
  package var caveats: [Caveat] = []
  /// The least and the greatest time at which a sample of the whole history began, in nanoseconds
  /// since the epoch; nil when there is none.
  public var recorded: ClosedRange<Int64>?

  /// The answer for one type.
  public struct TypeAnswer: Sendable {
    /// The type.
    public var type: NamespaceType
    /// The verdict.
    public var verdict: Verdict
    /// Why it is unknown; nil when it is not.
    public var reason: UnknownReason?
    /// For `same`, the namespaces that were shared; otherwise every one that a PID was seen in.
    public var namespaces: [Place]
    /// For `same`: when all were seen together.
    public var intervals: [Interval]
    /// Whether events prove it, to the microsecond; or else samples do, and what was between two of
    /// them was not seen.
    public var isExact: Bool
    /// Where samples prove it though events were listened to: the PIDs of which only a sample shows
    /// where they were, at a time that the verdict rests on.
    package var sampledPIDs: [Int64] = []
    /// Whether there was a time at which all were there and two were in different namespaces: also
    /// beside `same`, when they shared one at another time, and beside `unknown`.
    package var differedAtTimes: Bool
    /// Beside `same` over a range: why it is not known at other times, while all may have been there,
    /// whether they shared one; nil where that is known. That a process was just starting or exiting
    /// does not count.
    package var unknownAtTimes: UnknownReason?
    /// For each PID, why it is not known where it was; nil where that is known.
    package var reasons: [UnknownReason?]

    /// The verdict on all of the time asked for.
    package var throughout: Verdict {
      guard verdict == .same else { return verdict }
      if differedAtTimes { return .different }
      return unknownAtTimes == nil ? .same : .unknown
    }
  }

  /// A namespace, and who was seen in it.
  public struct Place: Sendable, Hashable {
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
  package struct ThreadPlace: Sendable, Hashable {
    /// The thread.
    package var thread: ProcessRecord
    /// Where it was.
    public var namespace: NamespaceRecord
    /// When it came, if that is exact, or else when the first sample that saw it there began; in
    /// nanoseconds since the epoch.
    public var from: Int64
    /// When it left, if that is exact, or else when the last sample that saw it there began.
    public var until: Int64
    /// Whether events reported both.
    public var isExact: Bool
    /// The others asked for that were seen in the namespace, at whatever time.
    package var others: [ProcessRecord]
  }

  /// A time in which all were seen together. Its ends are samples, or the ends of the range asked
  /// for; it can have begun earlier and gone on later, up to the next sample on either side. Where
  /// only one sample saw them together, both ends are its beginning.
  public struct Interval: Sendable, Hashable {
    /// In nanoseconds since the epoch.
    public var from: Int64
    /// In nanoseconds since the epoch.
    public var until: Int64
    /// Whether it still held in the last sample, and the recorder is still running.
    public var isOpen: Bool
    /// Where they were together.
    public var namespace: NamespaceRecord
    /// Which process each PID was, in the order asked for.
    public var processes: [ProcessRecord]
  }

  /// The samples or events on the two sides of a moment, in nanoseconds since the epoch.
  package struct SampleGap: Sendable, Hashable {
    /// When the one before began; nil when there is none.
    package var before: Int64?
    /// When the one after began; nil when there is none.
    package var after: Int64?
    /// Why samples are missing in between; nil when none is.
    package var missing: MissingSamples?
    /// Whether events reported all that happened in between; then the two may be events themselves.
    public var isExact = false
    /// Whether processes that no sample observed were left out of the file on request.
    package var leavesOutProcesses = false
  }
}

/// Whether the samples on the two sides of one tell anything of it.
///
/// A sample is not atomic: one process may have left a namespace before another entered it. Who was
/// seen the same in the sample before stayed from before this one until it was read; who was seen
/// the same in the next stayed from then to behind this one. So all were there together if all
/// stayed on one side, or if all but one stayed on both.
struct SampleSides {
  private let sample: Int64
  private let follows: Bool
  private let isFollowed: Bool

  init(_ sample: SamplePoint, _ index: SampleIndex) throws(SQLiteError) {
    self.sample = sample.id
    follows = !sample.isCutOff
    let isLast = sample.id >= sample.session.last
    isFollowed = isLast ? false : try !index.point(sample.id + 1).isCutOff
  }

  /// Whether nothing is known of what was just before or behind.
  var areBothMissing: Bool { !follows && !isFollowed }

  /// Whether runs that the sample is in all held at one moment of it.
  func prove(_ runs: [PIDHistory.LinkInterval]) -> Bool { prove(runs.map { ($0.from, $0.until) }) }

  /// The same of the first and the last samples of what held.
  func prove(_ runs: [(from: Int64, until: Int64)]) -> Bool {
    let stayedBefore = runs.map { follows && $0.from < sample }
    let stayedAfter = runs.map { isFollowed && $0.until > sample }
    let stayedOnBoth = zip(stayedBefore, stayedAfter).count { $0 && $1 }
    return stayedBefore.allSatisfy(\.self) || stayedAfter.allSatisfy(\.self)
      || stayedOnBoth >= runs.count - 1
  }
}

/// The answer to "are these in one namespace?".
public enum Verdict: String, Sendable, Hashable, CaseIterable {
  /// Proven: all were observed in one kernel namespace.
  case same
  /// Proven: at least two were observed in different ones.
  case different
  /// Neither is proven, for a reason that is given.
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
  /// What was recorded then was removed: it is before the watermark of retention.
  case expired
  /// The link could not be read for want of privilege.
  case denied
  /// The process had exited and was not yet reaped.
  case zombie
  /// No process of this PID was ever recorded, or it may have been hidden from the recorder.
  case notRecorded = "not-recorded"
  /// The recorded processes of this PID were not running then.
  case notRunning = "not-running"
  /// The process started, exited or moved between the two samples around the time.
  case changedBetweenSamples = "changed-between-samples"
  /// Two sightings of one inode number that may be two namespaces.
  case inodeMayBeReused = "inode-may-be-reused"
  /// The kernel has no such type of namespace.
  case unsupported

  /// The reason in plain words.
  package var words: String {
    switch self {
    case .gap: "samples are missing around this time"
    case .expired: "what was recorded then was removed (retention)"
    case .denied: "the recorder was not permitted to read it"
    case .zombie: "it, or its main thread, had exited and was not yet reaped"
    case .notRecorded: "no process of this PID was recorded there"
    case .notRunning: "no recorded process of this PID was running, or not together"
    case .changedBetweenSamples: "it started, exited or moved between two samples"
    case .inodeMayBeReused: "the inode number may have been used again"
    case .unsupported: "the kernel has no such namespace"
    }
  }
}

extension UnknownReason {
  /// Why nothing is known of a time without samples.
  init(_ missing: MissingSamples) { self = missing == .expired ? .expired : .gap }

  /// Of several reasons, the one that tells most: what could not be read says more than that
  /// there was no sample, and that more than that a change was not seen.
  static func mostTelling(_ reasons: [UnknownReason]) -> UnknownReason? {
    let order: [UnknownReason] = [
      .denied, .expired, .notRecorded, .unsupported, .inodeMayBeReused, .gap, .zombie,
      .changedBetweenSamples, .notRunning,
    ]
    return order.first(where: reasons.contains)
  }

  /// The reason for all the moments that one wall time may be, from the reason of each; nil where each
  /// of them is known. That a process was a zombie or not there is only true of the time if it was so
  /// at every one of them.
  static func common(_ reasons: [UnknownReason?]) -> UnknownReason? {
    let given = reasons.compactMap(\.self)
    guard !given.isEmpty else { return nil }
    if Set(reasons).count == 1 { return given[0] }
    return mostTelling(given.filter { $0 != .zombie && $0 != .notRunning })
      ?? .changedBetweenSamples
  }
}
