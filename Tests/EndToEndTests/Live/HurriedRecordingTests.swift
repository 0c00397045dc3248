// A recorder whose samples take longer than its interval.

import Foundation
import TestSupport
import Testing

@Suite(.enabled(if: LiveEvents.arePermitted, "\(LiveEvents.need)"))
struct HurriedRecordingTests {
  @Test("a recorder sleeps while it awaits the events of a sample, also when the next one is due")
  func sleeps() throws {
    let folder = try TemporaryFolder()
    let outcome = try Command.run(
      "/bin/bash",
      [
        "-c", "TIMEFORMAT='%R %U %S'; time \"$@\" 2>/dev/null", "bash", Command.nshist, "record",
        "--interval", "1ms", "--samples", "40", "--events", "on",
        "--db", folder.file("history.db"),
      ])
    #expect(outcome.status == 0, "\(outcome.messages)")
    let times = outcome.messages.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
    try #require(times.count == 3, "\(outcome.messages)")
    // Each sample waits about twenty milliseconds for the events of its time.
    #expect(times[0] > 40 * 0.015)
    #expect(times[1] + times[2] < 0.7 * times[0], "\(times)")
  }
}
