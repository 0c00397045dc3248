internal import NamespaceModel
internal import SQLite

extension HistoryReader {
  /// Answers whether processes of groups ever shared a namespace.
  public func shared(_ question: SharedQuestion) throws(HistoryError) -> SharedAnswer {
    try reading { (reading) throws(SQLiteError) in
      guard let time = try ObservedTime(reading, question.window) else {
        return SharedAnswer.nothing(question)
      }
      let query = try SharedQuery(reading, question, time)
      return query.isTooLarge ? query.refusal : try query.answer()
    }
  }
}

extension SharedAnswer {
  /// Of a history without samples.
  fileprivate static func nothing(_ question: SharedQuestion) -> SharedAnswer {
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

/// One question being answered.
struct SharedQuery {
  private let reading: Reading
  private let question: SharedQuestion
  private let time: ObservedTime
  private let groups: [SharedGroup]
  private let found: OutsiderFinder.Found
  private let finder: SharingFinder

  /// How many visits of a type are told, and how many processes of each.
  static let mostVisits = 1000
  static let mostOthers = 20

  init(
    _ reading: Reading, _ question: SharedQuestion, _ time: ObservedTime
  ) throws(SQLiteError) {
    self.reading = reading
    self.question = question
    self.time = time
    let reader = GroupReader(reading: reading, time: time, types: question.types)
    groups = try question.groups.enumerated().map { (place, group) throws(SQLiteError) in
      try reader.group(group, place)
    }
    let isTooLarge = groups.contains { $0.excess > 0 }
    found =
      isTooLarge
      ? .init()
      : try OutsiderFinder(reading: reading, time: time, groups: groups).find(question.types)
    finder = SharingFinder(time: time)
  }

  func answer() throws(SQLiteError) -> SharedAnswer {
    let types = try question.types.map { (type) throws(SQLiteError) in try answer(type) }
    return SharedAnswer(
      verdict: SharedVerdict(of: types.map(\.verdict)), groups: groups.map(summary), types: types,
      inSeveralGroups: inSeveralGroups, outsiders: found.outsiders,
      recorded: try reading.index.recorded())
  }

  /// Whether a group has more processes than can be compared.
  fileprivate var isTooLarge: Bool { groups.contains { $0.excess > 0 } }

  /// The answer that is none.
  fileprivate var refusal: SharedAnswer {
    var answer = SharedAnswer.nothing(question)
    answer.groups = groups.map(summary)
    return answer
  }

  private func summary(_ group: SharedGroup) -> SharedAnswer.Group {
    let first = group.members.first { $0.life.process.tid == nil } ?? group.members.first
    return SharedAnswer.Group(
      processes: group.processCount, process: first?.life.process,
      container: first?.life.process.container, isKnown: group.isKnown,
      otherIncarnations: group.otherIncarnations, isTooLarge: group.excess > 0)
  }

  private var inSeveralGroups: [ProcessRecord] {
    var counts: [Int64: Int] = [:]
    var order: [ProcessRecord] = []
    for group in groups {
      for member in group.members {
        counts[member.life.process.id, default: 0] += 1
        if counts[member.life.process.id] == 2 { order.append(member.life.process) }
      }
    }
    return order
  }

  // MARK: One type

  private func answer(_ type: NamespaceType) throws(SQLiteError) -> SharedAnswer.TypeAnswer {
    let presences = try groups.map { (group) throws(SQLiteError) in
      try group.presences(type, time)
    }
    let observations = try groups.map { (group) throws(SQLiteError) in
      try GroupObservation(group, type, reading, time)
    }
    var verdicts: [SharedVerdict] = []
    var visits: [SharedAnswer.Visit] = []
    var gaps: [SharedPair.Gap] = []
    var reasons: [UnknownReason] = []
    var isNeverExact = true
    for one in groups.indices {
      for other in groups.indices where other > one {
        let pair = SharedPair(
          groups: (groups[one], groups[other]), presences: (presences[one], presences[other]),
          observations: (observations[one], observations[other]), type: type, reading: reading,
          finder: finder, uncertain: found.uncertain)
        let shared = try pair.visits()
        let unknown = try pair.gaps(isShared: !shared.isEmpty)
        visits += shared
        gaps += unknown
        if !shared.isEmpty {
          verdicts.append(.shared)
        } else if let reason = pair.reason(unknown) {
          verdicts.append(.unknown)
          reasons.append(reason)
        } else {
          verdicts.append(.never)
          isNeverExact = isNeverExact && pair.isNeverExact
        }
      }
    }
    let verdict = SharedVerdict(of: verdicts)
    visits.sort { ($0.from, $0.process?.id ?? 0) < ($1.from, $1.process?.id ?? 0) }
    return SharedAnswer.TypeAnswer(
      type: type, verdict: verdict,
      reason: verdict == .unknown ? UnknownReason.mostTelling(reasons) : nil,
      isExact: verdict == .never ? isNeverExact : visits.contains(where: \.isExact),
      visits: Array(visits.prefix(Self.mostVisits)), visitCount: visits.count,
      unobserved: try unobserved(gaps))
  }

  /// What was not observed, with how long: the same of one process once.
  private func unobserved(
    _ gaps: [SharedPair.Gap]
  ) throws(SQLiteError) -> [SharedAnswer.Unobserved] {
    struct Key: Hashable {
      let reason: UnknownReason
      let group: Int
      let process: Int64?
    }
    var order: [Key] = []
    var found: [Key: (process: ProcessRecord?, brackets: BracketSet)] = [:]
    for gap in gaps {
      let key = Key(
        reason: gap.doubt.reason, group: gap.group, process: gap.doubt.process?.id)
      if found[key] == nil { order.append(key) }
      found[key] = (
        gap.doubt.process,
        (found[key]?.brackets ?? BracketSet()).union(gap.doubt.brackets)
      )
    }
    var unobserved: [SharedAnswer.Unobserved] = []
    for key in order {
      guard let (process, brackets) = found[key], let first = brackets.ranges.first,
        let last = brackets.ranges.last
      else { continue }
      var length: Int64 = 0
      for range in brackets.ranges {
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
