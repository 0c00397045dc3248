// Parses /proc/PID/timens_offsets, well-formed and malformed.

import Testing

@testable import Procfs

struct TimeOffsetsTests {
  private func boot(_ text: String) -> Int64? { TimeOffsets(Array(text.utf8))?.boot }

  @Test("the offset of the boot clock is read in nanoseconds")
  func whole() {
    #expect(
      boot("monotonic           0         0\nboottime       100000         5\n")
        == 100_000_000_000_005)
    #expect(boot("boottime -3 500000000\n") == -2_500_000_000)
    // Linux 5.6 writes numbers of clocks instead of names.
    #expect(boot("1 0 0\n7 12 0\n") == 12_000_000_000)
  }

  @Test(
    "malformed offsets are not parsed",
    arguments: [
      "", "\n", "boottime", "boottime 1", "boottime x 0", "boottime 1 1000000000", "boottime 1 -1",
      "boottime 9223372036854775807 0", "monotonic 1 0\n", "boottime 1 0 0",
    ])
  func none(text: String) { #expect(boot(text) == nil) }
}
