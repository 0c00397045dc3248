// A recorder that removes old rows while it records: those beyond the age limit or the size limit.

import Foundation
import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import NSHistory

struct RetentionTests {
  private static let second = SmallHistory.second

  /// Moves the watermark of a file that a writer has open, as the writer itself does.
  private func prune(_ history: SmallHistory, to sample: Int64) throws {
    let sample = SequenceNumber(rawValue: sample)
    _ = try PrunedPair.pruner(history.path).move(to: sample)
    history.writer.forgetRemovedRows()
  }

  private func number(_ sql: String, _ path: String) throws -> Int64? {
    let connection = try Connection(path: path, access: .readOnly)
    return try connection.prepare(sql).first { $0.integer(0) }
  }

  @Test("a removed set, namespace or cgroup gets a new row number when it is recorded again")
  func observedAgain() throws {
    let history = try SmallHistory()
    let host = SmallHistory.Process(pid: 1)
    let inside = SmallHistory.Process(
      pid: 10, cgroup: "0::/docker/\(String(repeating: "ab", count: 32))", elsewhere: [.net: 7])
    try history.sample([host, inside])
    try history.sample([host])
    try history.sample([host])
    func rows() throws -> [Int64?] {
      [
        try number("SELECT MAX(set_id) FROM namespace_set", history.path),
        try number("SELECT MAX(namespace_id) FROM namespace WHERE type = 4", history.path),
        try number("SELECT MAX(cgroup_id) FROM cgroup", history.path),
        try number("SELECT MAX(container_id) FROM container", history.path),
        try number("SELECT MAX(task_id) FROM task", history.path),
        try number("SELECT MAX(membership_id) FROM membership", history.path),
      ]
    }
    let before = try rows()
    try prune(history, to: 3)
    #expect(try number("SELECT COUNT(*) FROM namespace_set", history.path) == 1)
    #expect(try number("SELECT COUNT(*) FROM namespace WHERE type = 4", history.path) == 1)
    #expect(try number("SELECT COUNT(*) FROM container", history.path) == 0)
    try history.sample([host, inside])
    let after = try rows()
    #expect(
      zip(before, after).allSatisfy { ($0 ?? 0) < ($1 ?? 0) }, "\(before), then \(after)")
    #expect(try PrunedFile.danglingRows(history.path) == 0)
    let time = history.now.wall + 5 * Self.second
    try history.sample([host, inside])
    let reader = try history.end()
    let answer = try reader.same(
      SameQuestion(pids: [.init(pid: 1), .init(pid: 10)], time: .at(time)))
    #expect(answer.types.filter { $0.verdict == .different }.map(\.type) == [.net])
  }

  @Test("the owner of a namespace and a pinned namespace stay as long as a row refers to them")
  func pinned() throws {
    let history = try SmallHistory()
    let host = SmallHistory.Process(pid: 1)
    let net = SmallHistory.namespace(.net, 7)
    let pin = NamespacePin(
      namespace: net, holder: .mount(path: Array("/run/netns/web".utf8), in: nil))
    let relations = NamespaceRelations(
      namespace: net, owner: SmallHistory.namespace(.user, 5), parent: nil, ownerUID: nil)
    try history.sample(
      [host, .init(pid: 10, elsewhere: [.net: 7, .user: 5])], related: [relations])
    try history.scan([pin], related: [relations])
    for _ in 0..<3 {
      try history.sample([host])
      try history.scan([pin], related: [relations])
    }
    try prune(history, to: 3)
    #expect(try PrunedFile.danglingRows(history.path) == 0)
    #expect(try number("SELECT COUNT(*) FROM pin_scan", history.path) == 3)
    #expect(
      try number(
        "SELECT COUNT(*) FROM namespace WHERE type IN (4, 7) AND initial = 0", history.path)
        == 2)
    try history.scan([])
    try history.sample([host])
    try history.scan([])
    try history.sample([host])
    try prune(history, to: 6)
    #expect(try number("SELECT COUNT(*) FROM pin", history.path) == 0)
    #expect(
      try number(
        "SELECT COUNT(*) FROM namespace WHERE type IN (4, 7) AND initial = 0", history.path)
        == 0)
    #expect(try PrunedFile.danglingRows(history.path) == 0)
    let reader = try history.end()
    #expect(try reader.faults() == [])
    _ = try reader.namespaces(at: history.now.wall)
  }

  @Test("a process that may resume keeps its row until another process has its PID")
  func resumable() throws {
    let history = try EventfulHistory()
    _ = try history.sample(0, [(2, -1), (10, -1)], isExact: false)
    let token = ProcessToken(number: 10)
    func event(_ time: Double, _ change: ProcessEvent.Change) -> ProcessEvent {
      ProcessEvent(boot: EventfulHistory.reading(time).boot, change)
    }
    _ = try history.write([event(1, .exited(token, mayResume: true))])
    for time in 2...4 { _ = try history.sample(Double(time), []) }
    let tasks = "SELECT COUNT(*) FROM task WHERE pid = 10"
    let removable = try #require(history.writer.removable)
    #expect(removable.resumable.count == 1)
    let removal = try PrunedPair.pruner(history.path).move(
      to: removable.last, resumable: removable.resumable)
    #expect(removal.removed == 1)
    history.writer.forgetRemovedRows()
    #expect(try number(tasks, history.path) == 1)
    #expect(
      try HistoryReader(path: history.path).processes(at: EventfulHistory.wall(3.5)).processes
        .map(\.process.pid) == [2])

    _ = try history.write([event(4.5, .resumed(token, ObservedSet(links: history.links(10))))])
    _ = try history.sample(6, [])
    let answer = try HistoryReader(path: history.path).same(
      SameQuestion(
        pids: [.init(pid: 2), .init(pid: 10)], time: .at(EventfulHistory.wall(5)), types: [.net]))
    #expect(answer.types.map(\.verdict) == [.same])

    _ = try history.write([event(6.5, .exited(token, mayResume: true))])
    #expect(history.writer.removable?.resumable.count == 1)
    var start = EventStart(
      token: ProcessToken(number: 99), parent: ProcessToken(number: 2), tid: nil,
      facts: history.appearance(10, 7).facts, description: history.appearance(10, 7).description,
      set: ObservedSet(links: history.links(10)))
    start.facts.startTicks = 200_000
    _ = try history.write([event(7, .started(start))])
    #expect(history.writer.removable?.resumable.count == 0)
    #expect(try PrunedFile.danglingRows(history.path) == 0)
    try history.writer.endSession(.completed)
  }

  /// Records samples with limits. Each sample has new processes in place of those of the one before.
  private func record(
    _ limits: RetentionLimits, samples: Int, each: Int = 20, interval: Int64 = second,
    net: (Int, Int32) -> UInt64 = { 1 + UInt64($1 % 50) },
    _ check: (String, HistoryWriter, Int) throws -> Void
  ) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    let writer = try HistoryWriter(path: path, limits: limits)
    // Gives the samples times in the past, so that the last one is now.
    let now = ClockReading.now()
    func reading(_ sample: Int) -> ClockReading {
      let before = Int64(samples - sample) * interval
      return ClockReading(
        wall: now.wall - before, boot: now.boot - before, monotonic: now.monotonic - before)
    }
    try writer.beginSession(SmallHistory.session(started: reading(0)))
    var running: [ProcessToken] = []
    var pid: Int32 = 100
    for number in 0...samples {
      var sample = ProcessSample(start: reading(number))
      sample.disappeared = running
      running = []
      for _ in 0..<each {
        pid += 1
        let token = ProcessToken(number: UInt64(pid))
        running.append(token)
        let links = NamespaceLink.allCases.map {
          LinkState.namespace(
            SmallHistory.namespace($0.type, $0.type == .net ? net(number, pid) : 1))
        }
        sample.appeared.append(
          .init(
            token: token,
            facts: ProcessFacts(
              pid: pid, startTicks: UInt64(pid), parentPID: 1, isKernelThread: false, nspid: [pid]),
            description: .init(
              comm: Array("p\(pid)".utf8), uid: 0, cgroup: Array("0::/unit\(pid % 30)".utf8)),
            links: links))
      }
      _ = try writer.write(sample, SampleTiming())
      try check(path, writer, number)
    }
    try writer.endSession(.completed)
    #expect(try PrunedFile.danglingRows(path) == 0)
    #expect(try HistoryReader(path: path).faults() == [])
  }

  @Test("rows older than the age limit are removed, and no younger ones")
  func age() throws {
    let keep = 100 * Self.second
    try record(.init(keep: keep), samples: 300) { path, writer, number in
      guard number == 300 else { return }
      while try writer.retain().hasMore {}
      let first = try #require(try number_(path))
      let age = ClockReading.now().wall.nanoseconds - first
      #expect(age >= keep && age < keep + 5 * Self.second, "\(age)")
    }
  }

  private func number_(_ path: String) throws -> Int64? {
    try number("SELECT wall_ns FROM sample ORDER BY seq LIMIT 1", path)
  }

  @Test("a namespace that the writer itself removed gets a new row number")
  func observedAgainByTheWriter() throws {
    var most: [Int64] = []
    // All samples are older than the limit, so that each step removes everything before the last one.
    try record(
      .init(keep: Self.second), samples: 60, each: 3, interval: 10 * Self.second,
      net: { number, _ in 1 + UInt64(number / 10 % 2) }
    ) { path, writer, number in
      while try writer.retain().hasMore {}
      guard number % 10 == 9, number < 60 else { return }
      most.append(try #require(try self.number("SELECT MAX(namespace_id) FROM namespace", path)))
    }
    #expect(most == most.sorted() && Set(most).count == most.count && most.count == 6, "\(most)")
  }

  @Test("the file and its log stay below the size limit, and freed space is reused")
  func size() throws {
    let limit = RetentionLimits.leastSize
    var most: Int64 = 0
    var notices: Set<String> = []
    try record(.init(maxSize: limit), samples: 1000, each: 200) { path, writer, _ in
      var step = try writer.retain()
      while step.hasMore {
        if let notice = step.notice { notices.insert("\(notice)".prefix(9).description) }
        step = try writer.retain()
      }
      most = max(most, FileSpace.size(path) + FileSpace.size(path + "-wal"))
    }
    #expect(most < limit, "\(most)")
    #expect(most > limit / 2, "\(most)")
    #expect(notices == ["cutBySize"])
  }

  @Test("a file that is larger than the size limit shrinks to it")
  func shrinks() throws {
    let folder = try TemporaryFolder()
    var copy = ""
    try record(.init(), samples: 1200, each: 200) { path, _, number in
      guard number == 1199 else { return }
      copy = folder.file("large.db")
      let connection = try Connection(path: path, access: .readOnly)
      try connection.prepare("VACUUM INTO ?").bind(.text(copy)).run()
    }
    let limit = RetentionLimits.leastSize
    #expect(FileSpace.size(copy) > 2 * limit)
    let writer = try HistoryWriter(path: copy, limits: .init(maxSize: limit))
    try writer.beginSession(SmallHistory.session(started: .now()))
    _ = try writer.write(ProcessSample(start: .now()), SampleTiming())
    while try writer.retain().hasMore {}
    try writer.checkpoint()
    #expect(FileSpace.size(copy) < limit)
    try writer.endSession(.completed)
    #expect(try HistoryReader(path: copy).faults() == [])
  }

  @Test("a reader that prevents checkpoints is reported once")
  func blockedLog() throws {
    var reader: Connection?
    var notices: [RetentionNotice] = []
    try record(.init(maxSize: RetentionLimits.leastSize), samples: 260, each: 200) {
      path, writer, number in
      if number == 20 {
        let connection = try Connection(path: path, access: .readOnly)
        try connection.execute("BEGIN")
        _ = try connection.prepare("SELECT COUNT(*) FROM task").first { $0.integer(0) }
        reader = connection
      }
      if number == 200 { reader = nil }
      var step = try writer.retain()
      while step.hasMore {
        if let notice = step.notice { notices.append(notice) }
        step = try writer.retain()
      }
      if let notice = step.notice { notices.append(notice) }
    }
    let blocked = notices.filter { if case .logIsBlocked = $0 { true } else { false } }
    #expect(blocked.count == 1, "\(notices)")
    #expect(reader == nil)
  }

  @Test("moving the watermark costs the same in a history of any length")
  func cost() throws {
    var costs: [Int] = []
    for samples in [60, 600] {
      let folder = try TemporaryFolder()
      let copy = folder.file("copy.db")
      try record(.init(), samples: samples) { path, _, number in
        guard number == samples else { return }
        let connection = try Connection(path: path, access: .readOnly)
        try connection.prepare("VACUUM INTO ?").bind(.text(copy)).run()
      }
      let connection = try Connection(path: copy, access: .readWrite)
      let pruner = try Pruner(connection)
      var steps = 0
      connection.onProgress(every: 10) { steps += 1 }
      for sample in Int64(3)...22 { _ = try pruner.move(to: SequenceNumber(rawValue: sample)) }
      costs.append(steps)
    }
    #expect(costs[1] < costs[0] * 5 / 4 && costs[0] > 100, "\(costs)")
  }
}
