internal import NamespaceModel
internal import SQLite

/// A process or thread, and its memberships in time order.
struct TaskHistory {
  var process: ProcessRecord
  var memberships: [Membership]
  /// All memberships, if a question counts only parts of them and `memberships` holds only these parts; otherwise nil.
  private(set) var whole: [Membership]?
  /// The spans in which the process matches a question; nil if it matches all of the time.
  private(set) var limits: [ProcessRecord.DescriptionSpan]?
  /// The sample that found the process although no event had reported its start, in a session with events: only the
  /// start time of the process then shows when it started. Nil if there is none, and if only some of the memberships
  /// were read.
  var foundBySample: SamplePoint?
  /// Whether an event reported the start of the process. Then the process did not run before that event, although the
  /// kernel may have set its start time long before: in between, the parent may wait for a processor. False for a
  /// thread, and if only some of the memberships were read.
  var isStartReported = false
  /// The beginning and the end of a thread, as far as they are known; nil for a process.
  var thread: ThreadBounds?

  /// The ends of the time in which a thread is recorded, as far as they are known. That time begins when the
  /// namespaces of the thread differ from those of its process.
  struct ThreadBounds {
    let beginning: Beginning
    /// Whether the recording of the thread ended with its session: the thread may then still be running, unseen
    /// by the next session.
    let isLost: Bool

    enum Beginning {
      /// The thread started.
      case started
      /// The thread was in the namespaces of its process, and moved out of this set.
      case moved(from: NamespaceSetID)
      /// The thread was there before it was first recorded.
      case unknown
    }
  }

  /// For a thread that moved away from its process, the set that it was in before.
  var movedFrom: NamespaceSetID? {
    if case .moved(let set)? = thread?.beginning { set } else { nil }
  }

  /// The first sample or event that saw the task.
  var firstSample: SequenceNumber { memberships.first?.from ?? .zero }

  /// The last sample or event that saw the task.
  var lastSample: SequenceNumber { memberships.last?.until ?? .zero }

  /// Returns whether a sample did not see the task.
  func isMissing(at sample: SequenceNumber) -> Bool { membership(at: sample) == nil }

  /// Returns the index of the membership that began with a sample.
  func index(ofMembershipFrom sample: SequenceNumber) -> Int? {
    let index = memberships.partitioningIndex { $0.from >= sample }
    return index < memberships.count && memberships[index].from == sample ? index : nil
  }

  /// Returns the membership that contains a sample.
  func membership(at sample: SequenceNumber) -> Membership? { Self.find(sample, in: memberships) }

  /// Returns the range of sequence numbers around a sequence number for which nothing is known of the task
  /// (`Membership.isUnseen`); nil if there is none.
  func unseenRange(around number: SequenceNumber) -> ClosedRange<SequenceNumber>? {
    anyMembership(at: number).flatMap { $0.isUnseen ? $0.from...$0.until : nil }
  }

  /// The memberships, without a last one for which nothing is known of the task.
  var knownMemberships: ArraySlice<Membership> {
    memberships.last?.isUnseen == true ? memberships.dropLast() : memberships[...]
  }

  /// Returns the membership before one, without those for which nothing is known of the task; nil if there is none.
  func knownMembership(before index: Int) -> Membership? {
    memberships[..<index].last { !$0.isUnseen }
  }

  /// Returns the membership that contains a sample, even at a time that the question does not count.
  func anyMembership(at sample: SequenceNumber) -> Membership? {
    Self.find(sample, in: whole ?? memberships)
  }

  private static func find(_ sample: SequenceNumber, in memberships: [Membership]) -> Membership? {
    let index = memberships.partitioningIndex { $0.until >= sample }
    guard index < memberships.count, memberships[index].from <= sample else { return nil }
    return memberships[index]
  }

  /// Returns the history limited to the time in which the process had one of these descriptions. If it is not
  /// known when that time began or ended, only the certain part counts.
  ///
  /// - Parameter isWithin: whether the bounds between which a limited membership may have begun or ended
  ///   (`Membership.mayBeginAfter`, `mayEndBy`) stay within the whole membership. Otherwise they are the possible
  ///   bounds of the description, even where the process was in other namespaces.
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

/// Reads the link intervals of tasks: the ranges of samples in which a link had one value. For a thread, leaves out the
/// intervals in which it was in the same namespace as its process, since those of the process show the same.
struct ThreadRuns {
  let pidHistories: PIDHistoryReader
  let taskHistories: TaskHistoryReader

  /// Returns the intervals of a process; for a thread, those in which its link did not have the same value as
  /// its process's throughout.
  func apart(_ history: TaskHistory) throws(SQLiteError) -> LinkIntervals {
    var runs = try pidHistories.runs(of: history.memberships)
    guard history.process.tid != nil, let process = try process(of: history) else { return runs }
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

  /// Returns whether a thread is in all namespaces that its process is in, in a sample.
  func isReturned(_ history: TaskHistory, at sample: SequenceNumber) throws(SQLiteError) -> Bool {
    guard history.process.tid != nil, let set = history.membership(at: sample)?.set,
      let other = try process(of: history)?.membership(at: sample)?.set
    else { return false }
    let (links, others) = (
      try pidHistories.sets.links(of: set), try pidHistories.sets.links(of: other)
    )
    return NamespaceType.allCases.allSatisfy { type in
      links[type.link] == others[type.link] && links[type.link] != .unread(.zombie)
    }
  }

  private func process(of thread: TaskHistory) throws(SQLiteError) -> TaskHistory? {
    try taskHistories.parent(of: thread.process).flatMap { (process) throws(SQLiteError) in
      try taskHistories.history(of: process.task)
    }
  }
}

extension HistorySnapshot {
  /// The reader of the link intervals of threads.
  var threads: ThreadRuns { ThreadRuns(pidHistories: pidHistories, taskHistories: taskHistories) }
}

/// One process or thread in one namespace set, in every sample and event from `from` to `until`.
struct Membership: Hashable {
  let set: NamespaceSetID
  let from: SequenceNumber
  let until: SequenceNumber
  /// Whether the membership still held in the last sample, and the recorder is still running.
  let isOpen: Bool
  /// Whether the membership begins with the first sample of a session.
  let startsSession: Bool
  /// Whether the membership began, or ended, at an event: see `membership.exact` in `Migrations`.
  var beginsExactly = false
  var endsExactly = false
  /// Whether the membership only fills the time for which nothing is known of the task, or whether it still existed: a
  /// sample contradicted what events had reported, or missed a zombie.
  var isUnseen = false
  /// For a membership that a question counts in part: the sample or event after which the counted part may have
  /// begun, and the one by which it may have ended.
  var mayBeginAfter: SequenceNumber?
  var mayEndBy: SequenceNumber?
}

extension Membership {
  /// Creates the membership of a row of `short_lived_task`: see `Migrations`.
  ///
  /// - Parameter session: the session that contains the first sequence number of the row.
  init(
    shortLivedTask from: SequenceNumber, length: Int64, set: NamespaceSetID, in session: SessionSpan
  ) throws(SQLiteError) {
    let (until, overflows) = from.addingReportingOverflow(length)
    guard length >= 0, !overflows, until < session.last else {
      throw Self.stray(shortLivedTask: from)
    }
    self.init(
      set: set, from: from, until: until, isOpen: false, startsSession: false,
      beginsExactly: true, endsExactly: true)
  }

  /// Returns the error for a row of `short_lived_task` that is not within a session.
  static func stray(shortLivedTask from: SequenceNumber) -> SQLiteError {
    .corrupt("short-lived task \(from) is not in its session", operation: "read memberships")
  }
}

extension Membership {
  /// Returns the part of the membership in which a description held; nil if there is none.
  func limited(
    to span: ProcessRecord.DescriptionSpan, within isWithin: Bool
  ) -> Membership? {
    guard
      var limited = limited(
        to: span.certain, beginsExactly: span.beginsExactly, endsExactly: span.endsExactly)
    else { return nil }
    let (low, high) = (limited.from, limited.until)
    if low > from {
      limited.mayBeginAfter = isWithin ? max(from, span.possibleFrom) : span.possibleFrom
    }
    if high < until {
      limited.mayEndBy = isWithin ? min(until + 1, span.possibleUntil) : span.possibleUntil
    }
    return limited
  }
}

extension Membership {
  /// Returns the part of the membership in a range of samples and events; nil if there is none.
  ///
  /// - Parameters:
  ///   - beginsExactly: whether an event began the range.
  ///   - endsExactly: whether the event after the range ended it.
  func limited(
    to range: ClosedRange<SequenceNumber>, beginsExactly begins: Bool, endsExactly ends: Bool
  ) -> Membership? {
    let low = max(from, range.lowerBound)
    let high = min(until, range.upperBound)
    guard low <= high else { return nil }
    return Membership(
      set: set, from: low, until: high, isOpen: isOpen && high == until,
      startsSession: startsSession && low == from,
      beginsExactly: low == from ? beginsExactly : begins,
      endsExactly: high == until ? endsExactly : ends, isUnseen: isUnseen)
  }
}

extension Membership {
  /// Returns the membership joined with the next one, which is in the same namespaces.
  func joined(with next: Membership) -> Membership {
    var joined = Membership(
      set: next.set, from: from, until: next.until, isOpen: next.isOpen,
      startsSession: startsSession, beginsExactly: beginsExactly, endsExactly: next.endsExactly)
    joined.mayBeginAfter = mayBeginAfter
    joined.mayEndBy = next.mayEndBy
    return joined
  }
}

extension [Membership] {
  /// Adds the next membership of a task. Throws if it overlaps the last one.
  mutating func append(
    _ membership: Membership, of task: TaskID
  ) throws(SQLiteError) {
    guard last?.until ?? .zero < membership.from else {
      throw .corrupt("times of task \(task.rawValue) overlap", operation: "read memberships")
    }
    append(membership)
  }
}
