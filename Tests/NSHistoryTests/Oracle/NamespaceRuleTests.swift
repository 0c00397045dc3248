// One rule says in which namespaces a task was at a moment. Several code paths apply it to different rows, some of
// them by a shortcut. These tests ask every path about the same moments of random histories.

import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import NSHistory

struct NamespaceRuleTests {
  @Test("all paths agree on the namespaces of tasks, in histories of samples")
  func samples() throws {
    var comparer = PathComparer()
    for seed in BruteForce.seeds {
      let oracle = try BruteForce(seed: seed)
      var random = SeededRandom(seed: seed)
      try comparer.compare(
        oracle.reader, at: someOf(oracle.history.interestingTimes, &random), "seed \(seed)")
    }
    comparer.report(fewest: 200 * BruteForce.seeds.count)
  }

  @Test("all paths agree on the namespaces of tasks, in histories of events")
  func events() throws {
    var comparer = PathComparer()
    for seed in EventOracle.seeds {
      let oracle = try EventOracle(seed: seed)
      var random = SeededRandom(seed: seed)
      try comparer.compare(
        oracle.reader, at: someOf(oracle.history.times(&random), &random), "seed \(seed)")
    }
    comparer.report(fewest: 200 * EventOracle.seeds.count)
  }

  /// Returns a third of the moments, since each of them leads to many questions.
  private func someOf(_ times: [WallTime], _ random: inout SeededRandom) -> [WallTime] {
    Array(times.shuffled(using: &random).prefix(times.count / 3))
  }

  @Test("every query for memberships finds those in the task's history")
  func memberships() throws {
    var comparer = MembershipComparer()
    for seed in EventOracle.seeds {
      var random = SeededRandom(seed: seed)
      for reader in [try BruteForce(seed: seed).reader, try EventOracle(seed: seed).reader] {
        try reader.reading(.everything()) { (reading) throws(SQLiteError) in
          try comparer.compare(reading, "seed \(seed)", &random)
        }
      }
    }
    comparer.report(fewest: 1000 * EventOracle.seeds.count)
  }
}

/// Counts the comparisons of each path, and collects those that failed.
private struct Comparisons {
  private var counts: [String: Int] = [:]
  private var wrong: [String] = []

  mutating func check(_ path: String, _ isRight: Bool, _ what: @autoclosure () -> String) {
    counts[path, default: 0] += 1
    if !isRight { wrong.append("\(path): \(what())") }
  }

  /// Prints how many comparisons each path had. Fails where a comparison failed, and where a path had too few.
  func report(_ paths: [String], fewest: Int) {
    let total = counts.values.reduce(0, +)
    print("comparisons: \(total);", counts.sorted { $0.key < $1.key }.map { "\($0): \($1)" })
    let count = wrong.count
    #expect(count == 0, "\(count) of \(total) wrong: \(wrong.prefix(6).joined(separator: "\n"))")
    for path in paths {
      let made = counts[path] ?? 0
      #expect(made >= fewest, "\(path) was compared \(made) times only")
    }
  }
}

// MARK: Questions

/// Compares the answers of several questions with those of `processes(at:)`.
private struct PathComparer {
  private var comparisons = Comparisons()

  private static let paths = [
    "same by PID", "same by process", "namespaces", "timeline", "history", "members", "export",
    "export of PIDs", "peers",
  ]

  /// A statement of a path: a task was in a namespace from one sample to another.
  private struct Claim: Hashable {
    let namespace: NamespaceRecord
    let from: WallTime
    let until: WallTime
  }

  /// A task and a type.
  private struct Key: Hashable {
    let task: Int64
    let type: NamespaceType
  }

  /// An inode number, which several namespaces may have had.
  private struct Inode: Hashable {
    let type: NamespaceType
    let number: UInt64

    init(of namespace: NamespaceRecord) {
      type = namespace.type
      number = namespace.inode
    }
  }

  /// A pair of tasks, and a type.
  private struct Pair: Hashable {
    let one: Int64
    let other: Int64
    let type: NamespaceType
  }

  private typealias Claims = [Key: [Claim]]

  /// The answers that are the same for all moments of a history.
  private struct Answers {
    /// The number of every task that the history holds.
    var tasks: [Int64: TaskNumber] = [:]
    /// The claims of each path.
    var claims: [String: Claims] = [:]
    var peers: [Pair: [Claim]] = [:]
  }

  mutating func compare(_ reader: HistoryReader, at times: [WallTime], _ name: String) throws {
    let answers = try answers(reader)
    let timeline = Self.spans(answers.claims["timeline"] ?? [:])
    let members = Self.spans(answers.claims["members"] ?? [:])
    for key in Set(timeline.keys).union(members.keys) {
      comparisons.check(
        "members", members[key] == timeline[key],
        "\(name): \(key): \(members[key] ?? []), but the timeline has \(timeline[key] ?? [])")
    }
    for time in times {
      let moment = try Moment(reader, time, "\(name) at \(time)")
      try compareSame(reader, moment, answers)
      try compareCounts(reader, moment)
      for (path, claims) in answers.claims { compare(path, claims, moment, answers) }
      comparePeers(moment, answers)
    }
  }

  func report(fewest: Int) { comparisons.report(Self.paths, fewest: fewest) }

  private static func spans(_ claims: Claims) -> [Key: Set<Claim>] { claims.mapValues(Set.init) }

  private func answers(_ reader: HistoryReader) throws -> Answers {
    var answers = Answers()
    let export = try claims(reader, ExportFilter(), &answers.tasks)
    answers.claims["export"] = export
    let numbers = Set(answers.tasks.values)
    let pids = Set(numbers.map(\.pid)).sorted()
    // An export with a filter on PIDs finds the same rows task by task.
    answers.claims["export of PIDs"] = try claims(
      reader, ExportFilter(pids: Set(pids)), &answers.tasks)
    var timeline: Claims = [:]
    for number in numbers {
      let selector: ProcessSelector = number.tid == nil ? .pid(number.pid) : .thread(number)
      for row in try reader.timeline([selector]) where row.process.number == number {
        for segment in row.segments {
          guard case .namespace(let namespace) = segment.state else { continue }
          timeline[Key(task: row.process.id, type: row.type), default: []].append(
            Claim(namespace: namespace, from: segment.from, until: segment.until))
        }
      }
    }
    answers.claims["timeline"] = timeline
    var history: Claims = [:]
    for pid in pids {
      try reader.history(.pid(pid)) { entry in
        for type in NamespaceType.allCases {
          guard let namespace = entry.links[type.link]?.namespace else { continue }
          history[Key(task: entry.process.id, type: type), default: []].append(
            Claim(namespace: namespace, from: entry.from, until: entry.until))
        }
        return true
      }
      try reader.peers(.init(.pid(pid), countsInitial: true)) { peer in
        for shared in peer.shared {
          let pair = Pair(
            one: peer.process.id, other: peer.peer.id, type: shared.namespace.type)
          answers.peers[pair, default: []] += shared.intervals.map {
            Claim(namespace: shared.namespace, from: $0.from, until: $0.until)
          }
        }
        return true
      }
    }
    answers.claims["history"] = history
    var members: Claims = [:]
    for inode in Set(export.values.joined().map { Inode(of: $0.namespace) }) {
      try reader.members(of: .inode(inode.type, inode.number)) { member in
        guard member.link == member.namespace.type.link else { return true }
        members[Key(task: member.process.id, type: member.namespace.type), default: []].append(
          Claim(namespace: member.namespace, from: member.from, until: member.until))
        return true
      }
    }
    answers.claims["members"] = members
    return answers
  }

  private func claims(
    _ reader: HistoryReader, _ filter: ExportFilter, _ tasks: inout [Int64: TaskNumber]
  ) throws -> Claims {
    var claims: Claims = [:]
    var found: [Int64: TaskNumber] = [:]
    try reader.exportPieces(filter) { process, piece in
      found[process.row] = TaskNumber(pid: process.pid, tid: process.tid)
      if let namespace = piece.value.namespace {
        claims[Key(task: process.row, type: piece.type), default: []].append(
          Claim(namespace: namespace, from: piece.from, until: piece.until))
      }
      return true
    }
    tasks.merge(found) { _, new in new }
    return claims
  }

  /// The answer of `processes(at:)` for a moment.
  private struct Moment {
    let time: WallTime
    let name: String
    let processes: [Int64: ProcessAtMoment]
    /// Whether the wall clock showed the time exactly once, outside of the first sample after a gap. Intervals are
    /// stated from the beginning of such a sample on, but the sample is known only from its end on.
    let isOnce: Bool
    /// Whether the clock was not set between the samples around the time. Where it was set, intervals end at one
    /// sample and start at the other, although both samples agree on the moment.
    let isSteady: Bool
    /// Whether samples cover the time without a gap.
    let isCovered: Bool

    init(_ reader: HistoryReader, _ time: WallTime, _ name: String) throws {
      let answer = try reader.processes(at: time)
      self.time = time
      self.name = name
      processes = Dictionary(uniqueKeysWithValues: answer.processes.map { ($0.process.id, $0) })
      isOnce =
        answer.samples.count == 1
        && answer.samples.allSatisfy { $0.missing == nil || $0.after.map { time < $0 } != false }
      isSteady = try reader.reading(.everything()) { (reading) throws(SQLiteError) in
        try reading.index.sampleWindows(at: time).allSatisfy(\.clockIsSteady)
      }
      isCovered = !answer.samples.isEmpty && answer.samples.allSatisfy { $0.missing == nil }
    }

    /// Returns the namespace of a task if it is certain.
    func certain(_ task: Int64, _ type: NamespaceType) -> NamespaceRecord? {
      guard let link = processes[task]?.links[type], link.reason == nil else { return nil }
      return link.namespace
    }

    /// Whether a claim that a task is in a namespace agrees with the answer. A thread in all namespaces of its
    /// process is not listed, so its process counts.
    func agrees(
      _ task: Int64, _ number: TaskNumber?, _ namespace: NamespaceRecord
    ) -> Bool {
      if processes[task] != nil { return certain(task, namespace.type) == namespace }
      guard let number, number.tid != nil else { return false }
      return processes.values.contains {
        $0.process.tid == nil && $0.process.pid == number.pid
          && $0.links[namespace.type]?.namespaces.contains(namespace) == true
      }
    }
  }

  // MARK: At the moment

  private mutating func compareSame(
    _ reader: HistoryReader, _ moment: Moment, _ answers: Answers
  ) throws {
    let tasks = answers.tasks.sorted { $0.key < $1.key }
    try compareSame(
      reader, moment, answers, "same by process",
      tasks.map { SameQuestion.Selector($0.value, process: $0.key) })
    try compareSame(
      reader, moment, answers, "same by PID",
      Set(tasks.map(\.value)).sorted { ($0.pid, $0.tid ?? 0) < ($1.pid, $1.tid ?? 0) }
        .map { SameQuestion.Selector($0) })
  }

  private mutating func compareSame(
    _ reader: HistoryReader, _ moment: Moment, _ answers: Answers, _ path: String,
    _ selectors: [SameQuestion.Selector]
  ) throws {
    guard selectors.count >= 2 else { return }
    let answer = try reader.same(.init(pids: selectors, time: .at(moment.time)))
    for line in answer.types {
      var namespaces: [Int64: [NamespaceRecord]] = [:]
      for members in line.namespaces {
        for process in members.processes {
          namespaces[process.id, default: []].append(members.namespace)
        }
      }
      for (index, selector) in selectors.enumerated() {
        let tasks = answers.tasks.filter {
          $0.value == selector.number && (selector.process == nil || $0.key == selector.process)
        }
        for (task, number) in tasks {
          // The answer lists what was known at any of the moments that the clock may have shown.
          let found = namespaces[task] ?? []
          let known = line.reasons[index] == nil && found.count == 1 ? found[0] : nil
          let what = "\(moment.name), \(line.type) of \(number) (row \(task)): \(found)"
          if let namespace = moment.certain(task, line.type) {
            comparisons.check(
              path, known == namespace, "\(what), but \(namespace) by processes")
          } else if let known {
            // A PID may mean one task at one of these moments, and another task at another.
            guard moment.isOnce || selector.process != nil else { continue }
            comparisons.check(
              path, moment.agrees(task, number, known), "\(what), not certain by processes")
          } else {
            // Both paths are uncertain, which counts as agreement.
            comparisons.check(path, true, what)
          }
        }
      }
    }
  }

  private mutating func compareCounts(_ reader: HistoryReader, _ moment: Moment) throws {
    var certain: [NamespaceRecord: Int] = [:]
    var all: [NamespaceRecord: Int] = [:]
    for one in moment.processes.values {
      let isThere = [.certain, .lastSeen, .firstSeen].contains(one.presence)
      for link in one.links.values {
        for namespace in link.namespaces { all[namespace, default: 0] += 1 }
        if let namespace = link.namespace, link.reason == nil, isThere {
          certain[namespace, default: 0] += 1
        }
      }
    }
    for one in try reader.namespaces(at: moment.time).namespaces {
      let (sure, total) = (certain[one.namespace] ?? 0, all[one.namespace] ?? 0)
      // In a gap, a process counts as certain if all samples around it agree.
      let isRight = moment.isCovered ? one.processes == sure : one.processes >= sure
      comparisons.check(
        "namespaces", isRight && one.processes + one.unsure == total,
        "\(moment.name): \(one.processes) and \(one.unsure) in \(one.namespace), not \(sure) of \(total)"
      )
    }
  }

  // MARK: From sample to sample

  /// Compares the claims of a path. A claim holds at any moment inside of its time; at its ends, one task may have
  /// been read before a change and another after it.
  private mutating func compare(
    _ path: String, _ claims: Claims, _ moment: Moment, _ answers: Answers
  ) {
    let time = moment.time
    for (key, claims) in claims where moment.isOnce {
      for claim in claims where claim.from < time && time < claim.until {
        comparisons.check(
          path, moment.agrees(key.task, answers.tasks[key.task], claim.namespace),
          "\(moment.name): row \(key.task) in \(claim), not certain by processes")
      }
    }
    // History entries are split where any link changes, and do not cover the time between two samples that differ.
    guard path != "history", moment.isSteady else { return }
    for task in moment.processes.keys {
      for type in NamespaceType.allCases {
        guard let namespace = moment.certain(task, type) else { continue }
        let isClaimed = (claims[Key(task: task, type: type)] ?? []).contains {
          $0.namespace == namespace && $0.from <= time && time <= $0.until
        }
        comparisons.check(
          path, isClaimed,
          "\(moment.name): row \(task) is in \(namespace) by processes, not in "
            + "\(claims[Key(task: task, type: type)] ?? [])")
      }
    }
  }

  private mutating func comparePeers(_ moment: Moment, _ answers: Answers) {
    guard moment.isOnce else { return }
    let time = moment.time
    for (pair, claims) in answers.peers {
      for claim in claims where claim.from < time && time < claim.until {
        comparisons.check(
          "peers",
          [pair.one, pair.other].allSatisfy {
            moment.agrees($0, answers.tasks[$0], claim.namespace)
          }, "\(moment.name): \(pair) in \(claim), not certain by processes")
      }
    }
    guard moment.isSteady else { return }
    for one in moment.processes.values where one.process.tid == nil {
      for other in moment.processes.values
      // A process and its threads are not peers.
      where other.process.pid != one.process.pid {
        for type in NamespaceType.allCases {
          guard let namespace = moment.certain(one.process.id, type),
            moment.certain(other.process.id, type) == namespace
          else { continue }
          let pair = Pair(one: one.process.id, other: other.process.id, type: type)
          let isClaimed = (answers.peers[pair] ?? []).contains {
            $0.namespace == namespace && $0.from <= time && time <= $0.until
          }
          comparisons.check(
            "peers", isClaimed,
            "\(moment.name): \(pair) are in \(namespace) by processes, not as peers in "
              + "\(answers.peers[pair] ?? [])")
        }
      }
    }
  }
}

// MARK: Rows

/// Compares the queries that find memberships with `TaskHistory.membership(at:)`.
private struct MembershipComparer {
  private var comparisons = Comparisons()

  private static let paths = [
    "runs", "runs of a link", "memberships in a range", "everywhere", "in a namespace",
    "members at a sample", "members through all tasks",
  ]

  func report(fewest: Int) { comparisons.report(Self.paths, fewest: fewest) }

  mutating func compare(
    _ reading: HistorySnapshot, _ name: String, _ random: inout SeededRandom
  ) throws(SQLiteError) {
    guard let first = reading.index.first, let last = reading.index.last else { return }
    let rows = try reading.connection.prepare(
      "SELECT task_id FROM task UNION ALL SELECT task_id FROM short_lived_task"
    ).map { $0.task(0) }
    var histories: [TaskHistory] = []
    for row in rows {
      if let history = try reading.taskHistories.history(of: row) { histories.append(history) }
    }
    var runs: [LinkIntervals] = []
    for history in histories { runs.append(try reading.pidHistories.runs(of: history.memberships)) }
    for number in first...last {
      let end = min(last, number + Int64.random(in: 0...6, using: &random))
      try compareRuns(reading, histories, runs, at: number, "\(name), number \(number)")
      for range in [number...number, number...end] {
        try compareRows(reading, histories, range, "\(name), numbers \(range)")
      }
    }
  }

  private mutating func compareRuns(
    _ reading: HistorySnapshot, _ histories: [TaskHistory], _ runs: [LinkIntervals],
    at number: SequenceNumber,
    _ name: String
  ) throws(SQLiteError) {
    for (history, runs) in zip(histories, runs) {
      let there = history.membership(at: number)
      let links = try there.map { (there) throws(SQLiteError) in
        try reading.sets.links(of: there.set)
      }
      for link in NamespaceLink.allCases {
        let value = links?[link]
        comparisons.check(
          "runs", runs.run(link, at: number)?.value == value,
          "\(name): \(link) of row \(history.process.id)")
        let ofLink = try reading.pidHistories.runs(of: history.memberships, link)
        comparisons.check(
          "runs of a link",
          ofLink.first { $0.from <= number && number <= $0.until }?.value == value,
          "\(name): \(link) of row \(history.process.id)")
      }
    }
  }

  private mutating func compareRows(
    _ reading: HistorySnapshot, _ histories: [TaskHistory], _ range: ClosedRange<SequenceNumber>,
    _ name: String
  ) throws(SQLiteError) {
    var everywhere: Set<[Int64]> = []
    var inNamespaces: [NamespaceRecord: Set<Int64>] = [:]
    for history in histories {
      let there = history.memberships.filter {
        $0.from <= range.upperBound && $0.until >= range.lowerBound
      }
      let found = try reading.taskHistories.memberships(of: history.process.task, in: range)
      comparisons.check(
        "memberships in a range", found == there, "\(name): row \(history.process.id): \(found)")
      for membership in there {
        everywhere.insert([history.process.id, membership.set.rawValue, membership.from.rawValue])
        let links = try reading.sets.links(of: membership.set)
        for type in NamespaceType.allCases {
          guard let namespace = links[type.link]?.namespace else { continue }
          inNamespaces[namespace, default: []].insert(history.process.id)
        }
      }
    }
    let found = Set(
      try reading.connection.prepare(
        IntervalOverlapQuery.everywhere("m.task_id, m.set_id, m.from_seq")
      ).bind(IntervalOverlapQuery.values(range)).map {
        [$0.integer(0), $0.integer(1), $0.integer(2)]
      })
    for row in everywhere.union(found) {
      comparisons.check(
        "everywhere", everywhere.contains(row) && found.contains(row), "\(name): \(row)")
    }
    // Forces the plan for a namespace that is in many sets of which few have a task at the time.
    let throughAll = MembersAtSample(reading.connection, reading.index)
    throughAll.manySets = 0
    throughAll.assumedCount = 0
    for lifetime in try reading.namespaces.lifetimes(where: "1", []) {
      let members = inNamespaces[lifetime.namespace] ?? []
      for (path, sql) in [
        ("in a namespace", IntervalOverlapQuery.inNamespace("m.task_id")),
        (
          "members at a sample",
          try reading.members.sql("m.task_id", in: lifetime.namespace, during: range)
        ),
        (
          "members through all tasks",
          try throughAll.sql("m.task_id", in: lifetime.namespace, during: range)
        ),
      ] {
        let found = Set(
          try reading.connection.prepare(sql)
            .bind(IntervalOverlapQuery.values(range, lifetime.namespace)).map { $0.integer(0) })
        comparisons.check(
          path, found == members, "\(name): \(found) in \(lifetime.namespace), not \(members)")
      }
    }
  }
}
