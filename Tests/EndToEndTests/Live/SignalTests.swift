// SIGINT, SIGTERM, SIGQUIT and SIGHUP end a recording properly; SIGSTOP causes a gap.

import Foundation
import TestSupport
import Testing

@Suite(.ownsProcesses, .serialized) struct SignalTests {
  /// The signals that end a recorder; without SIGHUP where the tests themselves run with it ignored, as by nohup.
  static var stops: [Int32] {
    var hangup = sigaction()
    sigaction(SIGHUP, nil, &hangup)
    let handler = unsafeBitCast(hangup.__sigaction_handler.sa_handler, to: Int.self)
    return [SIGINT, SIGTERM, SIGQUIT]
      + (handler == unsafeBitCast(SIG_IGN, to: Int.self) ? [] : [SIGHUP])
  }

  @Test func underNohupAHangupIsIgnored() throws {
    let recording = try Recording()
    let recorder = try Command(
      "/usr/bin/nohup", [Command.nshist] + recording.arguments(interval: "20ms"))
    try recording.waitFor(samples: 1)
    recorder.signal(SIGHUP)
    let samples = try #require(recording.number("SELECT COUNT(*) FROM sample"))
    try recording.waitFor(samples: samples + 5)
    recorder.signal(SIGTERM)
    #expect(try recorder.wait().status == 0)
  }

  @Test(arguments: stops) func endsInOrder(signal: Int32) throws {
    let recording = try Recording()
    let recorder = try recording.startAndAwait(samples: 2)
    recorder.signal(signal)
    let outcome = try recorder.wait()
    #expect(outcome.status == 0)
    #expect(outcome.output == "")
    let samples = try #require(recording.number("SELECT COUNT(*) FROM sample"))
    let line = try #require(outcome.messages.split(separator: "\n").last)
    #expect(
      line == """
        nshist: ended by signal \(signal): \(samples) samples, 2 processes, 8 namespaces, \
        0 changes, 0 denied, in \(recording.path)
        """)
    #expect(try recording.texts("SELECT end_reason FROM session") == ["stopped"])
    try recording.expectWhole()
    try recording.expectClosed()
    #expect(try Array(contents(of: recording.folder.path).keys) == ["history.db"])
  }

  @Test func goesOnWhenNobodyReadsTheMessages() throws {
    let recording = try Recording()
    let arguments = recording.arguments(interval: "20ms", samples: 5).joined(separator: " ")
    let outcome = try Command.run(
      "/bin/bash",
      ["-c", "'\(Command.nshist)' \(arguments) 2> >(exec 0<&-; sleep 0); echo $?"])
    #expect(outcome.output == "0\n")
    #expect(recording.number("SELECT COUNT(*) FROM sample") == 5)
    try recording.expectClosed()
  }

  @Test func aSignalDoesNotWaitForTheNextSample() throws {
    let recording = try Recording()
    let recorder = try recording.startAndAwait(samples: 1, interval: "1h")
    recorder.signal(SIGTERM)
    #expect(try recorder.wait().status == 0)
    #expect(recording.number("SELECT COUNT(*) FROM sample") == 1)
  }

  @Test func theNumberOfSamplesEndsIt() throws {
    let recording = try Recording([10, 20, 30])
    let outcome = try recording.record(samples: 4)
    #expect(outcome.status == 0)
    #expect(
      outcome.messages.hasSuffix(
        """
        nshist: ended: 4 samples, 3 processes, 8 namespaces, 0 changes, 0 denied, in \
        \(recording.path)\n
        """))
    #expect(try recording.texts("SELECT end_reason FROM session") == ["completed"])
  }

  @Test func aStopIsAGap() throws {
    let recording = try Recording()
    // Stops the recorder directly after a sample, long before the next one.
    let recorder = try recording.startAndAwait(samples: 3, interval: "200ms")
    recorder.signal(SIGSTOP)
    usleep(1_200_000)
    let stopped = try #require(recording.number("SELECT MAX(seq) FROM sample"))
    recorder.signal(SIGCONT)
    try recording.waitFor(samples: stopped + 3)
    recorder.signal(SIGTERM)
    let outcome = try recorder.wait()
    #expect(outcome.status == 0)
    #expect(
      outcome.messages.contains(
        /a gap of 1\.[0-9] s in the samples: the recorder did not get to run/),
      "\(outcome.messages)")

    // A slow machine may cause other gaps; this one is as long as the stop.
    let long = """
      FROM sample AS a JOIN sample AS b ON b.seq = a.seq + 1
      WHERE b.boot_ns - a.boot_ns > 1000000000
      """
    #expect(try recording.texts("SELECT b.gap \(long)") == ["2"])
    #expect(recording.number("SELECT b.seq \(long)") == stopped + 1)
    let view = "SELECT gap_before FROM samples WHERE seq = \(stopped + 1)"
    #expect(try recording.texts(view) == ["stalled"])

    let middle = try #require(recording.number("SELECT (a.wall_ns + b.wall_ns) / 2 \(long)"))
    let inside = try Command.nshist(
      "query", "same", "10", "20", "--type", "net", "--at", argument(middle), "--format", "json",
      "--db", recording.path)
    #expect(inside.status == 2)
    #expect(inside.output.contains(#""reason": "gap""#), "\(inside.output)")
    #expect(inside.output.contains(#""missing": "stalled""#), "\(inside.output)")
    try recording.expectClosed()
  }

}
