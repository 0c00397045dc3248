// Threads that samples find: with `--threads`, in the first sample with events, and after the exit of a main thread.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses, .enabled(if: geteuid() == 0, "needs root: unshare"))
struct SampledThreadTests {
  private let testProcess: TestProcess
  private let tid: Int32

  init() throws {
    testProcess = try TestProcess()
    tid = try testProcess.startThread()
  }

  private var pid: Int { Int(testProcess.pid) }

  /// Returns the inode number of the thread's current net namespace.
  private func network() throws -> Int {
    let link = try FileManager.default.destinationOfSymbolicLink(
      atPath: "/proc/\(pid)/task/\(tid)/ns/net")
    return try #require(Int(link.filter(\.isNumber)))
  }

  /// Returns the members of that net namespace.
  private func members(_ recording: LiveRecording, _ network: Int) throws -> [Row] {
    try recording.ask("members", "net:[\(network)]").filter { $0.pid == pid }
  }

  @Test("with --threads samples find that a thread moved and returned")
  func asked() throws {
    let recording = try LiveRecording(["--events", "off", "--threads"])
    try recording.waitForSamples(2)
    try testProcess.unshareInThread(CloneFlag.net)
    let network = try network()
    try recording.waitForSamples(2)
    let entry = try members(recording, network)
    #expect(entry.map { $0.number("tid") } == [Int(tid)], "\(entry)")
    #expect(entry.first?.flag("open") == true && entry.first?.flag("began_exactly") == false)
    let tids = try recording.ask("history", "\(pid)").map { $0.number("tid") }
    #expect(Set(tids) == [nil, Int(tid)] && tids.first == .some(nil), "\(tids)")
    let changes = try recording.ask("changes").filter { $0.number("tid") == Int(tid) }
    #expect(changes.map { $0["change"] } == ["moved"], "\(changes)")
    #expect(changes.first?.texts("marks").contains("created") == true, "\(changes)")
    try testProcess.enterNetworkInThread(of: testProcess.pid)
    try recording.waitForSamples(2)
    #expect(try members(recording, network).map { $0.flag("open") } == [false])
    let back = try recording.ask("changes").filter { $0.number("tid") == Int(tid) }.last
    #expect(back?["change"] == "returned" && back?.flag("exact") == false, "\(back as Any)")
    try testProcess.endThread()
    try recording.waitForSamples(2)
    let end = try recording.ask("history", "\(pid)/\(tid)").last
    #expect(end?["ended"] == "exited" && end?.flag("ended_exactly") == false, "\(end as Any)")
    let process = try recording.ask("history", "\(pid)").last { $0.number("tid") == nil }
    #expect(process?.flag("open") == true)
  }

  @Test("without --threads samples of /proc record no thread")
  func notAsked() throws {
    try testProcess.unshareInThread(CloneFlag.net)
    let network = try network()
    let recording = try LiveRecording(["--events", "off", "--source", "proc"])
    try recording.waitForSamples(2)
    let outcome = try Command.run(
      Command.nshist, ["query", "members", "net:[\(network)]", "--db", recording.database])
    #expect(outcome.status != 0 || !outcome.output.contains("\(pid)"), "\(outcome.output)")
  }

  @Test(
    "the first sample with events finds a thread that had moved, and events follow it",
    .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"),
    arguments: [["--source", "proc"], ["--source", "proc", "--threads"]]
      + (BPFSamples.arePossible ? [["--source", "bpf"]] : []))
  func before(options: [String]) throws {
    try testProcess.unshareInThread(CloneFlag.net)
    let network = try network()
    let recording = try LiveRecording(interval: "500ms", ["--events", "on"] + options)
    let found = try members(recording, network)
    #expect(found.map { $0.number("tid") } == [Int(tid)], "\(found)")
    #expect(found.first?.flag("began_exactly") == false)
    // Samples that read no threads do not end the task of the thread.
    try recording.waitForSamples(3)
    let end = try TimedAction(margin: 5_000_000) { try testProcess.endThread() }
    try recording.waitForSamples(2)
    try recording.settle()
    let entry = try members(recording, network)
    #expect(entry.count == 1 && entry.first?.flag("ended_exactly") == true, "\(entry)")
    #expect(end.contains(entry.first?.time("until")), "\(entry)")
    // Ignores disagreements about processes of other tests, which run at the same time.
    let disagreed = try recording.ask("coverage").flatMap { $0.rows("disagreed") }
    #expect(!disagreed.contains { $0.number("pid") == Int(pid) }, "\(disagreed)")
  }

  @Test("a thread of a zombie is found without --threads")
  func exitedMainThread() throws {
    let recording = try LiveRecording(["--events", "off"])
    try recording.waitForSamples(2)
    try testProcess.exitMainThread()
    try eventually("a zombie") {
      try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8).contains(") Z ")
    }
    try recording.waitForSamples(2)
    let network = try network()
    let entry = try members(recording, network).last { $0.number("tid") == Int(tid) }
    #expect(entry?.flag("open") == true, "\(entry as Any)")
    #expect(entry?.flag("began_exactly") == false)
    let process = try recording.ask("history", "\(pid)").filter { $0.number("tid") == nil }
    #expect(process.last?["comm"] == entry?["comm"], "\(process)")
    // The thread started before, but no sample had read threads.
    #expect(entry?["began"] == "first-seen" && process.last?["ended"] == "open")
    // The process continues when the thread executes a program.
    try testProcess.execInThread()
    try recording.waitForSamples(3)
    let after = try members(recording, network)
    #expect(after.filter { $0.number("tid") != nil }.allSatisfy { $0.flag("open") == false })
    let last = try recording.ask("history", "\(pid)").last { $0.number("tid") == nil }
    #expect(last?.flag("open") == true && last?["comm"] == "sleep", "\(last as Any)")
    #expect(Set(try recording.ask("history", "\(pid)").map { $0["start"] }).count == 1)
  }
}
