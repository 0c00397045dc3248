// SIGKILL at any moment loses no committed sample, and the next recorder closes the session that was left open.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized) struct KillNineTests {
  /// Random moments for the signal that are the same in every run (SplitMix64).
  private struct Moments: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      return mixed ^ (mixed >> 31)
    }
  }

  private static let openSession = "SELECT recorder_pid FROM session WHERE end_reason IS NULL"

  @Test func oneFileSurvivesManyKills() throws {
    let recording = try Recording([10, 11, 12])
    var moments = Moments(state: 9)
    var samples: Int64 = 0
    var dead: Int64?
    var closed = 0
    for round in 0..<32 {
      let recorder = try recording.start(interval: "10ms")
      // Half of the recorders are killed at any moment, perhaps while they create the file; the other half while they
      // sample.
      if round.isMultiple(of: 2) {
        usleep(UInt32.random(in: 1_000...60_000, using: &moments))
      } else {
        try recording.waitFor(samples: samples + 1)
        try recording.proc.setLinks(11, ["net": UInt64(4_026_532_000 + round)])
        usleep(UInt32.random(in: 1...40_000, using: &moments))
      }
      recorder.signal(SIGKILL)
      let outcome = try recorder.wait()
      #expect(outcome.status == 128 + SIGKILL)

      if outcome.messages.contains("recording "), let dead {
        #expect(outcome.messages.contains("the recorder with PID \(dead) died"))
        closed += 1
      }
      guard recording.number("SELECT COUNT(*) FROM sqlite_schema") ?? 0 > 0 else { continue }
      try recording.expectWhole()
      let now = try #require(recording.number("SELECT COUNT(*) FROM sample"))
      #expect(now >= samples)
      samples = now
      dead = recording.number(Self.openSession)
      #expect(
        dead == nil || dead == Int64(recorder.pid) || !outcome.messages.contains("recording "))
    }
    #expect(closed >= 10)
    #expect(samples >= 16)

    let last = try recording.record(samples: 2)
    #expect(last.status == 0)
    if let dead { #expect(last.messages.contains("the recorder with PID \(dead) died")) }
    try recording.expectWhole()
    try recording.expectClosed()
    let ends = try recording.texts("SELECT end_reason FROM session ORDER BY session_id")
    #expect(ends.last == "completed")
    #expect(ends.count > 16)
    #expect(ends.dropLast().allSatisfy { $0 == "died" })
    #expect(recording.number("SELECT COUNT(*) FROM sample") == samples + 2)
  }

  @Test func theDeadSessionIsClosedOnce() throws {
    let recording = try Recording()
    let recorder = try recording.startAndAwait(samples: 3)
    recorder.signal(SIGKILL)
    _ = try recorder.wait()
    #expect(try recording.record().messages.contains("PID \(recorder.pid) died"))
    #expect(try !recording.record().messages.contains("died"))
    #expect(
      try recording.texts("SELECT end_reason FROM session") == ["died", "completed", "completed"])
    try recording.expectClosed()
  }

  @Test func betweenTheDeadAndTheNextThereIsAGap() throws {
    let recording = try Recording()
    let recorder = try recording.startAndAwait(samples: 3)
    recorder.signal(SIGKILL)
    _ = try recorder.wait()
    usleep(300_000)
    try recording.record()
    let time = try #require(
      recording.number(
        """
        SELECT ((SELECT wall_ns FROM sample WHERE seq = s.last_seq)
          + (SELECT wall_ns FROM sample WHERE seq = s.last_seq + 1)) / 2
        FROM session AS s WHERE session_id = 1
        """))
    let outcome = try Command.nshist(
      "query", "same", "10", "20", "--at", argument(time), "--format", "json", "--type", "net",
      "--db", recording.path)
    #expect(outcome.status == 2)
    #expect(outcome.output.contains(#""reason": "gap""#), "\(outcome.output)")
  }
}
