// The times by which files existed, by readings of the clock of file times.

import NamespaceModel
import Testing

@testable import NSRecorder

struct FileClockTests {
  private static let millisecond: Int64 = 1_000_000

  private func wall(_ milliseconds: Int64) -> WallTime {
    WallTime(nanoseconds: milliseconds * Self.millisecond)
  }

  private func boot(_ milliseconds: Int64) -> BootTime {
    BootTime(nanoseconds: milliseconds * Self.millisecond)
  }

  @Test("a file that is older than a reading existed when the reading was taken")
  func older() {
    var clock = FileClock()
    clock.add(wall(100), by: boot(3))
    clock.add(wall(108), by: boot(12))
    #expect(clock.bootTime(wall(99)) == boot(3))
    #expect(clock.bootTime(wall(104)) == boot(12))
  }

  @Test("a file may be as new as the present, however long the clock has not advanced")
  func late() {
    var clock = FileClock()
    clock.add(wall(100), by: boot(3))
    // The file was created at 60 ms, before a tick that is 50 ms late.
    clock.add(wall(100), by: boot(50))
    #expect(clock.bootTime(wall(100)) == nil)
    clock.add(wall(160), by: boot(61))
    #expect(clock.bootTime(wall(100)) == boot(61))
  }

  @Test("no more readings are retained than needed, and the oldest of them stays")
  func many() {
    var clock = FileClock()
    for tick in 0..<100_000 as Range<Int64> {
      #expect(clock.isDue(boot(tick * 5)))
      clock.add(wall(tick * 5), by: boot(tick * 5 + 1))
      if tick % 10_000 == 0 { #expect(!clock.isDue(boot(tick * 5 + 2))) }
    }
    #expect(clock.bootTime(wall(-1)) == boot(1))
    #expect(clock.bootTime(wall(499_992)) == boot(499_996))
  }
}
