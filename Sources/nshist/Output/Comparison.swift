internal import NSHistory
internal import NamespaceModel

/// The answer to "are these in one namespace?", ready to be shown: from the history or live.
struct Comparison {
  /// The PIDs, in the order asked for.
  var pids: [Int64]
  /// What was asked, behind the PIDs: `at 10:42:00`, `now`.
  var time: String
  var verdict: Verdict
  var processes: [Process]
  var types: [TypeLine]
  /// The samples around the time asked for; empty for other questions.
  var samples: [SameAnswer.SampleGap] = []
  /// What the answer rests on, and what would help, in sentences.
  var notes: [String] = []

  /// What an answer rests on, also where that does not suffice for a verdict.
  enum Evidence: String {
    /// The kernel said so of the moment asked for.
    case exact
    /// Samples said so, before and after.
    case sampled
  }

  struct Process {
    var pid: Int64
    var start: Int64?
    var comm: String
    var uid: Int64?
    var firstSeen: Int64?
    var lastSeen: Int64?
  }

  struct TypeLine {
    var type: NamespaceType
    var verdict: Verdict
    var evidence: Evidence
    var reason: UnknownReason?
    var places: [Place]
    var intervals: [Interval] = []
    var differedAtTimes = false
    /// For each PID, why it is not known where it was.
    var reasons: [UnknownReason?]
  }

  struct Place {
    var inode: UInt64
    var kernelID: UInt64?
    var isInitial: Bool?
    var pids: [Int64]
  }

  struct Interval {
    var from: Int64
    var until: Int64
    var isOpen: Bool
    var inode: UInt64
    var kernelID: UInt64?
    /// The places in `processes` of those that were together.
    var processes: [Int]
  }

  /// Whether a PID stands for more than one process.
  func isSeveral(_ pid: Int64) -> Bool { processes.count { $0.pid == pid } > 1 }
}

extension Comparison {
  /// From an answer of the history.
  init(_ answer: SameAnswer, to question: SameQuestion, time: String) {
    pids = question.pids.map(\.pid)
    self.time = time
    verdict = answer.verdict
    // A PID that was asked for twice, at two times, is one or two processes.
    var shown: Set<Int64> = []
    let records = answer.processes.joined().filter { shown.insert($0.id).inserted }
    processes = records.map {
      Process(
        pid: $0.pid, start: $0.start, comm: $0.comm, uid: $0.uid, firstSeen: $0.firstSeen,
        lastSeen: $0.lastSeen)
    }
    types = answer.types.map { TypeLine($0, records) }
    samples = answer.samples
  }
}

extension Comparison.TypeLine {
  init(_ answer: SameAnswer.TypeAnswer, _ processes: [ProcessRecord]) {
    self.init(
      type: answer.type, verdict: answer.verdict,
      evidence: .sampled, reason: answer.reason,
      places: answer.namespaces.map {
        Comparison.Place(
          inode: $0.namespace.inode, kernelID: $0.namespace.kernelID,
          isInitial: $0.namespace.isInitial, pids: $0.pids)
      },
      intervals: answer.intervals.map { interval in
        Comparison.Interval(
          from: interval.from, until: interval.until, isOpen: interval.isOpen,
          inode: interval.namespace.inode, kernelID: interval.namespace.kernelID,
          processes: interval.processes.compactMap { one in
            processes.firstIndex { $0.id == one.id }
          })
      },
      differedAtTimes: answer.differedAtTimes, reasons: answer.reasons)
  }
}
