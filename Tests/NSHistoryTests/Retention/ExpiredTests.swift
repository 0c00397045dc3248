// Retention has removed the beginning of a history, up to the watermark. The time before is `expired`. For later
// times the answers are those of a history that was recorded from the watermark on.

import NSHistory
import NamespaceModel
import SQLite
import TestSupport
import Testing

struct ExpiredTests {
  /// Random histories with odd seeds have no clock steps, so that both files give a process the same start time.
  private static let seeds = RandomSeeds.all.filter { !$0.isMultiple(of: 2) }

  /// A history whose beginning was removed, and the same history recorded from that sample on.
  private struct Pair {
    let seed: UInt64
    let history: RandomHistory
    /// The first remaining sample.
    let first: Int
    let pruned: HistoryReader
    let later: HistoryReader
    private let folder: TemporaryFolder
    private let writers: [HistoryWriter]

    init(seed: UInt64) throws {
      self.seed = seed
      history = RandomWorld.history(seed: seed)
      first = 1 + Int(seed / 2) % (history.count - 1)
      folder = try TemporaryFolder()
      let (one, other) = (folder.file("pruned.db"), folder.file("later.db"))
      let ends = seed % 3 != 0
      // In a third of the histories the recorder still has the file open.
      let writer = try history.write(one, ends: ends)
      try PrunedFile.prune(one, beforeSample: first + 1)
      #expect(try PrunedFile.danglingRows(one) == 0)
      writers = [writer, try history.write(other, ends: ends, from: first)]
      pruned = try HistoryReader(path: one)
      later = try HistoryReader(path: other)
    }

    /// Returns a change as text. The pruned file may know from before that a namespace is not new, so such parts are
    /// compared without `how`, and starts with such parts are left out.
    func text(_ change: NamespaceChange) -> String? {
      func isOlder(_ part: NamespaceChange.Part) -> Bool {
        part.to.map { history.knew($0.key, before: first) } ?? false
      }
      if change.parts.contains(where: isOlder), [.started, .firstSeen].contains(change.kind) {
        return nil
      }
      let parts = change.parts.map { part in
        "\(part.link) \(part.from?.key.description ?? "-") \(part.to?.key.description ?? "-") "
          + (isOlder(part) ? "" : part.how.rawValue)
      }
      let marks = change.parts.contains(where: isOlder) ? [] : change.marks
      return "\(change.kind) \(change.by ?? 0) \(change.after ?? 0) \(change.process?.pid ?? 0) "
        + "\(parts) \(marks) \(change.joined?.pid ?? 0)"
    }

    var pids: [Int64] { Set(history.processes.map { Int64($0.pid) }).sorted() }

    /// Compares the answers of both files as text without row numbers.
    func compare(_ what: String, _ ask: (HistoryReader) throws -> [String]) throws {
      // The order within one sample is arbitrary.
      let (one, other) = (try ask(pruned).sorted(), try ask(later).sorted())
      #expect(
        one == other,
        """
        seed \(seed), from sample \(first): \(what) differ in
        \(Set(one).symmetricDifference(other).sorted().joined(separator: "\n"))
        \(history.excerpt)
        """)
    }
  }

  @Test(
    "after the watermark, answers are those of a history that was recorded from there on",
    arguments: seeds)
  func rest(seed: UInt64) throws {
    let pair = try Pair(seed: seed)
    try pair.compare("export") { reader in
      var rows: [String] = []
      try reader.export(ExportFilter()) { row in
        rows.append(
          "\(row.pid) \(row.start ?? 0) \(row.type) \(row.inode ?? 0)#\(row.kernelID ?? 0) "
            + "\(row.comm ?? "") \(row.from) \(row.until) \(row.isOpen) \(row.cgroup ?? "")")
        return true
      }
      return rows.sorted()
    }
    // Whether an exit is listed depends on how the process came to its namespaces, which may have been removed. So
    // exits are compared only in the changes of one process, which lists all of them.
    try pair.compare("changes") { reader in
      try reader.allChanges(.init()).filter { ![.exited, .lastSeen, .zombie].contains($0.kind) }
        .compactMap(pair.text)
    }
    for pid in pair.pids {
      try pair.compare("changes of \(pid)") {
        try $0.allChanges(.init(process: .pid(pid))).compactMap(pair.text)
      }
      try pair.compare("history of \(pid)") { reader in
        var rows: [String] = []
        try reader.history(.pid(pid)) { entry in
          rows.append(
            "\(entry.from) \(entry.until) \(entry.process.start ?? 0) \(entry.process.comm ?? "")")
          return true
        }
        return rows
      }
    }
    let end = pair.history.start(pair.first)
    for time in pair.history.interestingTimes where time > end {
      try pair.compare("processes at \(time)") { reader in
        try reader.processes(at: time).processes.map { one in
          "\(one.process.pid) \(one.process.start ?? 0) \(one.presence)"
        }.sorted()
      }
    }
    for one in pair.pids {
      for other in pair.pids where one < other {
        try pair.compare("same \(one) \(other)") { reader in
          let answer = try reader.same(
            SameQuestion(
              pids: [.init(pid: one), .init(pid: other)], time: .range(since: nil, until: nil)))
          return answer.types.map { line in
            "\(line.type) \(line.verdict) \(line.reason.map { "\($0)" } ?? "") "
              + line.intervals.map { "\($0.from)-\($0.until)" }.joined(separator: ",")
          }
        }
      }
    }
  }

  @Test("before the watermark every answer is expired", arguments: seeds)
  func before(seed: UInt64) throws {
    let pair = try Pair(seed: seed)
    let begin = pair.history.start(pair.first)
    let times = pair.history.interestingTimes.filter { $0 < begin } + [begin - 1]
    for time in times {
      #expect(try pair.pruned.coverage(at: time).samples.map(\.missing) == [.expired])
      #expect(try pair.later.coverage(at: time).samples.map(\.missing) == [.beforeFirst])
      for one in pair.pids + [4711] {
        let question = SameQuestion(
          pids: [.init(pid: 1), .init(pid: one)], time: .at(time), types: [.net, .pid])
        let answer = try pair.pruned.same(question)
        #expect(answer.types.allSatisfy { $0.verdict == .unknown && $0.reason == .expired })
        let shared = try pair.pruned.shared(
          SharedQuestion(
            [.processes(.pid(1)), .processes(.pid(one))],
            in: TimeWindow(since: time, until: time), types: [.net]))
        #expect(shared.types.allSatisfy { $0.verdict == .unknown && $0.reason == .expired })
      }
      let caveats = try pair.pruned.caveats(in: TimeWindow(since: time, until: time))
      #expect(caveats.first?.missing == .expired)
    }
    // A range that starts before the watermark is not known throughout.
    let since: WallTime = (times.min() ?? begin) - 1
    let answer = try pair.pruned.same(
      SameQuestion(
        pids: [.init(pid: 1), .init(pid: 1)], time: .range(since: since, until: nil), types: [.pid])
    )
    #expect(answer.types[0].throughout == .unknown)
    let caveats = try pair.pruned.caveats(in: TimeWindow(since: since))
    #expect(caveats.contains { $0.missing == .expired })
    #expect(
      try pair.pruned.timeline([.pid(1)], types: [.pid]).allSatisfy { row in
        row.segments.first.map { $0.state == .unknown(.expired) || $0.from >= begin } ?? true
      })
  }

  @Test("`never` is not said of the removed time, unless the question leaves it out")
  func never() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    var history = EntryHistory(path: path)
    history.between = [4000]
    history.sampled(1, EntryHistory.initial, EntryHistory.host)
    history.sampled(10, [.net: 2], EntryHistory.host)
    history.sampled(20, [.net: 3], EntryHistory.host)
    history.move(20, [.net: 2], at: 1000)
    history.move(20, [.net: 3], at: 2000)
    history.start(30, by: 1, [.net: 4], inherited: EntryHistory.host, at: 5000)
    history.start(40, by: 1, [.net: 5], inherited: EntryHistory.host, at: 6000)
    _ = try history.reader()
    let rows = try Connection(path: path, access: .readOnly).prepare(
      "SELECT seq FROM sample ORDER BY seq")
    let watermark = try rows.map { Int($0.integer(0)) }[1]
    try PrunedFile.prune(path, beforeSample: watermark)
    let reader = try HistoryReader(path: path)
    func answer(
      _ one: Int64, _ other: Int64, since: WallTime? = nil
    ) throws -> SharedAnswer.TypeAnswer {
      try reader.shared(
        SharedQuestion(
          [.processes(.pid(one)), .processes(.pid(other))], in: TimeWindow(since: since),
          types: [.net])
      ).types[0]
    }
    let removed = try answer(10, 20)
    #expect(removed.verdict == .unknown && removed.reason == .expired, "\(removed)")
    #expect(try answer(10, 20, since: EntryHistory.wall(4000)).verdict == .never)
    // Both started later, but their PIDs may have been those of other processes before.
    #expect(try answer(30, 40).reason == .expired)
    #expect(try answer(30, 40, since: EntryHistory.wall(6500)).verdict == .never)
    // No record is left of a PID, or there never was one.
    #expect(try answer(4711, 10).reason == .expired)
    #expect(try reader.caveats(in: TimeWindow()).map(\.missing) == [.expired])
    #expect(try reader.caveats(in: TimeWindow(since: EntryHistory.wall(4000))).isEmpty)
  }

  @Test("a file whose watermark is not its first sample is refused")
  func edited() throws {
    let history = try SmallHistory()
    for _ in 1...3 { try history.sample([.init(pid: 10)]) }
    try history.writer.endSession(.completed)
    let connection = try Connection(path: history.path, access: .readWrite)
    try connection.execute("UPDATE history SET watermark_seq = 2")
    let reader = try HistoryReader(path: history.path)
    #expect(throws: HistoryError.self) { try reader.processes(at: history.now.wall) }
  }

}
