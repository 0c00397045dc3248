internal import NSHistory
internal import NamespaceModel

/// The answer to "are these in one namespace?", ready to be shown: from the history or live.
struct Comparison {
  /// The PIDs and threads, in the order asked for.
  var numbers: [TaskNumber]
  /// The text that replaces a long list of PIDs; nil to print the PIDs.
  var who: String?
  /// The text of the time asked about, which follows the PIDs: `at 10:42:00`, `now`.
  var time: String
  var verdict: Verdict
  var processes: [Process]
  var types: [TypeLine]
  /// The samples around the time asked for; empty for other questions.
  var samples: [SameAnswer.SampleGap] = []
  /// Threads whose namespaces differed from those of their processes.
  var threads: [SameAnswer.ThreadMembership] = []
  /// The caveats on the answer in the time asked about.
  var caveats: [Caveat] = []
  /// Sentences on the evidence of the answer, and on the remedies for what is missing.
  var notes: [String] = []
  /// For each PID, the number of further processes that had it and are not compared.
  var others: [Others] = []
  /// Returns the meaning of a reason.
  var explain: (UnknownReason) -> String = ReasonFormatter.recorded

  /// The evidence of an answer, also where it does not suffice for a verdict.
  enum Evidence: String {
    /// The kernel showed the state at the moment asked about, or reported every change.
    case exact
    /// Samples before and after the time showed the state.
    case sampled
  }

  struct Process {
    var number: TaskNumber
    var start: WallTime?
    var comm: String?
    var uid: Int64?
    var firstSeen: WallTime?
    var lastSeen: WallTime?
    var container: ContainerRecord?
    /// The command line and the path of the executable, escaped; nil if they are not known.
    var commandLine: String?
    var executable: String?
  }

  struct TypeLine {
    var type: NamespaceType
    var verdict: Verdict
    var evidence: Evidence
    var reason: UnknownReason?
    /// For each PID whose namespace is not known, the reason.
    var reasons: [Reason]
    var namespaces: [Namespace]
    var intervals: [Interval] = []
    var differedAtTimes = false
    /// For `same`: why the answer is unknown at other times.
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

  struct Namespace {
    var inode: UInt64
    var kernelID: UInt64?
    var isInitial: Bool?
    /// The indices in `processes` of those that were observed in the namespace.
    var processes: [Int]
  }

  struct Interval {
    var from: WallTime
    var until: WallTime
    var isOpen: Bool
    var namespace: Namespace
  }

  /// Whether a PID or TID names more than one of the processes.
  func isSeveral(_ number: TaskNumber) -> Bool { processes.count { $0.number == number } > 1 }

  /// The PIDs and TIDs of the processes in a namespace, each once.
  func numbers(of namespace: Namespace) -> [TaskNumber] {
    namespace.processes.map { processes[$0].number }.uniqued
  }
}

extension Comparison {
  /// The answer if a name matches no process.
  init(ofNobody types: [NamespaceType]) {
    self.init(
      numbers: [], time: "", verdict: .unknown, processes: [],
      types: types.map {
        TypeLine(
          type: $0, verdict: .unknown, evidence: .sampled, reason: .notRecorded, reasons: [],
          namespaces: [])
      })
  }

  /// Converts an answer of the history.
  init(_ answer: SameAnswer, to question: SameQuestion, time: String) {
    numbers = question.pids.map(\.number).uniqued
    self.time = time
    verdict = answer.verdict
    // A PID that was asked about at two times may stand for one process or two. The processes at the
    // moment come first, then those that only the namespaces list. One process may occur with two
    // descriptions: the one of the moment, and the last one.
    var known: Set<Int64> = []
    let records =
      (answer.processes.flatMap(\.self)
      + answer.types.flatMap(\.namespaces).flatMap(\.processes)).filter {
        known.insert($0.id).inserted
      }
    processes = records.map {
      Process(
        number: $0.number, start: $0.start, comm: $0.comm, uid: $0.uid, firstSeen: $0.firstSeen,
        lastSeen: $0.lastSeen, container: $0.container, commandLine: $0.commandLine,
        executable: $0.program?.executable)
    }
    let indexes = Dictionary(uniqueKeysWithValues: records.enumerated().map { ($1.id, $0) })
    types = answer.types.map { TypeLine($0, question.pids.map(\.number), indexes) }
    samples = answer.samples
    threads = answer.threads
    caveats = answer.caveats
  }
}

extension Comparison.TypeLine {
  /// - Parameter indexes: of processes in the list of all, by row.
  init(
    _ answer: SameAnswer.TypeAnswer, _ numbers: [TaskNumber], _ indexes: [Int64: Int]
  ) {
    self.init(
      type: answer.type, verdict: answer.verdict, evidence: answer.isExact ? .exact : .sampled,
      reason: answer.reason,
      reasons: zip(numbers, answer.reasons).compactMap { number, reason in
        reason.map { Comparison.Reason(number: number, reason: $0) }
      }.uniqued,
      namespaces: answer.namespaces.map {
        Comparison.Namespace($0.namespace, $0.processes, among: indexes)
      },
      intervals: answer.intervals.map { interval in
        Comparison.Interval(
          from: interval.from, until: interval.until, isOpen: interval.isOpen,
          namespace: Comparison.Namespace(interval.namespace, interval.processes, among: indexes))
      },
      differedAtTimes: answer.differedAtTimes, unknownAtTimes: answer.unknownAtTimes)
  }
}

extension Comparison.Namespace {
  init(_ namespace: NamespaceRecord, _ processes: [ProcessRecord], among indexes: [Int64: Int]) {
    self.init(
      inode: namespace.inode, kernelID: namespace.kernelID, isInitial: namespace.isInitial,
      processes: processes.compactMap { indexes[$0.id] })
  }
}

extension Comparison {
  /// The comparison as one JSON object that always has every key.
  var json: JSON {
    .object([
      ("verdict", .string(verdict.rawValue)),
      ("processes", .array(processes.map(\.json))),
      ("types", .array(types.map(json))),
      ("samples", .array(samples.map(\.json))),
      CaveatFormatter(caveats: caveats, zone: .utc).json,
      (
        "other_incarnations",
        .array(
          others.map {
            .object([("pid", .integer($0.pid)), ("count", .integer(Int64($0.count)))])
          })
      ),
      ("threads", .array(threads.map(\.json))),
    ])
  }

  private func json(_ line: TypeLine) -> JSON {
    .object([
      ("type", .string(line.type.name)), ("verdict", .string(line.verdict.rawValue)),
      ("evidence", .string(line.evidence.rawValue)),
      ("reason", .optional(line.reason) { .string($0.rawValue) }),
      (
        "reasons",
        .array(
          line.reasons.map {
            .object([
              ("pid", .integer($0.number.pid)), ("tid", .optional($0.number.tid, JSON.integer)),
              ("reason", .string($0.reason.rawValue)),
            ])
          })
      ),
      ("namespaces", .array(line.namespaces.map { .object(json($0)) })),
      ("intervals", .array(line.intervals.map(json))),
      ("differed_at_times", .bool(line.differedAtTimes)),
      ("unknown_at_times", .optional(line.unknownAtTimes) { .string($0.rawValue) }),
    ])
  }

  private func json(_ namespace: Namespace) -> [(String, JSON)] {
    [
      ("inode", .unsigned(namespace.inode)), ("id", .optional(namespace.kernelID, JSON.unsigned)),
      ("initial", .optional(namespace.isInitial, JSON.bool)),
      ("pids", .array(numbers(of: namespace).map(\.pid).uniqued.map(JSON.integer))),
      // Indexes into the top-level list `processes`, because one PID may stand for several processes.
      ("processes", .array(namespace.processes.map { .integer(Int64($0)) })),
    ]
  }

  private func json(_ interval: Interval) -> JSON {
    .object(
      [
        ("from", .time(interval.from)), ("until", .time(interval.until)),
        ("open", .bool(interval.isOpen)),
      ] + json(interval.namespace))
  }
}

extension Comparison.Process {
  fileprivate var json: JSON {
    .object([
      ("pid", .integer(number.pid)), ("tid", .optional(number.tid, JSON.integer)),
      ("start", .optional(start) { .string(TimeFormat.start($0)) }),
      ("comm", .optional(comm, JSON.string)), ("uid", .optional(uid, JSON.integer)),
      ("first_seen", .time(firstSeen)), ("last_seen", .time(lastSeen)),
      ("container", .optional(container?.id, JSON.string)),
      ("container_name", .optional(container?.name, JSON.string)),
      ("command_line", .optional(commandLine, JSON.string)),
      ("executable", .optional(executable, JSON.string)),
    ])
  }
}

extension SameAnswer.SampleGap {
  /// The samples before and after a moment as a JSON object.
  var json: JSON {
    .object([
      ("before", .time(before)), ("after", .time(after)),
      ("missing", .optional(missing) { .string($0.code) }), ("exact", .bool(isExact)),
    ])
  }
}

extension JSON {
  /// Returns a time as RFC 3339 in UTC.
  static func time(_ time: WallTime?) -> JSON {
    optional(time) { .string(TimeFormat.utc($0)) }
  }
}
