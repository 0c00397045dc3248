// The command line, the executable, the login, the session and the terminal of processes, from the writer to the
// reader.

import Foundation
import NamespaceModel
import SQLite
import TestSupport
import Testing

@testable import NSHistory

struct ProgramTests {
  private static let second: Int64 = 1_000_000_000
  private static let links = NamespaceLink.allCases.map {
    LinkState.namespace(SmallHistory.namespace($0.type, 1))
  }
  private let folder: TemporaryFolder
  private let path: String
  private let writer: HistoryWriter

  init() throws {
    folder = try TemporaryFolder()
    path = folder.file("history.db")
    writer = try HistoryWriter(path: path)
    try writer.beginSession(
      SessionInfo(
        bootID: "11111111-1111-4111-8111-111111111111", ticksPerSecond: 100, recorderPID: 1,
        program: "test", interval: Self.second, identity: "name_to_handle_at", procRoot: "/proc",
        shownPIDNamespace: SmallHistory.shown, hasEvents: true, started: Self.reading(0)))
  }

  private static func reading(_ milliseconds: Int64) -> ClockReading {
    let boot = 1000 * second + milliseconds * 1_000_000
    return ClockReading(wall: HistoryScript.epoch + boot, boot: boot, monotonic: boot)
  }

  private static func program(_ words: String...) -> Program {
    Program(
      executable: Array("/usr/bin/\(words.first ?? "")".utf8),
      commandLine: Array(words.joined(separator: "\0").utf8))
  }

  private static func description(
    _ program: Program?, _ login: Login? = nil
  ) -> ProcessDescription {
    description("sh", program, login)
  }

  private static func description(
    _ comm: String, _ program: Program?, _ login: Login? = nil, inherited: InheritedParts = []
  ) -> ProcessDescription {
    ProcessDescription(
      comm: Array(comm.utf8), uid: 0, cgroup: nil, program: program, login: login,
      inherited: inherited)
  }

  private func token(_ pid: Int32) -> ProcessToken { ProcessToken(number: UInt64(pid)) }

  private func appearance(
    _ pid: Int32, _ description: ProcessDescription
  ) -> ProcessSample.Appearance {
    .init(token: token(pid), facts: Self.facts(pid), description: description, links: Self.links)
  }

  private static func facts(_ pid: Int32) -> ProcessFacts {
    ProcessFacts(pid: pid, startTicks: 1, parentPID: 1, isKernelThread: false, nspid: [pid])
  }

  private func sample(
    at milliseconds: Int64, appeared: [ProcessSample.Appearance] = [],
    described: [(Int32, ProcessDescription)] = [], disappeared: [Int32] = []
  ) throws {
    var sample = ProcessSample(start: Self.reading(milliseconds))
    sample.appeared = appeared
    sample.described = described.map { .init(token: token($0), description: $1) }
    sample.disappeared = disappeared.map(token)
    _ = try writer.write(sample, SampleTiming())
  }

  private func events(_ changes: [(Int64, ProcessEvent.Change)]) throws {
    var batch = EventBatch(epoch: HistoryScript.epoch)
    batch.events = changes.map { ProcessEvent(boot: Self.reading($0).boot, $1) }
    try #require(writer.add(batch))
    _ = try writer.writeEvents()
  }

  private func start(
    _ pid: Int32, of parent: Int32, _ description: ProcessDescription
  ) -> ProcessEvent.Change {
    .started(
      EventStart(
        token: token(pid), parent: token(parent), facts: Self.facts(pid), description: description,
        set: ObservedSet(links: Self.links)))
  }

  private func end() throws -> HistoryReader {
    try writer.endSession(.completed)
    return try HistoryReader(path: path)
  }

  private func process(_ reader: HistoryReader, _ pid: Int64, at milliseconds: Int64) throws
    -> ProcessRecord
  {
    try #require(
      try reader.processes(at: Self.reading(milliseconds).wall).processes.map(\.process)
        .first { $0.pid == pid })
  }

  private func numbers(_ sql: String) throws -> [Int64?] {
    try Connection(path: path, access: .readOnly).prepare(sql).map { $0.optionalInteger(0) }
  }

  @Test("an exec that an event reported has its program from its time on, and says so")
  func exec() throws {
    try sample(at: 0, appeared: [appearance(10, Self.description(Self.program("sh", "-c", "a")))])
    try events([
      (100, .described(token(10), Self.description(Self.program("sh", "-c", "b c"))))
    ])
    try sample(at: 200)
    let reader = try end()
    let before = try process(reader, 10, at: 50)
    #expect(before.commandLine == "sh -c a" && before.program?.source == .sample)
    #expect(before.program?.reading?.time == Self.reading(0).wall)
    let after = try process(reader, 10, at: 150)
    #expect(after.commandLine == "sh -c b c" && after.program?.executable == "/usr/bin/sh")
    #expect(after.program?.source == .exec)
    #expect(!after.disputed.contains(.commandLine))
    #expect(after.program?.reading?.time == Self.reading(100).wall)
  }

  @Test("between two samples that read different programs the program is disputed")
  func disputed() throws {
    try sample(at: 0, appeared: [appearance(10, Self.description(Self.program("sh", "one")))])
    try sample(at: 100)
    try sample(at: 200, described: [(10, Self.description(Self.program("sh", "two")))])
    let reader = try end()
    let between = try process(reader, 10, at: 150)
    // Process 1, its parent, is not in this history.
    #expect(between.disputed.filter { $0 != .ppid } == [.commandLine])
    #expect(
      Set(between.possibleDescriptions.map(\.program?.commandLine)) == ["sh one", "sh two"])
  }

  @Test("a program that could not be read is unknown, and not that of before")
  func unknown() throws {
    try sample(at: 0, appeared: [appearance(10, Self.description(Self.program("sh")))])
    try events([(100, .described(token(10), Self.description("cat", .unknown)))])
    try sample(at: 200)
    try sample(at: 300, described: [(10, Self.description("cat", Self.program("cat", "/etc")))])
    let reader = try end()
    #expect(try process(reader, 10, at: 150).program == nil)
    let later = try process(reader, 10, at: 350)
    #expect(later.commandLine == "cat /etc" && later.program?.source == .sample)
  }

  @Test("a name that is hidden, because it changes too often, hides the program")
  func hidden() throws {
    try sample(at: 0, appeared: [appearance(10, Self.description(Self.program("sh")))])
    var hidden = ProcessDescription(comm: nil, uid: nil, cgroup: nil)
    hidden.hidesNames = true
    try events([(100, .described(token(10), hidden))])
    try sample(at: 200)
    let process = try process(try end(), 10, at: 150)
    #expect(process.comm == nil && process.program == nil)
  }

  @Test("a new process has the program and the login of its parent, and says so")
  func inherited() throws {
    let login = Login(uid: 1000, session: 5, terminal: 34_819)
    let parent = Self.description(Self.program("bash"), login)
    try sample(at: 0, appeared: [appearance(10, parent)])
    let child = Self.description(
      "bash", Self.program("bash"), login, inherited: [.user, .cgroup, .program, .login])
    try events([
      (100, start(20, of: 10, child)), (110, start(21, of: 10, child)),
      (120, .exited(token(21), mayResume: false)),
    ])
    try sample(at: 200)
    let reader = try end()
    for (pid, time) in [(Int64(20), Int64(150)), (21, 115)] {
      let process = try process(reader, pid, at: time)
      #expect(process.commandLine == "bash" && process.program?.source == .inherited)
      #expect(process.program?.reading == nil)
      #expect(process.login?.uid == 1000 && process.login?.session == 5)
      #expect(process.login?.terminal == "pts/3" && process.login?.isInherited == true)
    }
    #expect(try numbers("SELECT COUNT(*) FROM program") == [1])
    #expect(try numbers("SELECT COUNT(*) FROM login") == [1])
  }

  @Test("what a sample reads of a process that had its parent's program is its own from then on")
  func readLater() throws {
    try sample(at: 0, appeared: [appearance(10, Self.description(Self.program("bash")))])
    try events([
      (
        100,
        start(20, of: 10, Self.description("bash", Self.program("bash"), inherited: [.program]))
      )
    ])
    try sample(at: 200, described: [(20, Self.description("bash", Self.program("bash")))])
    let reader = try end()
    #expect(try process(reader, 20, at: 250).program?.reading?.time == Self.reading(200).wall)
    #expect(try process(reader, 20, at: 250).program?.source == .sample)
  }

  @Test("a process of one batch that executes two programs has both, each at its time")
  func twoPrograms() throws {
    try sample(at: 0, appeared: [appearance(10, Self.description(Self.program("bash")))])
    try events([
      (100, start(20, of: 10, Self.description("sh", Self.program("sh", "1")))),
      (120, .described(token(20), Self.description("sh", Self.program("sh", "2")))),
      (140, .exited(token(20), mayResume: false)),
    ])
    try sample(at: 200)
    let reader = try end()
    #expect(try process(reader, 20, at: 110).commandLine == "sh 1")
    #expect(try process(reader, 20, at: 130).commandLine == "sh 2")
    #expect(try numbers("SELECT COUNT(*) FROM short_lived_task") == [0])
  }

  @Test("text of any bytes is escaped, and the same program is stored once")
  func escaped() throws {
    let bytes: [UInt8] =
      Array("a\0b\n\u{1B}[31m\u{202E}".utf8) + [0xFF] + Array("\\ \u{E9}".utf8)
    let odd = Program(executable: Array("/tmp/x (deleted)".utf8), commandLine: bytes)
    try sample(
      at: 0, appeared: (10...12).map { appearance($0, Self.description(odd)) })
    let reader = try end()
    let process = try process(reader, 11, at: 0)
    #expect(
      process.commandLine == "a b\\n\\x1b[31m\\xe2\\x80\\xae\\xff\\\\ \u{E9}")
    #expect(process.program?.executable == "/tmp/x (deleted)")
    #expect(try numbers("SELECT COUNT(*) FROM program") == [1])
  }

  @Test("a truncated command line is marked")
  func truncated() throws {
    let long = Program(
      executable: nil, commandLine: Array(repeating: 0x61, count: Program.limit),
      truncated: .commandLine)
    let whole = Program(executable: nil, commandLine: long.commandLine)
    try sample(
      at: 0,
      appeared: [appearance(10, Self.description(long)), appearance(11, Self.description(whole))])
    let reader = try end()
    #expect(try process(reader, 10, at: 0).program?.isTruncated == true)
    #expect(try process(reader, 11, at: 0).program?.isTruncated == false)
  }

  @Test("no login, no terminal, and what is not known are three different things")
  func logins() throws {
    try sample(
      at: 0,
      appeared: [
        appearance(
          10, Self.description(nil, Login(uid: Login.unset, session: 1, terminal: 0))),
        appearance(11, Self.description(nil, Login(uid: nil, session: 1, terminal: nil))),
        appearance(12, Self.description(nil)),
      ])
    let reader = try end()
    let none = try process(reader, 10, at: 0).login
    #expect(none?.uid == -1 && none?.session == 1 && none?.terminal == "")
    let unread = try process(reader, 11, at: 0).login
    #expect(unread != nil && unread?.uid == nil && unread?.terminal == nil)
    #expect(try process(reader, 12, at: 0).login == nil)
  }

  @Test(
    "a terminal has its name",
    arguments: [
      (34816, "pts/0"), (34819, "pts/3"), (35072, "pts/256"), (1025, "tty1"), (1088, "ttyS0"),
      (0, ""), (1281, "console"), (0x1_0000_0000 - 1, "4095:1048575"),
    ] as [(Int64, String)])
  func terminals(number: Int64, name: String) {
    let login = Login(uid: nil, session: nil, terminal: Int32(truncatingIfNeeded: number))
    #expect(login.terminalName == name)
  }

  @Test("retention removes the programs to which no row refers, and forgets when others were read")
  func retention() throws {
    let login = Login(uid: 0, session: 1, terminal: 0)
    try sample(
      at: 0,
      appeared: [
        appearance(10, Self.description(Self.program("stays"), login)),
        appearance(
          11, Self.description(Self.program("goes"), Login(uid: 7, session: 7, terminal: 0))),
      ])
    try events([
      (100, start(20, of: 10, Self.description("short", Self.program("short"), login))),
      (120, .exited(token(20), mayResume: false)),
      (130, .described(token(10), Self.description("later", Self.program("later")))),
    ])
    try sample(at: 1000, disappeared: [11])
    try sample(at: 2000)
    try events([
      (2100, start(21, of: 10, Self.description("short", Self.program("short"), login))),
      (2120, .exited(token(21), mayResume: false)),
    ])
    try sample(at: 3000)
    try writer.endSession(.completed)
    let connection = try Connection(path: path, access: .readWrite)
    let pruner = try Pruner(connection)
    let samples = try connection.prepare("SELECT seq FROM sample ORDER BY seq").map {
      $0.sequence(0)
    }
    _ = try pruner.move(to: samples[2])
    let kept = "SELECT command_line FROM program ORDER BY 1"
    #expect(try connection.prepare(kept).map { $0.text(0) } == ["later", "short"])
    #expect(
      try connection.prepare("SELECT login_uid FROM login").map { $0.integer(0) } == [0])
    #expect(
      try connection.prepare("SELECT COUNT(*) FROM task WHERE program_seq IS NOT NULL")
        .first { $0.integer(0) } == 0)
    let reader = try HistoryReader(path: path)
    let process = try process(reader, 10, at: 2500)
    #expect(process.commandLine == "later" && process.program?.reading == nil)
    #expect(process.program?.source == nil)
    _ = try pruner.move(to: samples[3])
    #expect(try connection.prepare(kept).map { $0.text(0) } == ["later"])
  }

  @Test("the views have the program and the login")
  func views() throws {
    let login = Login(uid: 1000, session: 5, terminal: 34_819)
    try sample(at: 0, appeared: [appearance(10, Self.description(Self.program("a", "b"), login))])
    try events([
      (100, start(20, of: 10, Self.description("c", Self.program("c"), login))),
      (120, .exited(token(20), mayResume: false)),
    ])
    try sample(at: 200, described: [(10, Self.description(Self.program("d"), login))])
    try writer.endSession(.completed)
    let connection = try Connection(path: path, access: .readOnly)
    let columns = "command_line, executable, login_uid, sid, tty"
    func rows(_ sql: String) throws -> [String] {
      try connection.prepare(sql).map { row in
        (0..<5).map { row.optionalText($0) ?? "-" }.joined(separator: " ")
      }
    }
    let rest = "1000 5 pts/3"
    let all = ["c /usr/bin/c \(rest)", "d /usr/bin/d \(rest)"]
    #expect(
      try rows("SELECT \(Self.texts(columns)) FROM processes ORDER BY 1") == all)
    #expect(
      try rows("SELECT \(Self.texts(columns)) FROM descriptions ORDER BY 1")
        == ["a b /usr/bin/a \(rest)"] + all)
  }

  private static func texts(_ columns: String) -> String {
    columns.split(separator: ", ").map { "CAST(\($0) AS TEXT)" }.joined(separator: ", ")
  }
}
