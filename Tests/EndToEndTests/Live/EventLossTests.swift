// If the kernel has no room for its events, the recorder logs that and records a gap. The time before and after the
// gap stays exact.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@Suite(.ownsProcesses, .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
struct EventLossTests {
  @Test("events that are lost in a burst are recorded as one gap with two ends")
  func burst() throws {
    // Other tests may keep the recorder from running so long that more events are lost.
    for _ in 1...4 where try recordsOneGap() { return }
    Issue.record("the machine was too busy four times")
  }

  /// Returns false if events besides those of the burst were lost too.
  private func recordsOneGap() throws -> Bool {
    // The ring is large enough for the events of other tests, and far too small for the burst.
    let recording = try LiveRecording(interval: "8s", ["--events", "on", "--event-ring", "64"])
    let (one, other) = (try TestProcess(), try TestProcess())
    try recording.waitForSamples(1)
    let before = try TimedAction { try one.unshare(CloneFlag.net) }
    try recording.settle()
    // Stops the recorder, as a very busy machine would.
    recording.signal(SIGSTOP)
    try one.unshare(CloneFlag.net)
    _ = try Command.run(
      "/bin/sh",
      [
        "-c",
        "i=0; while [ $i -lt 2000 ]; do /bin/true; i=$((i + 1)); done",
      ])
    let within = ClockReading.now().wall
    try one.unshare(CloneFlag.net)
    recording.signal(SIGCONT)
    try eventually("a word on it") {
      try recording.messages().contains("events of the kernel were lost")
    }
    let logged = ClockReading.now().wall
    usleep(100_000)
    let after = try TimedAction { try other.enter(one.pid, CloneFlag.net) }
    try recording.waitForSamples(1)
    try recording.settle()

    let lines = try recording.messages().split(separator: "\n").filter { $0.contains("were lost") }
    guard lines.count == 1 else { return false }
    #expect(lines.first?.contains("--event-ring") == true)
    let gaps = try recording.ask("coverage").filter { $0["period"] == "gap" }
    #expect(gaps.count == 1, "\(gaps)")
    let gap = try #require(gaps.first)
    #expect(gap["missing"] == "events-lost")
    let (from, until) = (try #require(gap.time("from")), try #require(gap.time("until")))
    #expect(before.done < from && from < within && within < until && until < logged)

    let inGap = try recording.same([one.pid, other.pid], at: within, "net")
    #expect(inGap["verdict"] == "unknown" && inGap["reason"] == "gap", "\(inGap)")
    for (time, verdict) in [
      (before.done, "different"), (after.began, "different"), (after.done, "same"),
    ] {
      let answer = try recording.same([one.pid, other.pid], at: time, "net")
      #expect(answer["verdict"] == verdict && answer["evidence"] == "exact", "\(answer)")
    }
    let moves = try recording.ask("changes", "--pid", "\(other.pid)").filter {
      $0["change"] == "moved"
    }
    #expect(moves.count == 1 && after.contains(moves.first?.time("time")), "\(moves)")
    #expect(moves.first?.flag("exact") == true)
    try namesTheGap(recording, [one.pid, other.pid], before.began...after.done)
    return true
  }

  /// Expects answers over a range with the gap to be exact and to name the gap.
  private func namesTheGap(
    _ recording: LiveRecording, _ pids: [Int32], _ range: ClosedRange<WallTime>
  ) throws {
    for question in ["same", "shared"] {
      let words =
        ["query", question] + pids.map(String.init)
        + [
          "--type", "net", "--since", argument(range.lowerBound), "--until",
          argument(range.upperBound), "--db", recording.database,
        ]
      let answer = try Command.run(Command.nshist, words)
      #expect(answer.status == 0 || question == "same", "\(answer.messages)")
      let evidence = answer.output.split(separator: "\n").filter { $0.hasPrefix("Evidence") }
      #expect(
        evidence.count == 1
          && evidence[0].hasPrefix("Evidence: exact; but nothing was recorded from"),
        "\(answer.output)")
      let document = try Command.run(Command.nshist, words + ["--format", "json"]).output
      #expect(document.contains("\"code\": \"events-lost\""), "\(document)")
    }
  }
}
