// If no thread can be made, the recorder records and logs that it does not scan for pins.

import Foundation
import TestSupport
import Testing

@Suite(.enabled(if: Strace.isThere, "\(Strace.need)"))
struct NoThreadTests {
  @Test("a thread that cannot be made is logged once, and costs no sample")
  func refused() throws {
    let recording = try Recording()
    let outcome = try Command.run(
      Strace.path,
      Strace.injecting(["clone3:error=EAGAIN"]) + [Command.nshist]
        + recording.arguments(interval: "20ms", samples: 5) + ["--pins-every", "20ms"])
    #expect(outcome.status == 0)
    let printed = outcome.messages.split(separator: "\n").filter {
      $0.contains("cannot make a thread to scan for pins")
    }
    #expect(printed.count == 1, "\(outcome.messages)")
    #expect(recording.number("SELECT COUNT(*) FROM sample") == 5)
    #expect(recording.number("SELECT COUNT(*) FROM pin_scan") == 0)
  }
}
