internal import NSHistory
internal import NamespaceModel

/// The answer to "are these in one namespace?", ready to be shown: from the history or live.
struct Comparison {
  /// The PIDs and threads, in the order asked for.
  var numbers: [TaskNumber]
  /// What is said in the place of many PIDs; nil for the PIDs themselves.
  var who: String?
  /// What was asked, behind the PIDs: `at 10:42:00`, `now`.
  var time: String
  var verdict: Verdict
  var processes: [Process]
  var types: [TypeLine]
  /// The samples around the time asked for; empty for other questions.
  var samples: [SameAnswer.SampleGap] = []
  /// Where threads of the processes were elsewhere than these.
  var threads: [SameAnswer.ThreadPlace] = []
  /// What limits the answer in the time asked for.
  var caveats: [Caveat] = []
  /// What the answer rests on, and what would help, in sentences.
  var notes: [String] = []
  /// How many more processes had the PIDs than those that are compared.
  var others: [Others] = []
  /// What a reason means, in words.
  var words: (UnknownReason) -> String = { $0.words }

  /// What an answer rests on, also where that does not suffice for a verdict.
  enum Evidence: String {
    /// The kernel said so of the moment asked for, or told of every change.
    case exact
    /// Samples said so, before and after.
    case sampled
  }

  struct Process {
    var number: TaskNumber
    var start: Int64?
    var comm: String?
    var uid: Int64?
    var firstSeen: Int64?
    var lastSeen: Int64?
    var container: ContainerRecord?
  }

  struct TypeLine {
    var type: NamespaceType
    var verdict: Verdict
    var evidence: Evidence
    var reason: UnknownReason?
    /// Why it is not known where PIDs were; none for those of which it is.
    var reasons: [Reason]
    var places: [Place]
    var intervals: [Interval] = []
    var differedAtTimes = false
    /// Beside `same`: why it is not known at other times.
    var unknownAtTimes: UnknownReason?
  }

  /// Processes that had a PID and are not compared.
  struct Others {
    var pid: Int64
    var count: Int
  }

  struct Reason: Hashable {
    var number: TaskNumber
    var reason: UnknownReason
  }

  struct Place {
    var inode: UInt64
    var kernelID: UInt64?
    var isInitial: Bool?
    /// The places in `processes` of those that were seen in it.
    var processes: [Int]
  }

  struct Interval {
    var from: Int64
    var until: Int64
    var isOpen: Bool
    var place: Place
  }

  /// Whether a number stands for more than one process.
  func isSeveral(_ number: TaskNumber) -> Bool { processes.count { $0.number == number } > 1 }

  /// The numbers of processes, each once.
  func numbers(of place: Place) -> [TaskNumber] {
    Self.unique(place.processes.map { processes[$0].number })
  }

  static func unique<T: Hashable>(_ values: [T]) -> [T] {
    var met: Set<T> = []
    return values.filter { met.insert($0).inserted }
  }
}

extension Comparison {
  /// The answer where a name stands for no process.
  init(ofNobody types: [NamespaceType]) {
    self.init(
      numbers: [], time: "", verdict: .unknown, processes: [],
      types: types.map {
        TypeLine(
          type: $0, verdict: .unknown, evidence: .sampled, reason: .notRecorded, reasons: [],
          places: [])
      })
  }

  /// From an answer of the history.
  init(_ answer: SameAnswer, to question: SameQuestion, time: String) {
    numbers = Self.unique(question.pids.map(\.number))
    self.time = time
    verdict = answer.verdict
    // A PID that was asked for twice, at two times, is one or two processes. Those seen come first;
    // one may be seen that is only asked for by the time of another. One process may be there by two
    // descriptions: as it was at the moment, and as it was last.
    var met: Set<Int64> = []
    let records =
      (answer.processes.flatMap(\.self)
      + answer.types.flatMap(\.namespaces).flatMap(\.processes)).filter {
        met.insert($0.id).inserted
      }
    processes = records.map {
      Process(
        number: $0.number, start: $0.start, comm: $0.comm, uid: $0.uid, firstSeen: $0.firstSeen,
        lastSeen: $0.lastSeen, container: $0.container)
    }
    let places = Dictionary(uniqueKeysWithValues: records.enumerated().map { ($1.id, $0) })
    types = answer.types.map { TypeLine($0, question.pids.map(\.number), places) }
    samples = answer.samples
    threads = answer.threads
    caveats = answer.caveats
  }
}

extension Comparison.TypeLine {
  /// - Parameter places: of processes in the list of all, by row.
  init(
    _ answer: SameAnswer.TypeAnswer, _ numbers: [TaskNumber], _ places: [Int64: Int]
  ) {
    self.init(
      type: answer.type, verdict: answer.verdict, evidence: answer.isExact ? .exact : .sampled,
      reason: answer.reason,
      reasons: Comparison.unique(
        zip(numbers, answer.reasons).compactMap { number, reason in
          reason.map { Comparison.Reason(number: number, reason: $0) }
        }),
      places: answer.namespaces.map {
        Comparison.Place($0.namespace, $0.processes, among: places)
      },
      intervals: answer.intervals.map { interval in
        Comparison.Interval(
          from: interval.from, until: interval.until, isOpen: interval.isOpen,
          place: Comparison.Place(interval.namespace, interval.processes, among: places))
      },
      differedAtTimes: answer.differedAtTimes, unknownAtTimes: answer.unknownAtTimes)
  }
}

extension Comparison.Place {
  init(_ namespace: NamespaceRecord, _ processes: [ProcessRecord], among places: [Int64: Int]) {
    self.init(
      inode: namespace.inode, kernelID: namespace.kernelID, isInitial: namespace.isInitial,
      processes: processes.compactMap { places[$0.id] })
  }
}
