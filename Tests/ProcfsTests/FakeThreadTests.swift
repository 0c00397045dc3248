// Threads of a fake /proc: which of them are recorded as tasks of their own, and for how long.

import NamespaceModel
import Procfs
import TestSupport
import Testing

struct FakeThreadTests {
  private static let there: UInt64 = 4_026_532_500
  private static let elsewhere: UInt64 = 4_026_532_600
  private let proc: FakeProc

  init() throws {
    proc = try FakeProc()
    try proc.add(10, comm: Array("server".utf8))
  }

  private func source(_ budget: Int?, threads: Bool = true) throws -> ProcfsSource {
    let source = ProcfsSource(root: try ProcRoot(path: proc.path), descriptorBudget: budget)
    source.readsThreads = threads
    return source
  }

  private func net(_ links: [LinkState]) -> UInt64? {
    guard case .namespace(let namespace) = links[Int(NamespaceLink.net.rawValue)] else {
      return nil
    }
    return namespace.inode
  }

  private func threads(_ sample: ProcessSample) -> [ProcessSample.Appearance] {
    sample.appeared.filter { $0.thread != nil }
  }

  /// Whether a sample reports no change; it may report names again.
  private func isSilent(_ sample: ProcessSample) -> Bool {
    sample.appeared.isEmpty && sample.changed.isEmpty && sample.disappeared.isEmpty
  }

  // With directories of tasks held open, and with none.
  private static let budgets: [Int?] = [nil, 0]

  @Test("a thread in other namespaces than its process is reported", arguments: budgets)
  func reported(budget: Int?) throws {
    try proc.addThread(11, of: 10)
    try proc.addThread(12, of: 10, start: 120, links: ["net": Self.there])
    let source = try source(budget)
    let first = try source.takeSample()
    #expect(first.hasThreads)
    #expect(first.counts.processes == 1)
    #expect(first.counts.notHeldOpen == (budget == 0 ? 1 : 0))
    #expect(first.appeared.map(\.facts.pid) == [10, 10])
    let thread = try #require(threads(first).first)
    #expect(
      thread.thread == ThreadFacts(tid: 12, process: first.appeared[0].token, startTicks: 120))
    #expect(thread.facts == first.appeared[0].facts)
    #expect(thread.description.comm == Array("worker".utf8))
    #expect(net(thread.links) == Self.there)
    for _ in 0..<2 { #expect(isSilent(try source.takeSample())) }
  }

  @Test("threads are not read unless that is asked for")
  func notAsked() throws {
    try proc.addThread(12, of: 10, links: ["net": Self.there])
    let source = try source(nil, threads: false)
    let sample = try source.takeSample()
    #expect(!sample.hasThreads && sample.appeared.count == 1)
    try proc.breakLink(12, of: 10, "net")
    #expect(isSilent(try source.takeSample()))
  }

  @Test(
    "a thread that leaves its process's namespaces, returns and leaves again stays one task",
    arguments: budgets)
  func moves(budget: Int?) throws {
    try proc.addThread(11, of: 10)
    let source = try source(budget)
    #expect(threads(try source.takeSample()).isEmpty)
    try proc.setLinks(11, of: 10, ["net": Self.there])
    let second = try #require(threads(try source.takeSample()).first)
    let token = second.token
    guard case .moved(let links)? = second.thread?.origin else {
      Issue.record("\(second)")
      return
    }
    #expect(net(links) == FakeProc.hostLinks["net"])
    try proc.setLinks(11, of: 10, ["net": Self.elsewhere])
    let third = try source.takeSample()
    #expect(third.changed.map(\.token) == [token])
    #expect(net(third.changed[0].links) == Self.elsewhere)
    #expect(third.described.map(\.token) == [token])
    try proc.setLinks(11, of: 10, ["net": FakeProc.hostLinks["net"] ?? 0])
    let fourth = try source.takeSample()
    #expect(fourth.disappeared.isEmpty && fourth.changed.map(\.token) == [token])
    #expect(fourth.threadObservations.isEmpty)
    _ = try source.takeSample()
    #expect(isSilent(try source.takeSample()))
    try proc.setLinks(11, of: 10, ["net": Self.there])
    #expect(try source.takeSample().changed.map(\.token) == [token])
    try proc.remove(11, of: 10)
    #expect(try source.takeSample().disappeared == [token])
  }

  @Test(
    "a thread that starts in other namespaces than its process is reported as started there",
    arguments: budgets)
  func startsElsewhere(budget: Int?) throws {
    let source = try source(budget)
    _ = try source.takeSample()
    try proc.addThread(11, of: 10, links: ["net": Self.there])
    #expect(threads(try source.takeSample()).map(\.thread?.origin) == [.started])
    source.readsThreads = false
    _ = try source.takeSample()
    try proc.addThread(12, of: 10, links: ["net": Self.there])
    source.readsThreads = true
    // The sample before did not read threads, so the thread may have existed already.
    #expect(
      threads(try source.takeSample()).map(\.thread?.origin) == [.unknown, .unknown])
  }

  @Test("a thread remains in the namespaces that its process left", arguments: budgets)
  func remains(budget: Int?) throws {
    try proc.addThread(11, of: 10)
    let source = try source(budget)
    let process = try source.takeSample().appeared[0].token
    try proc.setLinks(10, ["net": Self.there])
    let sample = try source.takeSample()
    #expect(sample.changed.map(\.token) == [process])
    #expect(threads(sample).map(\.thread?.tid) == [11])
    #expect(threads(sample).map(\.thread?.origin) == [.unknown])
    #expect(net(threads(sample)[0].links) == FakeProc.hostLinks["net"])
    try proc.setLinks(11, of: 10, ["net": Self.there])
    #expect(try source.takeSample().changed.map(\.token) == [threads(sample)[0].token])
  }

  @Test("a thread that differs from its process in pid_for_children only is not a task")
  func children() throws {
    try proc.addThread(11, of: 10, links: ["pid_for_children": Self.there])
    #expect(threads(try source(nil).takeSample()).isEmpty)
  }

  @Test("a new thread with the TID of an earlier one is another task", arguments: budgets)
  func numberReuse(budget: Int?) throws {
    try proc.addThread(11, of: 10, start: 100, links: ["net": Self.there])
    let source = try source(budget)
    let token = threads(try source.takeSample())[0].token
    try proc.remove(11, of: 10)
    try proc.addThread(11, of: 10, start: 200, links: ["net": Self.there])
    let sample = try source.takeSample()
    #expect(sample.disappeared == [token])
    #expect(threads(sample).map(\.thread?.startTicks) == [200])
  }

  @Test(
    "the tasks of a process end with it; another process with its PID and TIDs gives new ones",
    arguments: budgets)
  func processDies(budget: Int?) throws {
    try proc.addThread(11, of: 10, links: ["net": Self.there])
    let source = try source(budget)
    let tokens = try source.takeSample().appeared.map(\.token)
    try proc.remove(10)
    try proc.add(10, start: 200)
    try proc.addThread(11, of: 10, start: 200, links: ["net": Self.there])
    let sample = try source.takeSample()
    #expect(Set(sample.disappeared) == Set(tokens))
    #expect(sample.appeared.map(\.facts.startTicks) == [200, 200])
    #expect(sample.appeared[1].thread?.process == sample.appeared[0].token)
    try proc.remove(10)
    #expect(Set(try source.takeSample().disappeared) == Set(sample.appeared.map(\.token)))
  }

  @Test("the TID of an earlier process is discovered as a thread of another process")
  func processNumber() throws {
    try proc.add(11)
    let source = try source(nil)
    let first = try source.takeSample()
    try proc.remove(11)
    try proc.addThread(11, of: 10, links: ["net": Self.there])
    let second = try source.takeSample()
    #expect(second.disappeared == [first.appeared[1].token])
    #expect(threads(second).map(\.facts.pid) == [10])
  }

  @Test(
    "if the main thread has exited, each other thread is a task", arguments: budgets, [false, true])
  func exitedLeader(budget: Int?, asked: Bool) throws {
    try proc.addThread(11, of: 10)
    try proc.addThread(12, of: 10)
    let source = try source(budget, threads: asked)
    let process = try source.takeSample().appeared[0].token
    try proc.exit(10)
    let sample = try source.takeSample()
    #expect(sample.changed.map(\.token) == [process])
    #expect(sample.changed[0].links.contains(.unread(.zombie)))
    #expect(threads(sample).map(\.thread?.tid) == [11, 12])
    #expect(threads(sample).map(\.thread?.process) == [process, process])
    #expect(isSilent(try source.takeSample()))
    try proc.setLinks(11, of: 10, ["net": Self.there])
    try proc.remove(12, of: 10)
    let third = try source.takeSample()
    #expect(third.changed.map(\.token) == [threads(sample)[0].token])
    #expect(third.disappeared == [threads(sample)[1].token])
    // The thread executes a program: the process goes on in the thread's namespaces.
    try proc.remove(11, of: 10)
    try proc.setLinks(10, FakeProc.hostLinks.merging(["net": Self.there]) { $1 })
    let fourth = try source.takeSample()
    #expect(fourth.disappeared == [threads(sample)[0].token])
    #expect(fourth.changed.map(\.token) == [process])
    #expect(net(fourth.changed[0].links) == Self.there)
    // The main thread exits once more.
    try proc.addThread(13, of: 10)
    try proc.exit(10)
    #expect(threads(try source.takeSample()).map(\.thread?.tid) == [13])
  }

  @Test("the threads of a main thread that exited before the first sample are tasks")
  func discoveredAfterExit() throws {
    try proc.addThread(11, of: 10)
    try proc.exit(10)
    // 5 shows which links the kernel has, so that they are known to be missing in 10 and 20.
    try proc.add(5)
    try proc.add(20)
    try proc.exit(20)
    let sample = try source(nil, threads: false).takeSample()
    try #require(sample.appeared.map(\.thread?.tid) == [nil, nil, nil, 11])
    #expect(sample.appeared[3].thread?.process == sample.appeared[1].token)
  }

  @Test("a failed pass names the thread, and the next reports all changes since the last sample")
  func failedPass() throws {
    for tid in 11...14 { try proc.addThread(tid, of: 10, links: ["net": Self.there]) }
    try proc.addThread(15, of: 10)
    let source = try source(nil)
    let tokens = threads(try source.takeSample()).map(\.token)
    try proc.setLinks(11, of: 10, ["net": Self.elsewhere])
    try proc.remove(12, of: 10)
    try proc.setLinks(13, of: 10, ["net": FakeProc.hostLinks["net"] ?? 0])
    try proc.setLinks(15, of: 10, ["net": Self.there])
    try proc.addThread(16, of: 10, links: ["net": Self.there])
    try proc.breakLink(14, of: 10, "uts")
    for _ in 0..<2 {
      #expect { try source.takeSample() } throws: { error in
        "\(error)".contains("\(proc.path)/10/task/14/ns/uts")
      }
    }
    try proc.removeLinks(14, of: 10, ["uts"])
    try proc.setLinks(14, of: 10, ["uts": FakeProc.hostLinks["uts"] ?? 0])
    let after = try source.takeSample()
    #expect(after.changed.map(\.token) == [tokens[0], tokens[2]])
    #expect(after.disappeared == [tokens[1]])
    #expect(Set(threads(after).map(\.thread?.tid)) == [15, 16])
    #expect(isSilent(try source.takeSample()))
  }

  @Test("when threads are no longer read, their tasks end")
  func readNoMore() throws {
    try proc.addThread(11, of: 10, links: ["net": Self.there])
    let source = try source(nil)
    let token = threads(try source.takeSample())[0].token
    source.readsThreads = false
    let sample = try source.takeSample()
    #expect(sample.disappeared == [token] && !sample.hasThreads)
    source.readsThreads = true
    #expect(threads(try source.takeSample()).map { $0.token == token } == [false])
  }

  @Test("threads take at most half of the directories that may be held open")
  func budget() throws {
    for tid in 11...30 { try proc.addThread(tid, of: 10, links: ["net": Self.there]) }
    let source = try source(8)
    #expect(threads(try source.takeSample()).count == 20)
    for pid in 40...50 { try proc.add(pid) }
    #expect(try source.takeSample().counts.notHeldOpen == 12 - 5)
    #expect(isSilent(try source.takeSample()))
  }
}
