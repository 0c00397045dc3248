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
