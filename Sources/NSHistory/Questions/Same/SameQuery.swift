internal import NamespaceModel
internal import SQLite

extension SameQuestion {
  /// The processes and the time that the question is about.
  var scope: QuestionScope {
    let processes = pids.flatMap { selector -> [ProcessSelector] in
      // A name or a container stands for all the processes that match it.
      guard selector.names.isEmpty else { return Array(selector.names) }
      return [
        selector.tid == nil
          ? .pid(selector.pid, alive: selector.alive, within: selector.within)
          : .thread(selector.number, alive: selector.alive, within: selector.within)
      ]
    }
    return .processes(processes, in: time.window)
  }
}

/// Answers one question about one snapshot.
struct SameQuery {
  let reading: HistorySnapshot
  let question: SameQuestion
  let pidHistories: [PIDHistory]
  /// The sample windows around the moment asked about; empty for a range.
  let sampleWindows: [SampleWindow]

  init(_ reading: HistorySnapshot, _ question: SameQuestion) throws(SQLiteError) {
    self.reading = reading
    self.question = question
    let moment: [SampleWindow]? =
      if case .at(let time) = question.time {
        try reading.index.sampleWindows(at: time)
      } else { nil }
    sampleWindows = moment ?? []
    pidHistories = try question.pids.map { (selector) throws(SQLiteError) in
      var pidHistory = try reading.pidHistories.pidHistory(selector, in: moment)
      pidHistory.limits = try Self.limits(of: pidHistory, selector, reading.connection)
      if case .range = question.time {
        try pidHistory.describe { (process, last) throws(SQLiteError) in
          try reading.index.described(
            process, through: .zero...max(.zero, last), in: question.time.window)
        }
      }
      return pidHistory
    }
  }

  /// Returns the times in which each process of a PID history matched the selector's name or container.
  private static func limits(
    of pidHistory: PIDHistory, _ selector: SameQuestion.Selector, _ connection: Connection
  ) throws(SQLiteError) -> [Int: [ProcessRecord.DescriptionSpan]] {
    var matchers: [DescriptionMatcher] = []
    for name in selector.names {
      // A PID inside a pid namespace selects a process for its whole lifetime.
      guard let matcher = try DescriptionMatcher(name, in: connection) else { return [:] }
      matchers.append(matcher)
    }
    guard !matchers.isEmpty else { return [:] }
    var limits: [Int: [ProcessRecord.DescriptionSpan]] = [:]
    for (index, process) in pidHistory.processes.enumerated() where !process.past.isEmpty {
      limits[index] = process.spans { one in matchers.contains { $0.matches(one) } }
    }
    return limits
  }

  func answer() throws(SQLiteError) -> SameAnswer {
    var answer: SameAnswer
    switch question.time {
    case .at(let time): answer = SameAtMoment(query: self, time: time).answer()
    case .range(let since, let until):
      answer = try SameOverRange(query: self, since: since, until: until).answer()
    }
    answer.verdict = Verdict(of: answer.types.map(\.throughout))
    for (index, pidHistory) in pidHistories.enumerated() {
      let known = try known(index, isFound: !answer.processes[index].isEmpty)
      // A PID may have been asked for at two times, so an entry without a list does not replace one with a
      // list.
      guard let known else { continue }
      let number = question.pids[index].number
      if number.tid == nil {
        answer.known[pidHistory.pid] = known
      } else {
        answer.knownThreads[number] = known
      }
    }
    answer.threads = try SameThreads(query: self).memberships(answer)
    answer.recorded = try reading.index.recorded()
    answer.caveats = try CaveatFinder(index: reading.index).caveats(
      in: question.time.window, isToLastSample: true)
    return answer
  }

  /// Returns all processes that had a PID, if the answer lists them: see `SameAnswer.known`.
  private func known(_ index: Int, isFound: Bool) throws(SQLiteError) -> [ProcessRecord]? {
    let selector = question.pids[index]
    if case .range = question.time { return pidHistories[index].known }
    if isFound { return nil }
    // The PID history of a moment holds only the processes of that moment, unless the selector asked for
    // others.
    if selector.alive == nil, selector.process == nil { return pidHistories[index].known }
    return selector.tid == nil
      ? try reading.taskHistories.histories(pid: selector.pid).map(\.process)
      : try reading.taskHistories.histories(thread: selector.number).map(\.process)
  }

  /// Returns the namespaces of several judgements, each with the processes that were seen in it.
  func namespaces(_ judgements: [Judgement]) -> [SameAnswer.NamespaceMembers] {
    var order: [NamespaceRecord] = []
    var members: [NamespaceRecord: Set<TaskID>] = [:]
    for judgement in judgements {
      for (state, pidHistory) in zip(judgement.states, pidHistories) {
        guard case .known(let namespace, let process) = state else { continue }
        if members[namespace] == nil { order.append(namespace) }
        members[namespace, default: []].insert(pidHistory.processes[process].task)
      }
    }
    let seen = members.values.reduce(into: Set()) { $0.formUnion($1) }
    var visited: Set<TaskID> = []
    var asked: [ProcessRecord] = []
    // Hundreds of processes may have had a PID, few of which were seen in the time asked about.
    for pidHistory in pidHistories {
      for process in pidHistory.processes where seen.contains(process.task) {
        if visited.insert(process.task).inserted { asked.append(process) }
      }
    }
    return order.map { namespace in
      SameAnswer.NamespaceMembers(
        namespace: namespace,
        processes: asked.filter { members[namespace]?.contains($0.task) == true })
    }
  }
}

/// Finds the threads of the processes in the answer that were in other namespaces than their process, in
/// the time asked about.
struct SameThreads {
  let query: SameQuery

  func memberships(_ answer: SameAnswer) throws(SQLiteError) -> [SameAnswer.ThreadMembership] {
    var memberships: [SameAnswer.ThreadMembership] = []
    let asked = Set(query.question.pids.map(\.number))
    var visited: Set<TaskID> = []
    for processes in answer.processes {
      for process in processes where visited.insert(process.task).inserted {
        for thread in try query.reading.taskHistories.threads(of: process)
        where !asked.contains(thread.process.number) {
          memberships += try self.memberships(thread, answer)
        }
      }
    }
    return memberships
  }

  private func memberships(
    _ thread: TaskHistory, _ answer: SameAnswer
  ) throws(SQLiteError) -> [SameAnswer.ThreadMembership] {
    let reading = query.reading
    let window = query.question.time.window
    let runs = try ThreadRuns(
      pidHistories: reading.pidHistories, taskHistories: reading.taskHistories
    )
    .apart(thread)
    let bounds = reading.bounds(of: thread)
    var memberships: [SameAnswer.ThreadMembership] = []
    for type in query.question.types {
      for run in runs[type.link] {
        guard let namespace = run.value.namespace else { continue }
        for piece in try reading.index.pieces(of: run.from...run.until) {
          let interval = try bounds.resolve(piece, of: run.from...run.until)
          guard window.mayOverlap(interval) else { continue }
          let others =
            answer.types.first { $0.type == type }?.namespaces
            .first { $0.namespace == namespace }?.processes ?? []
          memberships.append(
            SameAnswer.ThreadMembership(
              thread: thread.process, namespace: namespace, from: interval.from,
              until: interval.until, isExact: interval.beginning.isExact && interval.end.isExact,
              others: others.filter { $0.number != thread.process.number }))
        }
      }
    }
    return memberships
  }
}

/// Answers a question about one moment: by the samples on both sides of it, if they agree.
struct SameAtMoment {
  let query: SameQuery
  let time: WallTime

  func answer() -> SameAnswer {
    let sampleWindows = query.sampleWindows
    return SameAnswer(
      verdict: .unknown,
      processes: query.pidHistories.map { pidHistory in
        pidHistory.processes.indices.filter { index in
          sampleWindows.contains { pidHistory.mayRun(index, in: $0, until: time) }
        }.map { pidHistory.processes[$0].described(in: sampleWindows, at: time) }
      },
      types: query.question.types.map { answer($0, sampleWindows) },
      samples: sampleWindows.map(SameAnswer.SampleGap.init))
  }

  private func answer(
    _ type: NamespaceType, _ sampleWindows: [SampleWindow]
  ) -> SameAnswer.TypeAnswer {
    let judgements = sampleWindows.map { sampleWindow in
      Judgement(query.pidHistories.map { $0.state(type.link, sampleWindow, until: time) })
    }
    // One wall time can be several moments: within a sample, or after the clock was set back.
    let verdicts = Set(judgements.map(\.verdict))
    let verdict = verdicts.count == 1 ? verdicts.first ?? .unknown : .unknown
    let reason: UnknownReason? =
      verdict != .unknown
      ? nil
      : UnknownReason.common(judgements.map(\.reason))
        ?? (sampleWindows.isEmpty ? .notRecorded : .changedBetweenSamples)
    let reasons = query.pidHistories.indices.map { index in
      UnknownReason.common(judgements.map { $0.states[index].reason })
        ?? (sampleWindows.isEmpty ? .notRecorded : nil)
    }
    return SameAnswer.TypeAnswer(
      type: type, verdict: verdict, reason: reason, namespaces: query.namespaces(judgements),
      intervals: [], isExact: !sampleWindows.isEmpty && sampleWindows.allSatisfy(\.isExact),
      differedAtTimes: verdict == .different, unknownAtTimes: nil, reasons: reasons)
  }
}

extension SameAnswer.SampleGap {
  /// The two sides of a sample window.
  init(_ sampleWindow: SampleWindow) {
    self.init(
      // If events cover the window, they report every change of a process after the first sample read it,
      // so the state that this sample shows holds from the end of the sample on.
      before: sampleWindow.isExact ? sampleWindow.before?.wallEnd : sampleWindow.before?.wall,
      after: sampleWindow.after?.wall,
      missing: sampleWindow.missing,
      isExact: sampleWindow.isExact, leavesOutProcesses: sampleWindow.leavesOutProcesses)
  }
}

/// Decides whether the states of several processes, which one sample read at different moments, held at one
/// moment.
struct Simultaneity {
  private let query: SameQuery
  private let link: NamespaceLink
  private let sample: SamplePoint
  private let sides: SampleSides

  init(_ query: SameQuery, _ link: NamespaceLink, _ sample: SamplePoint) throws(SQLiteError) {
    self.query = query
    self.link = link
    self.sample = sample
    sides = try SampleSides(sample, query.reading.index)
  }

  /// Returns the reason for which a judgement on the sample is not proven; nil if it is.
  func reason(against judgement: Judgement) -> UnknownReason? {
    let pidHistories = judgement.states.indices
    let isProven =
      switch judgement.verdict {
      case .unknown: true
      case .same: areProven(Array(pidHistories))
      case .different:
        pidHistories.contains { first in
          pidHistories.contains { second in
            guard second > first, let one = judgement.states[first].namespace,
              let other = judgement.states[second].namespace
            else { return false }
            return one.differs(from: other) && areProven([first, second])
          }
        }
      }
    if isProven { return nil }
    // If there is no sample before and none after, no two samples differ, so that the reason is the gap.
    return sides.areBothMissing ? .gap : .changedBetweenSamples
  }

  private func areProven(_ indices: [Int]) -> Bool {
    let runs = indices.compactMap { query.pidHistories[$0].run(link, at: sample.id) }
    // A PID that was asked for twice is one process, which always shares with itself.
    let processes = Set(
      zip(indices, runs).map { query.pidHistories[$0].processes[$1.process].task })
    return processes.count == 1 || sides.prove(runs)
  }
}

/// The verdict on the states of several PIDs in one piece of time.
struct Judgement: Hashable {
  let verdict: Verdict
  let reason: UnknownReason?
  /// The known state of each PID.
  let states: [PIDHistory.State]

  init(_ states: [PIDHistory.State]) {
    self.states = states
    let known = states.compactMap(\.namespace)
    if Self.anyDiffer(known) {
      verdict = .different
      reason = nil
    } else if known.count == states.count {
      // No two of the namespaces certainly differ. If they are not all one row, it is only known that they have one
      // inode number.
      let isOne = Set(known.map(\.id)).count == 1
      verdict = isOne ? .same : .unknown
      reason = isOne ? nil : .inodeMayBeReused
    } else {
      verdict = .unknown
      // The absence of a PID explains more than any other reason.
      let absent = states.filter(\.isAbsent)
      reason = UnknownReason.mostInformative(
        (absent.isEmpty ? states : absent).compactMap(\.reason))
    }
  }

  /// The judgement on states that each held at some moment but are not proven to have held at once.
  init(unproven states: [PIDHistory.State], because reason: UnknownReason) {
    self.states = states
    verdict = .unknown
    self.reason = reason
  }

  /// Whether one of the PIDs was certainly not running: then not all of them shared a namespace.
  var hasAbsent: Bool { states.contains(where: \.isAbsent) }

  private static func anyDiffer(_ all: [NamespaceRecord]) -> Bool {
    guard let first = all.first, all.contains(where: { $0.id != first.id }) else { return false }
    // Removes duplicates first: many processes are in few namespaces.
    let namespaces = Array(Set(all))
    return namespaces.indices.contains { first in
      namespaces[(first + 1)...].contains { $0.differs(from: namespaces[first]) }
    }
  }
}
