// A slice (a history that was cut out of another one) answers questions about what it holds, and refuses all others.

import NSHistory
import SQLite
import Testing

struct SliceBoundsTests {
  private let history: SmallHistory
  private let first: WallTime
  private let last: WallTime

  init() throws {
    history = try SmallHistory()
    try history.sample([.init(pid: 10), .init(pid: 11, comm: "web"), .init(pid: 12)])
    first = history.now.wall
    try history.sample([.init(pid: 10), .init(pid: 11, comm: "web"), .init(pid: 12)])
    last = history.now.wall
    try history.writer.endSession(.completed)
  }

  /// Marks the history as a slice of the time of its samples, and returns a reader.
  private func slice(
    _ limits: [String] = [], until: WallTime? = nil
  ) throws -> HistoryReader {
    let connection = try Connection(path: history.path, access: .readWrite)
    try connection.execute(
      """
      INSERT INTO slice SELECT 1, 'source-uuid', \(first.nanoseconds), \((until ?? last).nanoseconds), MIN(seq), MAX(seq)
      FROM sample
      """)
    for limit in limits { try connection.execute(limit) }
    return try HistoryReader(path: history.path)
  }

  /// Returns the kind of error of each question; nil for one that is answered.
  private func refusals(
    _ questions: [() throws -> Void]
  ) -> [HistoryError.Kind?] {
    questions.map { question in
      do {
        try question()
        return nil
      } catch { return (error as? HistoryError)?.kind }
    }
  }

  @Test("the coverage of a slice is that of its time, without the samples around it")
  func coverage() throws {
    let history = try SmallHistory()
    var times: [WallTime] = []
    for _ in 0..<8 {
      try history.sample([.init(pid: 10)])
      times.append(history.now.wall)
    }
    try history.writer.endSession(.completed)
    let (from, until) = (times[2] + 1, times[4] + 1)
    let connection = try Connection(path: history.path, access: .readWrite)
    try connection.execute(
      """
      INSERT INTO slice SELECT 1, 'source-uuid', \(from.nanoseconds), \(until.nanoseconds), MIN(seq), MAX(seq)
      FROM sample
      """)
    var found: [CoveragePeriod] = []
    try HistoryReader(path: history.path).coverage {
      found.append($0)
      return true
    }
    #expect(found.map(\.from) == [from] && found.map(\.until) == [until], "\(found)")
    #expect(found.map(\.length) == [until - from] && found.map(\.recorded?.samples) == [2])
  }

  @Test("a process of which a slice has a row, but that ran before the slice only, is refused")
  func earlierProcess() throws {
    let history = try SmallHistory()
    var times: [WallTime] = []
    for sample in 0..<8 {
      try history.sample(sample < 2 ? [.init(pid: 10), .init(pid: 11)] : [.init(pid: 10)])
      times.append(history.now.wall)
    }
    try history.writer.endSession(.completed)
    let connection = try Connection(path: history.path, access: .readWrite)
    try connection.execute(
      """
      INSERT INTO slice SELECT 1, 'source-uuid', \(times[5].nanoseconds), \(times[7].nanoseconds), MIN(seq), MAX(seq)
      FROM sample
      """)
    let reader = try HistoryReader(path: history.path)
    let window = TimeWindow(since: times[5], until: times[6])
    #expect(
      refusals([
        { try reader.history(.pid(11)) { _ in true } },
        { try reader.history(.pid(11), in: window) { _ in true } },
        { try reader.history(.latest(.pid(11)), in: window) { _ in true } },
        { _ = try reader.timeline([.pid(11)], in: window) },
        { try reader.history(.pid(10), in: window) { _ in true } },
      ]) == [.outsideSlice, .outsideSlice, .outsideSlice, .outsideSlice, nil])
  }

  @Test("an answer without a time is about the time of the slice, and says so")
  func wholeTime() throws {
    let middle = first + (last - first) / 2
    let reader = try slice(until: middle)
    let whole = SameQuestion.Time.range(since: nil, until: nil)
    let same = try reader.same(.init(pids: [.init(pid: 10), .init(pid: 11)], time: whole))
    let shared = try reader.shared(.init([.processes(.pid(10)), .processes(.pid(11))]))
    for span in [try reader.recordedSpan(), same.recorded, shared.recorded] {
      #expect(span?.upperBound == middle, "\(span as Any)")
      #expect(try #require(span).lowerBound >= first)
    }
  }

  @Test(
    "a question about a time outside of the slice is refused, and the error names the slice's bounds"
  )
  func times() throws {
    let reader = try slice()
    let error = #expect(throws: HistoryError.self) { try reader.processes(at: last + 1) }
    let text = try #require(error).description
    #expect(text.contains("it is a slice, which holds the time from "), "\(text)")
    #expect(text.contains("source-uuid"), "\(text)")
    let outside: [TimeWindow] = [.init(since: first - 1), .init(until: last + 1)]
    for window in outside {
      let refused = refusals([
        { try reader.history(.pid(10), in: window) { _ in true } },
        { try reader.changes(.init(in: window)) { _ in true } },
        { try reader.members(of: .of(.net, .pid(10)), in: window) { _ in true } },
        { _ = try reader.timeline([.pid(10)], in: window) },
        { try reader.coverage(in: window) { _ in true } },
        { _ = try reader.caveats(in: window) },
        { try reader.peers(.init(.pid(10), in: window)) { _ in true } },
        { try reader.export(.init(since: window.since, until: window.until)) { _ in true } },
        {
          _ = try reader.same(
            .init(
              pids: [.init(pid: 10), .init(pid: 11)],
              time: .range(since: window.since, until: window.until)))
        },
        {
          _ = try reader.shared(
            .init([.processes(.pid(10)), .processes(.pid(11))], in: window))
        },
      ])
      #expect(refused.allSatisfy { $0 == .outsideSlice }, "\(refused)")
    }
    #expect(try reader.processes(at: last).processes.count == 3)
    #expect(
      refusals([{ _ = try reader.isRecorded(.pid(10, alive: first - 1)) }]) == [.outsideSlice])
  }

  @Test("a slice of some processes refuses questions about others and about all")
  func processes() throws {
    let reader = try slice(["INSERT INTO slice_process VALUES (1, 10, NULL), (2, 12, NULL)"])
    let answered = refusals([
      { try reader.history(.pid(10)) { _ in true } },
      { try reader.history(.latest(.pid(12))) { _ in true } },
      { _ = try reader.timeline([.pid(10), .pid(12)]) },
      { try reader.coverage { _ in true } },
      { try reader.export(.init()) { _ in true } },
      { _ = try reader.shared(.init([.processes(.pid(10)), .host])) },
      {
        _ = try reader.same(
          .init(pids: [.init(pid: 10), .init(pid: 12)], time: .range(since: nil, until: nil)))
      },
    ])
    #expect(answered.allSatisfy { $0 == nil }, "\(answered)")
    let refused = refusals([
      { try reader.history(.pid(11)) { _ in true } },
      { try reader.history(.comm("web")) { _ in true } },
      { _ = try reader.timeline([.pid(10), .pid(11)]) },
      { _ = try reader.processes(at: last) },
      { _ = try reader.namespaces(at: last) },
      { try reader.changes(.init()) { _ in true } },
      { try reader.peers(.init(.pid(10))) { _ in true } },
      { try reader.export(.init(pids: [11])) { _ in true } },
      { _ = try reader.shared(.init([.processes(.pid(10)), .processes(.pid(11))])) },
      { _ = try reader.peakUse() },
      {
        _ = try reader.same(
          .init(pids: [.init(pid: 10), .init(pid: 11)], time: .range(since: nil, until: nil)))
      },
    ])
    #expect(refused.allSatisfy { $0 == .outsideSlice }, "\(refused)")
  }

  @Test("a slice of a container answers for its name and the start of its ID")
  func containers() throws {
    let reader = try slice([
      "INSERT INTO container (container_id, id, name) VALUES (7, 'abcdef0123456789', 'web')",
      "INSERT INTO slice_process VALUES (1, NULL, 7)",
    ])
    let answers = refusals([
      { _ = try reader.processes(.container("web")) },
      { _ = try reader.processes(.container("abcdef")) },
      { _ = try reader.processes(.inner(1, .container("web"))) },
      { _ = try reader.processes(.container("db")) },
      { _ = try reader.processes(.pid(10)) },
    ])
    #expect(answers == [nil, nil, nil, .outsideSlice, .outsideSlice])
    let error = #expect(throws: HistoryError.self) { try reader.processes(at: last) }
    #expect(error?.description.contains("and only of container web") == true)
  }

  @Test("a slice with impossible bounds is refused")
  func edited() throws {
    let connection = try Connection(path: history.path, access: .readWrite)
    try connection.execute("PRAGMA ignore_check_constraints = ON")
    try connection.execute("INSERT INTO slice VALUES (1, 'x', 2, 1, 1, 2)")
    let reader = try HistoryReader(path: history.path)
    #expect(refusals([{ try reader.coverage { _ in true } }]) == [.notAHistory])
  }
}
