// An unprivileged process changes namespaces as fast as the kernel permits. The recorder keeps sampling, records all
// other processes exactly, reports what it omitted, and ends when it is told to.

import Foundation
import NamespaceModel
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized, .enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
struct HammerTests {
  /// Returns the peak memory of a process in KiB.
  private static func resident(_ pid: Int32) throws -> Int {
    let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return try #require(line.flatMap { Int($0.filter(\.isNumber)) })
  }

  @Test("a process that makes namespaces as fast as it can hides no other process")
  func hammer() throws {
    let recording = try LiveRecording(interval: "1s", ["--events", "on", "--event-ring", "32768"])
    let (one, other) = (try TestProcess(), try TestProcess())
    try one.unshare(CloneFlag.net)
    try recording.waitForSamples(1)
    let hammer = try Hammer(milliseconds: 2500)
    usleep(1_000_000)
    let within = try TimedAction { try other.enter(one.pid, CloneFlag.net) }
    // The margin of the action is in it: a time right after the action may still be before the recorded one.
    let mine = within.done
    usleep(1_800_000)
    try recording.waitForSamples(2)
    try recording.settle()

    let coverage = try recording.ask("coverage")
    let messages = try recording.messages()
    #expect(coverage.compactMap { $0.number("folded") }.reduce(0, +) > 1000, "\(coverage)")
    #expect(messages.contains("PID \(hammer.pid) (hammer) changed namespaces more often"))
    // On a busy machine events may be lost, which is then a gap.
    if !coverage.contains(where: { $0["period"] == "gap" }) {
      let moves = try recording.ask("changes", "--pid", "\(other.pid)").filter {
        $0["change"] == "moved"
      }
      #expect(moves.count == 1 && within.contains(moves.first?.time("time")), "\(moves)")
      #expect(moves.first?.flag("exact") == true)
      let types: [(type: String, verdict: String)] = [("uts", "unknown"), ("net", "same")]
      for (type, verdict) in types {
        let answer = try recording.same([hammer.pid, other.pid], at: mine, type)
        if type == "uts" {
          #expect(answer["verdict"] == verdict, "\(answer)")
          #expect(answer["reason"] == "changed-between-samples", "\(answer)")
        } else {
          #expect(answer["verdict"] == "different" && answer["evidence"] == "exact", "\(answer)")
        }
      }
    }
    // After the hammering, its namespaces are known again.
    let now = ClockReading.now().wall
    try recording.waitForSamples(1)
    #expect(try recording.same([hammer.pid, other.pid], at: now, "uts")["verdict"] == "different")
  }

  @Test("a signal ends the recorder within seconds, also under load")
  func signal() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("history.db")
    let recorder = try Command(
      Command.nshist, ["record", "--interval", "1s", "--events", "on", "--db", path])
    try eventually("a sample") {
      (try? Recording.texts("SELECT seq FROM sample", in: path))?.isEmpty == false
    }
    let hammer = try Hammer(milliseconds: 8000)
    usleep(3_000_000)
    let memory = try Self.resident(recorder.pid)
    let asked = ClockReading.now().boot
    recorder.signal(SIGTERM)
    let outcome = try recorder.wait()
    let took = ClockReading.now().boot - asked
    withExtendedLifetime(hammer) {}
    #expect(outcome.status == 0, "\(outcome.messages)")
    // The limit allows for a debug build that shares the processors with other tests.
    #expect(took < 6_000_000_000, "\(took)")
    #expect(memory < 200_000, "\(memory) KiB")
    #expect(try Recording.texts("SELECT end_reason FROM session", in: path) == ["stopped"])
  }
}
