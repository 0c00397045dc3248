internal import NamespaceModel
internal import SQLite

extension SharedQuestion {
  /// The processes and the time that the question is about. Any process may have been in a namespace, so a
  /// group of namespaces needs all processes.
  var scope: QuestionScope {
    var processes: [ProcessSelector] = []
    for group in groups {
      switch group {
      case .processes(let selector): processes.append(selector)
      case .namespace: return .everything(in: window)
      case .host: break
      }
    }
    return .processes(processes, in: window)
  }
}

extension SharedAnswer {
  /// The answer from a history without samples.
  static func nothing(_ question: SharedQuestion) -> SharedAnswer {
    SharedAnswer(
      verdict: .unknown,
      groups: question.groups.map { _ in Group(processes: 0, isKnown: false) },
      types: question.types.map {
        TypeAnswer(
          type: $0, verdict: .unknown, reason: .notRecorded, isExact: false, visits: [],
          visitCount: 0, unobserved: [])
      }, inSeveralGroups: [], outsiders: [], recorded: nil)
  }
}

/// Answers one question about one snapshot.
struct SharedQuery {
  private let reading: HistorySnapshot
  private let question: SharedQuestion
  private let time: ObservedTime
  private let groups: [SharedGroup]
  private let found: OutsiderFinder.Found
  private let finder: SharingFinder

  /// The maximum number of visits of a type that are reported (`SharedAnswer.Visit`).
  static let mostVisits = 1000
  /// The maximum number of processes of the other group that are reported for each visit.
  static let mostOthers = 20

  init(
    _ reading: HistorySnapshot, _ question: SharedQuestion, _ time: ObservedTime
  ) throws(SQLiteError) {
    self.reading = reading
    self.question = question
    self.time = time
    let reader = GroupReader(reading: reading, time: time, types: question.types)
    groups = try question.groups.enumerated().map { (index, group) throws(SQLiteError) in
      try reader.group(group, index)
    }
    let isTooLarge = groups.contains { $0.tooManyCount > 0 }
    found =
      isTooLarge
      ? .init()
      : try OutsiderFinder(reading: reading, time: time, groups: groups).find(question.types)
    finder = SharingFinder(time: time)
  }

  func answer() throws(SQLiteError) -> SharedAnswer {
    let types = try question.types.map { (type) throws(SQLiteError) in try answer(type) }
    return SharedAnswer(
      verdict: SharedVerdict(of: types.map(\.verdict)), groups: try groups.map(summary),
      types: types,
      inSeveralGroups: try inSeveralGroups, outsiders: found.outsiders,
      caveats: try LeftOutFinder(reading: reading).caveats(in: question.window, time.samples),
      recorded: try reading.index.recorded())
  }

  /// Whether a group has more processes than can be compared.
  var isTooLarge: Bool { groups.contains { $0.tooManyCount > 0 } }

  /// The answer without verdicts, for groups that are too large.
  var refusal: SharedAnswer {
    get throws(SQLiteError) {
      var answer = SharedAnswer.nothing(question)
      answer.groups = try groups.map(summary)
      return answer
    }
  }

  private func summary(_ group: SharedGroup) throws(SQLiteError) -> SharedAnswer.Group {
    let first =
      try (group.members.first { $0.task == $0.owner } ?? group.members.first)
      .flatMap { (member) throws(SQLiteError) in try process(member.task) }
    return SharedAnswer.Group(
      processes: group.processCount, process: first,
      onlyProcess: group.processCount == 1 ? group.members.first?.owner.rawValue : nil,
      container: first?.container,
      containers: group.containerRecords.values.sorted { $0.id < $1.id },
      isKnown: group.isKnown,
      otherIncarnations: group.otherIncarnations,
      hasUnknownNumbers: group.hasUnknownNumbers, byNamespaces: group.enclosedCount,
      isTooLarge: group.tooManyCount > 0)
  }

  private var inSeveralGroups: [ProcessRecord] {
    get throws(SQLiteError) {
      // A thread counts with its process: neither the two nor two threads of one process are compared.
      var visited: Set<TaskID> = []
      var several: Set<TaskID> = []
      for group in groups {
        let owners = Set(group.members.map(\.owner))
        several.formUnion(owners.intersection(visited))
        visited.formUnion(owners)
      }
      return try several.sorted().map { (task) throws(SQLiteError) in try process(task) }
        .compactMap(\.self)
    }
  }

  /// Returns a process with the last description that it had in the window.
  private func process(_ task: TaskID) throws(SQLiteError) -> ProcessRecord? {
    try reading.taskHistories.history(of: task).map { (history) throws(SQLiteError) in
      try reading.index.described(
        history.process, through: history.firstSample...history.lastSample, in: question.window)
    }
  }

  // MARK: One type

  private func answer(_ type: NamespaceType) throws(SQLiteError) -> SharedAnswer.TypeAnswer {
    let presences = try groups.map { (group) throws(SQLiteError) in
      try group.presences(type, time, reading)
    }
    let observations = try groups.map { (group) throws(SQLiteError) in
      try GroupObservation(group, type, reading, time)
    }
    var verdicts: [SharedVerdict] = []
    var visits: [SharedAnswer.Visit] = []
    var (visitCount, isAnyExact) = (0, false)
    var gaps: [SharedPair.Gap] = []
    var reasons: [UnknownReason] = []
    var (isNeverExact, areAtDifferentTimes) = (true, true)
    for one in groups.indices {
      for other in groups.indices where other > one {
        let pair = SharedPair(
          groups: (groups[one], groups[other]), presences: (presences[one], presences[other]),
          observations: (observations[one], observations[other]), type: type, reading: reading,
          finder: finder, uncertain: found.uncertain)
        let shared = try SharedVisits(
          groups: pair.groups, presences: pair.presences, type: type, reading: reading,
          finder: finder
        ).find()
        let unknown = try pair.gaps(isShared: shared.count > 0)
        visits += shared.visits
        visitCount += shared.count
        isAnyExact = isAnyExact || shared.isAnyExact
        // If the question is about one moment and sharing is proven, no other time can be unknown.
        if !time.isMoment || shared.count == 0 { gaps += unknown }
        if shared.count > 0 {
          verdicts.append(.shared)
        } else if let reason = pair.reason(unknown) {
          verdicts.append(.unknown)
          reasons.append(reason)
        } else {
          verdicts.append(.never)
          isNeverExact = isNeverExact && pair.isNeverExact
          areAtDifferentTimes = areAtDifferentTimes && pair.areAtDifferentTimes
        }
      }
    }
    let verdict = SharedVerdict(of: verdicts)
    visits.sort { ($0.from, $0.process?.id ?? 0) < ($1.from, $1.process?.id ?? 0) }
    return SharedAnswer.TypeAnswer(
      type: type, verdict: verdict,
      reason: verdict == .unknown ? UnknownReason.mostInformative(reasons) : nil,
      isExact: verdict == .never ? isNeverExact : isAnyExact,
      areAtDifferentTimes: verdict == .never && areAtDifferentTimes,
      visits: Array(visits.prefix(Self.mostVisits)), visitCount: visitCount,
      unobserved: try unobserved(gaps))
  }

  /// Returns the unobserved times with their lengths, merged for each process, group and reason.
  private func unobserved(
    _ gaps: [SharedPair.Gap]
  ) throws(SQLiteError) -> [SharedAnswer.Unobserved] {
    struct Key: Hashable {
      let reason: UnknownReason
      let group: Int
      let process: TaskID?
    }
    var order: [Key] = []
    var found: [Key: [Range<SequenceNumber>]] = [:]
    for gap in gaps {
      let key = Key(
        reason: gap.unobserved.reason, group: gap.group, process: gap.unobserved.process)
      if found[key] == nil { order.append(key) }
      found[key, default: []] += gap.unobserved.sampleWindows.ranges
    }
    var unobserved: [SharedAnswer.Unobserved] = []
    for key in order {
      let sampleWindows = SampleWindowSet(found[key] ?? [])
      guard let first = sampleWindows.ranges.first, let last = sampleWindows.ranges.last else {
        continue
      }
      let process = try key.process.flatMap(process)
      var length: Int64 = 0
      for range in sampleWindows.ranges {
        let part = try time.time(of: range)
        length = length &+ (part.until &- part.from)
      }
      unobserved.append(
        .init(
          reason: key.reason, group: key.group, process: process,
          from: try time.time(of: first).from, until: try time.time(of: last).until,
          length: length))
    }
    return unobserved
  }
}

/// Finds the times in which the recorder left out changes of namespaces: see `sample_note.folded` in
/// `Migrations`.
struct LeftOutFinder {
  let reading: HistorySnapshot

  /// Returns the caveats that overlap a window, in time order: at most `CaveatFinder.most`, and then
  /// `more`.
  func caveats(
    in window: TimeWindow, _ samples: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) -> [Caveat] {
    // Each sample counts the changes that were left out since the sample before it.
    let rows = try reading.connection.prepare(
      """
      SELECT s.wall_ns, o.folded, (SELECT b.wall_ns FROM sample AS b
        WHERE b.seq < s.seq ORDER BY b.seq DESC LIMIT 1)
      FROM sample_note AS o JOIN sample AS s USING (seq) WHERE o.folded > 0 AND o.seq BETWEEN ?1 AND COALESCE(
        (SELECT MIN(n.seq) FROM sample AS n WHERE n.seq >= ?2), ?2)
      ORDER BY s.seq
      """
    ).bind(reading.index.sampleValues(samples))
    defer { rows.reset() }
    var caveats: [Caveat] = []
    while try rows.step() {
      let until = rows.wallTime(0)
      let from = rows.optionalWallTime(2) ?? until
      guard window.overlaps(min(from, until), max(from, until)) else { continue }
      guard caveats.count < CaveatFinder.most else {
        return caveats + [Caveat(from: nil, until: nil, kind: .more)]
      }
      caveats.append(Caveat(from: from, until: until, kind: .changesLeftOut(rows.integer(1))))
    }
    return caveats
  }
}
