// Threads that were there before the recorder, of which no event has told.

import Foundation
import TestSupport
import Testing

@Suite(.enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
struct OlderThreadTests {
  private let puppet: TestProcess
  private let tid: Int32
  private let recording: LiveRecording

  init() throws {
    puppet = try TestProcess()
    tid = try puppet.startThread()
    recording = try LiveRecording(interval: "500ms", ["--events", "on"])
    try recording.waitForSamples(1)
  }

  @Test("a process goes on when such a thread execs")
  func exec() throws {
    let exec = try TimedAction(margin: 20_000_000) { try puppet.execInThread() }
    try recording.waitForSamples(3)
    recording.settle()
    let changes = try recording.ask("changes", "--pid", "\(puppet.pid)")
    let history = try recording.ask("history", "\(puppet.pid)")
    #expect(Set(history.map { $0["start"] }).count == 1, "\(history)")
    // A race that is not found yet: on a loaded machine the process was once said to have exited.
    withKnownIssue("the exec of an older thread may be told as an exit", isIntermittent: true) {
      #expect(!changes.contains { $0["change"] == "exited" }, "\(changes)")
      #expect(history.last?.flag("open") == true, "\(history)")
      #expect(!history.dropLast().contains { exec.done < $0.time("until") ?? .max }, "\(history)")
    }
    #expect(try recording.ask("coverage").allSatisfy { $0.number("disagreements") == 0 })
  }

  @Test("a process leaves, and such a thread stays")
  func stays() throws {
    let departure = try TimedAction { try puppet.unshare(CloneFlag.net) }
    try recording.waitForSamples(2)
    let end = try TimedAction(margin: 5_000_000) { try puppet.endThread() }
    recording.settle()
    let host = try recording.ask("history", "\(puppet.pid)").first?.row("namespaces")?.row("net")
    let id = try #require(host?.number("id"))
    let thread = try recording.ask("members", "net#\(id)").filter { $0.number("tid") == Int(tid) }
    #expect(thread.count == 1)
    #expect(departure.contains(thread.first?.time("from")), "\(thread)")
    #expect(end.contains(thread.first?.time("until")), "\(thread)")
  }
}
