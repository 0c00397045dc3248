internal import NamespaceModel
internal import SQLite

/// A process, and its memberships in the order of time.
struct TaskHistory {
  var process: ProcessRecord
  var memberships: [Membership]
  /// The same with those times, too, that a question does not count: nil where it counts all.
  private(set) var whole: [Membership]?
  /// When the process was what a question means; nil where that is all of its time.
  private(set) var limits: [ProcessRecord.DescriptionSpan]?
  /// The sample that found it though no event had reported it, where events reported all others: when
  /// it came only its start tells. Not looked for where only some of its memberships are read.
  var untold: SamplePoint?
  /// Of a thread, what is known of its beginning and end; nil for a process.
  var thread: ThreadBounds?

  /// What is known of the ends of the time in which a thread is recorded: it is from when on its
  /// namespaces differed from its process's.
  struct ThreadBounds {
    let beginning: Beginning
    /// Whether the recording of it ended with its session: then it may be running still, unseen by the
    /// next.
    let isLost: Bool

    enum Beginning {
      /// It started.
      case started
      /// It was where its process was, and moved from this set.
      case moved(from: NamespaceSetID)
      /// It was there before.
      case unknown
    }
  }

  /// Of a thread that moved away from its process, the set that it was in before.
  var movedFrom: NamespaceSetID? {
    if case .moved(let set)? = thread?.beginning { set } else { nil }
  }

  /// The first sample that saw it.
  var firstSample: Int64 { memberships.first?.from ?? 0 }

  /// The last sample that saw it.
  var lastSample: Int64 { memberships.last?.until ?? 0 }

  /// Whether a sample did not see it.
  func isMissing(at sample: Int64) -> Bool { membership(at: sample) == nil }

  /// The index of the membership that began with a sample.
  func index(ofMembershipFrom sample: Int64) -> Int? {
    let index = memberships.partitioningIndex { $0.from >= sample }
    return index < memberships.count && memberships[index].from == sample ? index : nil
  }

  /// The membership that a sample is in.
  func membership(at sample: Int64) -> Membership? { Self.find(sample, in: memberships) }

  /// The same of the process throughout, whatever a question counts.
  func anyMembership(at sample: Int64) -> Membership? {
    Self.find(sample, in: whole ?? memberships)
  }

  private static func find(_ sample: Int64, in memberships: [Membership]) -> Membership? {
    let place = memberships.partitioningIndex { $0.until >= sample }
    guard place < memberships.count, memberships[place].from <= sample else { return nil }
    return memberships[place]
  }

  /// The life as far as the process had one of these descriptions. Where it is not known when that began
  /// or ended, only the time counts in which it is certain.
  ///
  /// - Parameter isWithin: whether a membership that is limited is told to begin and end where it did
  ///   itself at the most; else where the description did, whatever the namespaces were.
  func limited(
    to spans: [ProcessRecord.DescriptionSpan], within isWithin: Bool = false
  ) -> TaskHistory {
    var limited = self
    limited.whole = whole ?? memberships
    limited.limits = spans
    limited.memberships = spans.flatMap { span in
      memberships.compactMap { $0.limited(to: span, within: isWithin) }
    }
    return limited
  }
}

/// What the links of a task were, by its own: a thread that has returned to where its process is tells
/// nothing that its process does not.
struct ThreadRuns {
  let pidHistories: PIDHistoryReader
  let lives: TaskHistoryReader

  /// The runs of a process; of a thread those in which it was not where its process was all the while.
  func apart(_ life: TaskHistory) throws(SQLiteError) -> LinkIntervals {
    var runs = try pidHistories.runs(of: life.memberships)
    guard life.process.tid != nil, let process = try process(of: life) else { return runs }
    let own = try pidHistories.runs(of: process.memberships)
    for link in NamespaceLink.allCases {
      runs[link].removeAll { run in
        own[link].contains {
          $0.value == run.value && $0.value.namespace != nil && $0.from <= run.from
            && $0.until >= run.until
        }
      }
    }
    return runs
  }

  /// Whether a thread is in all that its process is in, in a sample.
  func isReturned(_ life: TaskHistory, at sample: Int64) throws(SQLiteError) -> Bool {
    guard life.process.tid != nil, let set = life.membership(at: sample)?.set,
      let other = try process(of: life)?.membership(at: sample)?.set
    else { return false }
    let (links, others) = (
      try pidHistories.sets.links(of: set), try pidHistories.sets.links(of: other)
    )
    return NamespaceType.allCases.allSatisfy { type in
      links[type.link] == others[type.link] && links[type.link] != .unread(.zombie)
    }
  }

  private func process(of thread: TaskHistory) throws(SQLiteError) -> TaskHistory? {
    try lives.parent(of: thread.process).flatMap { (process) throws(SQLiteError) in
      try lives.life(task: process.task)
    }
  }
}

extension HistorySnapshot {
  /// What threads were by their own.
  var threads: ThreadRuns { ThreadRuns(pidHistories: pidHistories, lives: lives) }
}

/// One process in one namespace set, in every sample from one to another.
struct Membership: Hashable {
  let set: NamespaceSetID
  let from: Int64
  let until: Int64
  /// Whether it still held in the last sample, and the recorder is still running.
  let isOpen: Bool
  let startsSession: Bool
  /// Whether it began, or ended, at an event: see `membership.exact` in `Migrations`.
  var beginsExactly = false
  var endsExactly = false
  /// Of one that a question counts in part: it may have been so behind this sample or event already, and
  /// up to that one.
  var mayBeginBehind: Int64?
  var mayEndBy: Int64?
}

extension Membership {
  /// What a row of `short_lived_task` says: see `Migrations`.
  ///
  /// - Parameter session: the one that its first number is of.
  init(
    shortLivedTask from: Int64, length: Int64, set: NamespaceSetID, in session: SessionSpan
  ) throws(SQLiteError) {
    let (until, overflows) = from.addingReportingOverflow(length)
    guard length >= 0, !overflows, until < session.last else {
      throw Self.stray(shortLivedTask: from)
    }
    self.init(
      set: set, from: from, until: until, isOpen: false, startsSession: false,
      beginsExactly: true, endsExactly: true)
  }

  /// What a row of `short_lived_task` is that no session has.
  static func stray(shortLivedTask from: Int64) -> SQLiteError {
    .corrupt("short-lived task \(from) is not in its session", operation: "read memberships")
  }
}

extension Membership {
  /// As much of it as a description held for; nil for none.
  func limited(
    to span: ProcessRecord.DescriptionSpan, within isWithin: Bool
  ) -> Membership? {
    guard
      var limited = limited(
        to: span.certain, beginsExactly: span.beginsExactly, endsExactly: span.endsExactly)
    else { return nil }
    let (low, high) = (limited.from, limited.until)
    if low > from {
      limited.mayBeginBehind = isWithin ? max(from, span.possibleFrom) : span.possibleFrom
    }
    if high < until {
      limited.mayEndBy = isWithin ? min(until + 1, span.possibleUntil) : span.possibleUntil
    }
    return limited
  }
}

extension Membership {
  /// As much of it as is in a range of samples and events; nil for none.
  ///
  /// - Parameters:
  ///   - beginsExactly: whether an event began the range.
  ///   - endsExactly: whether the event behind it ended it.
  func limited(
    to range: ClosedRange<Int64>, beginsExactly begins: Bool, endsExactly ends: Bool
  ) -> Membership? {
    let low = max(from, range.lowerBound)
    let high = min(until, range.upperBound)
    guard low <= high else { return nil }
    return Membership(
      set: set, from: low, until: high, isOpen: isOpen && high == until,
      startsSession: startsSession && low == from,
      beginsExactly: low == from ? beginsExactly : begins,
      endsExactly: high == until ? endsExactly : ends)
  }
}

extension Membership {
  /// With the one that follows on it, in the same namespaces.
  func joined(with next: Membership) -> Membership {
    var joined = Membership(
      set: next.set, from: from, until: next.until, isOpen: next.isOpen,
      startsSession: startsSession, beginsExactly: beginsExactly, endsExactly: next.endsExactly)
    joined.mayBeginBehind = mayBeginBehind
    joined.mayEndBy = next.mayEndBy
    return joined
  }
}

extension [Membership] {
  /// Adds the next of a process.
  mutating func append(
    _ membership: Membership, of task: TaskID
  ) throws(SQLiteError) {
    guard last?.until ?? 0 < membership.from else {
      throw .corrupt("times of task \(task.rawValue) overlap", operation: "read memberships")
    }
    append(membership)
  }
}
