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
      case moved(from: Int64)
      /// It was there before.
      case unknown
    }
  }

  /// Of a thread that moved away from its process, the set that it was in before.
  var movedFrom: Int64? {
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
      try lives.life(task: process.id)
    }
  }
}

extension HistorySnapshot {
  /// What threads were by their own.
  var threads: ThreadRuns { ThreadRuns(pidHistories: pidHistories, lives: lives) }
}
