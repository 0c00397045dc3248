// A random history, slices of it, and random questions to both.

import NSHistory
import NamespaceModel
import SQLite
import TestSupport
import Testing

final class SliceTrial {
  private let seed: UInt64
  private var random: SeededRandom
  private let folder: TemporaryFolder
  private let path: String
  private let original: HistoryReader
  /// The wall-clock times at which something happens.
  private let times: [WallTime]
  private let namespaces: [(type: NamespaceType, inode: UInt64, id: UInt64?)]
  private let pids: [Int64]
  private let threads: [TaskNumber]
  private var slice: HistoryReader?
  private var bounds: ClosedRange<WallTime> = 0...0
  private var limits: (pids: [Int64], containers: [String]) = ([], [])
  private var wrong: [String] = []
  private var asked: [String: Int] = [:]
  private var refused: [String: Int] = [:]
  private var why: [String: Int] = [:]

  init(seed: UInt64, isPruned: Bool = false) throws {
    self.seed = seed
    random = SeededRandom(seed: seed)
    folder = try TemporaryFolder()
    path = folder.file("history.db")
    if seed.isMultiple(of: 4) {
      _ = try RandomWorld.history(seed: seed, samples: 500...900).write(path, ends: true)
    } else {
      let history = EventWorld.history(seed: seed, sessions: 60...90)
      try history.write(try HistoryWriter(path: path), ends: seed % 3 != 0)
    }
    try Self.enrich(path, &random)
    if isPruned {
      let time = try Connection(path: path, access: .readWrite)
        .prepare(
          "SELECT wall_ns FROM sample ORDER BY seq LIMIT 1 OFFSET (SELECT COUNT(*) / 4 FROM sample)"
        )
        .first { WallTime(nanoseconds: $0.integer(0)) }
      _ = try HistoryMaintenance(path: path, operation: "prune").prune(before: time ?? .zero)
    }
    original = try HistoryReader(path: path)
    let connection = try Connection(path: path, access: .readWrite)
    times = try connection.prepare(
      """
      SELECT wall_ns FROM sample UNION SELECT wall_ns + duration_ns FROM sample
      UNION SELECT wall_ns + 1000 * CAST(substr(offsets, 1, 6) AS INTEGER) FROM event_batch
      """
    ).map { WallTime(nanoseconds: $0.integer(0)) }
    namespaces = try connection.prepare("SELECT type, inode, kernel_id FROM namespace").map { row in
      (
        NamespaceType(rawValue: UInt8(row.integer(0))) ?? .net, UInt64(row.integer(1)),
        row.optionalInteger(2).map { UInt64(bitPattern: $0) }
      )
    }
    pids =
      try connection.prepare(
        "SELECT DISTINCT pid FROM task UNION SELECT pid FROM short_lived_task"
      ).map { $0.integer(0) } + [4711]
    threads = try connection.prepare("SELECT pid, tid FROM task WHERE tid IS NOT NULL").map {
      TaskNumber(pid: $0.integer(0), tid: $0.integer(1))
    }
  }

  /// Adds what random histories lack: cgroups that were not read, changed names, and pins.
  private static func enrich(_ path: String, _ random: inout SeededRandom) throws {
    let connection = try Connection(path: path, access: .readWrite)
    func run(_ sql: String, _ values: [Value]) throws {
      try connection.prepare(sql).bind(values).run()
    }
    let tasks = try connection.prepare(
      """
      SELECT task_id, MIN(from_seq), MAX(COALESCE(until_seq, from_seq)) FROM membership
      GROUP BY task_id
      """
    ).map { ($0.integer(0), $0.integer(1), $0.integer(2)) }
    let hasEvents =
      try connection.prepare("SELECT COUNT(*) FROM event_batch").first { $0.integer(0) } ?? 0 > 0
    try connection.execute("BEGIN")
    for (task, first, last) in tasks {
      switch Int.random(in: 0..<10, using: &random) {
      case 0 where hasEvents:
        try run("UPDATE task SET provenance = 2 WHERE task_id = ?", [.integer(task)])
      case 1...3 where last > first + 1:
        let next = Int64.random(in: first + 1...last, using: &random)
        let known = Int64.random(in: first...next - 1, using: &random)
        try run(
          """
          INSERT INTO past_description (task_id, next_seq, last_seq, comm, uid, cgroup_id, parent_pid,
            provenance)
          SELECT task_id, ?2, ?3, 'old' || task_id % 7, uid,
            (SELECT cgroup_id FROM cgroup ORDER BY (cgroup_id * 7 + ?1) % 5 LIMIT 1), parent_pid, ?4
          FROM task WHERE task_id = ?1
          """,
          [
            .integer(task), .integer(next), .integer(known),
            hasEvents && Bool.random(using: &random) ? .integer(2) : .null,
          ])
        try run("UPDATE task SET has_past = 1 WHERE task_id = ?", [.integer(task)])
      case 4: try run("UPDATE task SET last_parent_pid = 1 WHERE task_id = ?", [.integer(task)])
      default: break
      }
    }
    if hasEvents {
      try connection.execute("UPDATE short_lived_task SET provenance = 2 WHERE pid % 3 = 0")
    }
    let samples = try connection.prepare(
      "SELECT session_id, wall_ns, boot_ns, seq FROM sample ORDER BY seq"
    ).map { ($0.integer(0), $0.integer(1), $0.integer(2), $0.integer(3)) }
    var scans: Int64 = 0
    var numbers: [Int64] = []
    for (position, sample) in samples.enumerated() where position % 5 == 2 {
      scans += 1
      numbers.append(sample.3)
      try run(
        "INSERT INTO pin_scan VALUES (?, ?, ?, ?, 1000000, ?)",
        [
          .integer(scans), .integer(sample.0), .integer(sample.1 + 3_000_000),
          .integer(sample.2 + 3_000_000), .integer(Int64.random(in: 0...1, using: &random)),
        ])
    }
    for pin in 1...200 {
      guard let holder = tasks.randomElement(using: &random) else { break }
      let seen = numbers.indices.filter { (holder.1...holder.2).contains(numbers[$0]) }
      guard let first = seen.randomElement(using: &random) else { continue }
      let namespaces = try connection.prepare(
        """
        SELECT namespace_id FROM membership JOIN namespace_set_link USING (set_id)
          JOIN namespace USING (namespace_id)
        WHERE task_id = ? AND from_seq <= ? AND initial = 0
        """
      ).bind(.integer(holder.0), .integer(numbers[first])).map { $0.integer(0) }
      guard let namespace = namespaces.randomElement(using: &random) else { continue }
      let from = Int64(first + 1)
      let until = min(
        Int64(seen[seen.count - 1] + 1), from + Int64.random(in: 0...6, using: &random))
      try run(
        """
        INSERT INTO pin VALUES (?1, ?2, 2, NULL, NULL, (SELECT pid FROM task WHERE task_id = ?3),
          ?3, 'holder', 3, ?4, ?5)
        """,
        [
          .integer(Int64(pin)), .integer(namespace), .integer(holder.0), .integer(from),
          until == scans ? .null : .integer(until),
        ])
    }
    try connection.execute("COMMIT")
  }

  // MARK: Slices

  /// Cuts a slice of a random time.
  func slice(of source: String? = nil, isLimited: Bool = false) throws -> String {
    let within = source == nil ? nil : bounds
    let candidates = times.filter { within?.contains($0) ?? true }.sorted()
    let length = max(2, Int.random(in: 3...max(4, candidates.count / 6), using: &random))
    let start = Int.random(in: 0..<max(1, candidates.count - length), using: &random)
    let window = TimeWindow(
      since: candidates[start], until: candidates[min(start + length, candidates.count - 1)])
    if isLimited {
      var there: [Int64] = []
      for pid in pids where try original.isRecorded(.pid(pid), in: window) { there.append(pid) }
      limits.pids = Array(there.shuffled(using: &random).prefix(3)).sorted()
      let container = TestContainer.all[Int.random(in: 0...2, using: &random)]
      if try original.isRecorded(.container(container), in: window) {
        limits.containers = [container]
      }
    }
    let file = folder.file("slice\(source == nil ? 1 : 2).db")
    let request = SliceRequest(in: window, pids: limits.pids, containers: limits.containers)
    let result = try SliceWriter(of: source ?? path).write(request, to: file, named: file)
    bounds = result.time
    slice = try HistoryReader(path: file)
    return file
  }

  /// Checks the properties of the file.
  func check(_ file: String) throws {
    let faults = try HistoryReader(path: file).verify().flatMap(\.faults)
    #expect(faults.isEmpty, "seed \(seed): \(faults)")
  }

  func report(mostRefused: Double) {
    let count = wrong.count
    let all = asked.values.reduce(0, +)
    let none = refused.values.reduce(0, +)
    let shares = asked.keys.sorted().map { "\($0) \(refused[$0] ?? 0)/\(asked[$0] ?? 0)" }
    #expect(
      count == 0,
      "seed \(seed), \(bounds), of \(limits): \(count) wrong: \(wrong.prefix(3).joined(separator: "\n"))"
    )
    #expect(
      Double(none) <= mostRefused * Double(all) + 5,
      "seed \(seed): refused \(shares) because \(why)")
  }

  // MARK: Questions

  enum Kind { case all, limited }

  private func time() -> WallTime {
    let inside = times.filter(bounds.contains)
    let near = inside.randomElement(using: &random) ?? bounds.lowerBound
    let offsets: [Int64] = [0, 0, -1, 1, 1000, -1000, 40_000_000, -40_000_000]
    let time =
      Int.random(in: 0..<5, using: &random) == 0
      ? WallTime.random(in: bounds, using: &random)
      : near + (offsets.randomElement(using: &random) ?? 0)
    return min(max(time, bounds.lowerBound), bounds.upperBound)
  }

  private func window() -> TimeWindow {
    let ends = [time(), time()].sorted()
    switch Int.random(in: 0..<5, using: &random) {
    case 0: return TimeWindow(since: bounds.lowerBound, until: bounds.upperBound)
    case 1: return TimeWindow(since: ends[0], until: ends[0])
    default: return TimeWindow(since: ends[0], until: ends[1])
    }
  }

  private func chance(_ one: Int, of all: Int) -> Bool {
    Int.random(in: 0..<all, using: &random) < one
  }

  private func selector(_ kind: Kind) -> ProcessSelector {
    if kind == .limited {
      if let container = limits.containers.first, chance(1, of: 3) { return .container(container) }
      guard let pid = limits.pids.randomElement(using: &random) else { return .pid(1) }
      switch Int.random(in: 0..<3, using: &random) {
      case 0: return .pid(pid)
      case 1: return .pid(pid, alive: time())
      default: return .latest(.pid(pid))
      }
    }
    let pid = pids.randomElement(using: &random) ?? 1
    switch Int.random(in: 0..<10, using: &random) {
    case 0...2: return .pid(pid)
    case 3: return .pid(pid, alive: time())
    case 4: return .pid(pid, alive: time(), within: 1_000_000)
    case 5: return .latest(.pid(pid))
    case 6: return .container(TestContainer.all.randomElement(using: &random) ?? "")
    case 7: return .comm("old\(Int.random(in: 0...6, using: &random))")
    case 8: return threads.randomElement(using: &random).map { .thread($0) } ?? .pid(pid)
    default: return .inner(pid, .container(TestContainer.all[0]))
    }
  }

  private func namespace() -> NamespaceSelector {
    let one = namespaces.randomElement(using: &random) ?? (.net, 1, nil)
    switch Int.random(in: 0..<4, using: &random) {
    case 0: return .of(one.type, selector(.all))
    case 1: return one.id.map { .kernelID(one.type, $0) } ?? .inode(one.type, one.inode)
    default: return .inode(one.type, one.inode)
    }
  }

  private func group(_ kind: Kind) -> SharedQuestion.Group {
    if kind == .all, chance(1, of: 5) { return .namespace(namespace()) }
    return chance(1, of: 5) ? .host : .processes(selector(kind))
  }

  /// Asks the slice and the history a random question, and compares the answers.
  func ask(_ kind: Kind) {
    let window = window()
    let time = time()
    let count = kind == .all ? 14 : 6
    switch Int.random(in: 0..<count, using: &random) {
    case 0:
      let one = selector(kind)
      compare("history of \(one) in \(window)") { reader in
        var found: [AnyHashable] = []
        try reader.history(one, in: window) { entry in
          found.append(entry)
          return true
        }
        return found
      }
    case 1:
      let some = [selector(kind), selector(kind)]
      compare("timeline of \(some) in \(window)") { try $0.timeline(some, in: window) }
    case 2, 3:
      let one = same(kind, window, time)
      compare("same \(one)") { reader in
        var answer = try reader.same(one)
        (answer.known, answer.knownThreads) = ([:], [:])
        answer.recorded = nil
        return ["\(answer)"]
      }
    case 4:
      let question = SharedQuestion([group(kind), group(kind)], in: window)
      compare("shared \(question)") { reader in
        var answer = try reader.shared(question)
        answer.recorded = nil
        return ["\(answer)"]
      }
    case 5:
      var filter = ExportFilter(since: window.since, until: window.until)
      if kind == .limited || chance(2, of: 3) {
        switch selector(kind) {
        case .pid(let pid, _, _), .latest(.pid(let pid, _, _)): filter.pids = [pid]
        case .container(let text): filter.container = text
        case let other: filter.names = [other]
        }
      }
      compare("export \(filter)") { reader in
        var found: [AnyHashable] = []
        try reader.export(filter) { row in
          found.append(row)
          return true
        }
        return found
      }
    case 6:
      compare("processes at \(time)") { reader in
        let answer = try reader.processes(at: time)
        return answer.processes.map { AnyHashable($0) }
          + ["\(answer.samples)"]
      }
    case 7:
      compare("namespaces at \(time)") { reader in
        let answer = try reader.namespaces(at: time)
        return answer.namespaces.map { AnyHashable($0) }
          + ["\(answer.unread) \(answer.samples) \(answer.scans)"]
      }
    case 8:
      let one = namespace()
      compare("members of \(one) in \(window)") { reader in
        var found: [AnyHashable] = []
        try reader.members(of: one, in: window) { member in
          found.append(member)
          return true
        }
        try reader.parents(of: one, in: window) { member in
          found.append(member)
          return true
        }
        return found
      }
    case 9:
      let one = namespace()
      compare("summaries of \(one) in \(window)") { try $0.namespaces(one, in: window) }
    case 10:
      let question = PeersQuestion(selector(kind), in: window, countsInitial: chance(1, of: 2))
      compare("peers \(question)") { reader in
        var found: [AnyHashable] = []
        try reader.peers(question) { peer in
          found.append(peer)
          return true
        }
        return found
      }
    case 11, 12:
      var question = ChangesQuestion(in: window)
      switch Int.random(in: 0..<5, using: &random) {
      case 0, 1: question.process = selector(kind)
      case 2: question.namespace = namespace()
      case 3: question.container = TestContainer.all.randomElement(using: &random)
      default: break
      }
      compare("changes \(question)") { try $0.allChanges(question) }
    default:
      compare("coverage and caveats in \(window)") { reader in
        try reader.caveats(in: window).map { AnyHashable($0) }
          + [AnyHashable(Self.state(try reader.coverage(at: time)))]
      }
      compare("gaps in \(window)") { reader in
        var found: [AnyHashable] = []
        try reader.gaps(in: window) { period, missing in
          found += [period, missing]
          return true
        }
        return found
      }
    }
  }

  private func same(_ kind: Kind, _ window: TimeWindow, _ time: WallTime) -> SameQuestion {
    let pids = kind == .limited ? limits.pids : pids
    let selectors = (0..<2).map { _ in
      SameQuestion.Selector(
        pid: pids.randomElement(using: &random) ?? 1,
        alive: chance(1, of: 4) ? self.time() : nil)
    }
    return SameQuestion(
      pids: selectors,
      time: chance(1, of: 2) ? .at(time) : .range(since: window.since, until: window.until))
  }

  private func compare(_ what: String, _ ask: (HistoryReader) throws -> [any Hashable & Sendable]) {
    compareAll(what) { try ask($0).map { AnyHashable($0) } }
  }

  private func compare(_ what: String, _ ask: (HistoryReader) throws -> [AnyHashable]) {
    compareAll(what, ask)
  }

  /// Returns an answer without the recorded span, which is shorter in a slice.
  private static func state(_ coverage: CoverageAtMoment) -> String {
    "\(coverage.isCovered) \(coverage.samples) \(coverage.hidesProcesses)"
  }

  private func compareAll(_ what: String, _ ask: (HistoryReader) throws -> [AnyHashable]) {
    guard let slice else { return }
    let name = String(what.prefix { $0 != " " })
    asked[name, default: 0] += 1
    let answers: [AnyHashable]
    do { answers = try ask(slice) } catch {
      guard let error = error as? HistoryError, error.kind == .outsideSlice else {
        wrong.append("\(what): \(error)")
        return
      }
      refused[name, default: 0] += 1
      let reason = error.reason.split(separator: ", and ").last.map(String.init) ?? ""
      why["\(name): \(reason.filter { !$0.isNumber })", default: 0] += 1
      return
    }
    do {
      let expected = try ask(original)
      guard answers != expected else { return }
      let more = answers.filter { !expected.contains($0) }.first.map { "\($0)" } ?? "-"
      let less = expected.filter { !answers.contains($0) }.first.map { "\($0)" } ?? "-"
      wrong.append("\(what): \(answers.count) for \(expected.count)\nSLICE \(more)\nWHOLE \(less)")
    } catch { wrong.append("\(what): the history refused \(error)") }
  }
}
