// How many processes are compared, and how the answer lists them.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@Suite(.ownsProcesses) struct GroupCountTests {
  private func ask(_ recording: LiveRecording, _ words: String...) throws -> Command.Outcome {
    try Command.run(Command.nshist, ["query"] + words + ["--db", recording.database])
  }

  @Test("a process that is given by name and by PID counts once", arguments: [true, false])
  func nameAndPID(isRange: Bool) throws {
    let recording = try LiveRecording(interval: "100ms", ["--events", "off"])
    let name = "nshist-\(getpid() % 10000)\(isRange ? "r" : "m")"
    let others = try (0..<2).map { _ in
      try Command("/bin/bash", ["-c", "exec -a x perl -e '$0=q(\(name)); sleep 60'"])
    }
    defer { for other in others { other.signal(SIGKILL) } }
    try recording.waitForSamples(5)
    let moment: WallTime = ClockReading.now().wall - 150_000_000
    let time = isRange ? [] : ["--at", argument(moment)]
    let operands = ["comm:\(name)", "\(others[0].pid)"]
    for order in [operands, operands.reversed()] {
      let answer = try Command.run(
        Command.nshist,
        ["query", "same"] + order + ["--type", "net", "--db", recording.database] + time)
      #expect(answer.output.contains("all 2 processes together"), "\(answer)")
    }
  }

  @Test("a process that is renamed later is listed once for a moment, with the name of that time")
  func listedOnce() throws {
    let recording = try LiveRecording(interval: "100ms", ["--events", "off"])
    let name = "nshist-\(getpid() % 10000)o"
    let one = try Command("/bin/sh", ["-c", "exec perl -e 'sleep 2; $0=q(\(name)); sleep 60'"])
    defer { one.signal(SIGKILL) }
    try recording.waitForSamples(5)
    let time: WallTime = ClockReading.now().wall - 150_000_000
    try eventually("it has the other name") {
      try Recording.texts("SELECT comm FROM task WHERE pid = \(one.pid)", in: recording.database)
        == [name]
    }
    let answer = try ask(
      recording, "same", "\(one.pid)", "\(getpid())", "--type", "net", "--at", argument(time))
    let lines = answer.output.split(separator: "\n").filter { $0.hasPrefix("\(one.pid): ") }
    #expect(lines.count == 1 && lines.first?.contains("perl") == true, "\(answer)")
  }

  @Test(
    "an unknown answer that events prove has exact evidence",
    .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
  func unknownByEvents() throws {
    let recording = try LiveRecording(interval: "10s", ["--events", "on"])
    try recording.waitForSamples(1)
    let pids = try (0..<2).map { _ in
      let one = try TestProcess()
      try one.exit()
      return "\(one.pid)"
    }
    try recording.settle()
    let answer = try ask(recording, "same", pids[0], pids[1], "--type", "net")
    #expect(answer.status == 2 && answer.output.contains("not-running"), "\(answer)")
    #expect(answer.output.contains("Evidence: exact. Kernel events cover"), "\(answer)")
  }

  @Test("`shared` at a moment of sharing names no unknown time", arguments: ["on", "off"])
  func sharedAtOnce(events: String) throws {
    guard events == "off" || LiveEvents.arePermitted else { return }
    let recording = try LiveRecording(interval: "200ms", ["--events", events])
    let (one, two) = (try TestProcess(), try TestProcess())
    try recording.waitForSamples(3)
    let time: WallTime = ClockReading.now().wall - 250_000_000
    try recording.waitForSamples(1)
    let answer = try ask(
      recording, "shared", "\(one.pid)", "\(two.pid)", "--type", "net", "--at", argument(time))
    #expect(answer.status == 0 && !answer.output.contains("not known"), "\(answer)")
    try one.exit()
    try two.exit()
  }

  @Test(
    "a short-lived process is found by its earlier names too",
    .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
  func formerName() throws {
    let recording = try LiveRecording(interval: "2s", ["--events", "on"])
    let host = try TestProcess()
    try host.unshare(CloneFlag.net)
    try recording.waitForSamples(2)
    let inode = try #require(KernelNamespace.inode("/proc/\(host.pid)/ns/net"))
    let visit = try Command.run(
      "/usr/bin/nsenter", ["-t", "\(host.pid)", "-n", "sleep", "0.02"])
    #expect(visit.status == 0, "\(visit)")
    // A process with another known name, which was never in the namespace.
    let other = try Command(
      "/bin/sh", ["-c", "exec perl -e '$0=q(elsewhere); sleep 60'"])
    defer { other.signal(SIGKILL) }
    try recording.waitForSamples(2)
    try recording.settle()
    for name in ["nsenter", "sleep"] {
      let answer = try ask(recording, "shared", "comm:\(name)", "net:\(inode)", "--type", "net")
      #expect(answer.status == 0 && answer.output.contains("(\(name))"), "\(answer)")
    }
    // Other tests may run nsenter at the same time.
    let moves = try recording.ask(
      "changes", "--pid", "comm:nsenter", "--namespace", "net:\(inode)"
    ).filter { $0["change"] == "moved" }
    #expect(moves.map { $0["comm"] } == ["nsenter"], "\(moves)")
    // The name that a process inherits before its first program is not stored.
    let answer = try ask(recording, "shared", "comm:elsewhere", "net:\(inode)", "--type", "net")
    #expect(answer.status == 2, "\(answer)")
    try host.exit()
  }

  @Test(
    "an exited parent is not the parent any more, but still the maker",
    .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
  func formerParent() throws {
    let recording = try LiveRecording(interval: "60s", ["--events", "on"])
    let maker = try Command.run("/bin/sh", ["-c", "sleep 0.4 >/dev/null 2>&1 & echo $!"])
    let pid = try #require(Int(maker.output.trimmingCharacters(in: .whitespacesAndNewlines)))
    usleep(600_000)
    try recording.settle()
    let rows = try recording.ask("history", "\(pid)")
    #expect(!rows.isEmpty && rows.allSatisfy { $0.number("ppid") == nil }, "\(rows)")
    #expect(rows.allSatisfy { $0.number("maker_pid") != nil })
    let table = try ask(recording, "history", "\(pid)")
    #expect(table.output.contains("started by"), "\(table.output)")
  }
}
