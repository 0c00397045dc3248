// The names of a process that executes several programs and that no sample shows.

import NSHistory
import NamespaceModel
import SQLite
import TestSupport
import Testing

struct ProgramNamesTests {
  private static let second: Int64 = 1_000_000_000
  private let folder: TemporaryFolder
  private let path: String

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("history.db")
  }

  private static func reading(_ milliseconds: Int64) -> ClockReading {
    let boot = 1000 * second + milliseconds * 1_000_000
    return ClockReading(wall: HistoryScript.epoch + boot, boot: boot, monotonic: boot)
  }

  private static let links = NamespaceLink.allCases.map {
    LinkState.namespace(SmallHistory.namespace($0.type, 1))
  }

  private static func description(
    _ name: String, mayBeOlder: Bool = false
  ) -> ProcessDescription {
    var description = ProcessDescription(comm: Array(name.utf8), uid: 0, cgroup: nil)
    description.mayBeOlder = mayBeOlder
    return description
  }

  /// Writes a history with process 20 from 10 ms to 50 ms, which is `first`, and then each of the given descriptions
  /// from its time on.
  private func history(
    _ names: [(Int64, ProcessDescription)], keeps: ShortLived = .all
  ) throws -> HistoryReader {
    let writer = try HistoryWriter(path: path)
    try writer.beginSession(
      SessionInfo(
        bootID: "11111111-1111-4111-8111-111111111111", ticksPerSecond: 100, recorderPID: 1,
        program: "test", interval: Self.second, identity: "name_to_handle_at", procRoot: "/proc",
        shownPIDNamespace: SmallHistory.shown, hasEvents: true, shortLived: keeps,
        started: Self.reading(0)))
    var first = ProcessSample(start: Self.reading(0))
    first.appeared = [
      .init(
        token: ProcessToken(number: 2), facts: Self.facts(2), description: Self.description("init"),
        links: Self.links)
    ]
    _ = try writer.write(first, SampleTiming())
    let token = ProcessToken(number: 20)
    var batch = EventBatch(epoch: HistoryScript.epoch)
    batch.events.append(
      ProcessEvent(
        boot: Self.reading(10).boot,
        .started(
          EventStart(
            token: token, parent: ProcessToken(number: 2), facts: Self.facts(20),
            description: Self.description("first"), set: ObservedSet(links: Self.links)))))
    for (time, description) in names {
      batch.events.append(
        ProcessEvent(boot: Self.reading(time).boot, .described(token, description)))
    }
    batch.events.append(
      ProcessEvent(boot: Self.reading(50).boot, .exited(token, mayResume: false)))
    try #require(writer.add(batch))
    _ = try writer.writeEvents()
    _ = try writer.write(ProcessSample(start: Self.reading(100)), SampleTiming(isExact: true))
    try writer.endSession(.completed)
    return try HistoryReader(path: path)
  }

  private static func facts(_ pid: Int32) -> ProcessFacts {
    ProcessFacts(pid: pid, startTicks: nil, parentPID: 1, isKernelThread: false, nspid: [pid])
  }

  private func names(_ reader: HistoryReader, at time: Int64) throws -> [String?] {
    try reader.processes(at: Self.reading(time).wall).processes
      .filter { $0.process.pid == 20 }.flatMap { $0.process.possibleDescriptions.map(\.comm) }
  }

  /// Returns the times in milliseconds at which a name selects the process, in steps of 10 ms.
  private func times(_ reader: HistoryReader, _ name: String) throws -> [Int64] {
    var times: [Int64] = []
    for time: Int64 in stride(from: 5, through: 55, by: 10) {
      let isSelected = try reader.matcher(.comm(name))
      let there = try reader.processes(at: Self.reading(time).wall).processes
      if there.contains(where: { isSelected($0.process) }) { times.append(time) }
    }
    return times
  }

  @Test("each name selects the process during its own time")
  func severalPrograms() throws {
    let reader = try history([
      (20, Self.description("second")), (40, Self.description("third")),
    ])
    #expect(try names(reader, at: 15) == ["first"])
    #expect(try names(reader, at: 30) == ["second"])
    #expect(try names(reader, at: 45) == ["third"])
    #expect(try times(reader, "first") == [15])
    #expect(try times(reader, "second") == [25, 35])
    #expect(try times(reader, "third") == [45])
    #expect(try Self.count("short_lived_task", path) == 0)
  }

  @Test("a process that executes one program is a row of short_lived_task")
  func oneProgram() throws {
    let reader = try history([(20, Self.description("first"))])
    #expect(try times(reader, "first") == [15, 25, 35, 45])
    #expect(try Self.count("short_lived_task", path) == 1)
  }

  @Test("between two names with omitted ones the name is uncertain")
  func leftOut() throws {
    let reader = try history([
      (20, Self.description("second")), (50, Self.description("last", mayBeOlder: true)),
    ])
    #expect(try names(reader, at: 15) == ["first"])
    #expect(Set(try names(reader, at: 30)) == ["second", "last"])
  }

  @Test(
    "a short-lived process that is not stored is found by none of its names",
    arguments: [ShortLived.none, .changed])
  func notKept(keeps: ShortLived) throws {
    let reader = try history([(20, Self.description("second"))], keeps: keeps)
    #expect(try names(reader, at: 15) == [])
    for table in ["short_lived_task", "past_description"] {
      #expect(try Self.count(table, path) == 0)
    }
    #expect(try Self.count("task", path) == 1)
  }

  private static func count(_ table: String, _ path: String) throws -> Int64? {
    try Connection(path: path, access: .readOnly).prepare("SELECT COUNT(*) FROM \(table)")
      .first { $0.integer(0) }
  }
}
