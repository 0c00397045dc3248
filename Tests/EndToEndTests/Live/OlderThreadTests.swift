// Threads that started before the recorder, so that no event has reported them.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses, .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
struct OlderThreadTests {
  private let process: TestProcess
  private let tid: Int32

  init() throws {
    process = try TestProcess()
    tid = try process.startThread()
  }

  private static let sources = ["proc"] + (BPFSamples.arePossible ? ["bpf"] : [])

  private func record(_ source: String) throws -> LiveRecording {
    let recording = try LiveRecording(
      interval: "500ms", ["--events", "on", "--source", source])
    try recording.waitForSamples(1)
    return recording
  }

  @Test(
    "a process continues when a thread from before the recording executes a program",
    arguments: sources)
  func exec(source: String) throws {
    let recording = try record(source)
    let exec = try TimedAction(margin: 250_000_000) { try process.execInThread() }
    try recording.waitForSamples(3)
    try recording.settle()
    let ofProcess: (Row) -> Bool = { $0.number("tid") == nil }
    let changes = try recording.ask("changes", "--pid", "\(process.pid)").filter(ofProcess)
    let history = try recording.ask("history", "\(process.pid)").filter(ofProcess)
    #expect(Set(history.map { $0["start"] }).count == 1, "\(history)")
    #expect(!changes.contains { $0["change"] == "exited" }, "\(changes)")
    #expect(history.last?.flag("open") == true, "\(history)")
    // On a loaded machine the thread executes some time after the main thread has exited. Until then the process is a
    // zombie, and the thread a task of its own.
    let ends = history.dropLast().compactMap { $0.time("until") }
    #expect(ends.allSatisfy { exec.contains($0) || $0 < exec.began }, "\(history)")
    if changes.contains(where: { $0["change"] == "zombie" }) {
      #expect(changes.last?["change"] == "resumed", "\(changes)")
    }
    #expect(try recording.ask("coverage").allSatisfy { $0.number("folded") == 0 })
    // Samples by BPF are so quick that the events of other tests may come after them.
    let disagreements = try Recording.texts(
      "SELECT pid FROM disagreement WHERE pid = \(process.pid) OR \(source == "proc")",
      in: recording.database)
    #expect(disagreements.isEmpty, "\(disagreements)")
  }

  @Test(
    "a thread from before the recording is found when its process moves and it stays",
    arguments: sources)
  func remainsInNamespace(source: String) throws {
    let recording = try record(source)
    let departure = try TimedAction { try process.unshare(CloneFlag.net) }
    try recording.waitForSamples(2)
    let end = try TimedAction(margin: 5_000_000) { try process.endThread() }
    try recording.settle()
    let host = try recording.ask("history", "\(process.pid)").first?.row("namespaces")?.row("net")
    let id = try #require(host?.number("id"))
    let thread = try recording.ask("members", "net#\(id)").filter { $0.number("tid") == Int(tid) }
    #expect(thread.count == 1)
    #expect(departure.contains(thread.first?.time("from")), "\(thread)")
    #expect(end.contains(thread.first?.time("until")), "\(thread)")
  }
}
