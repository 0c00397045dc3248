internal import Glibc

/// One moment on the clocks that history needs, in nanoseconds (`clock_gettime(2)`).
package struct ClockReading: Sendable, Hashable {
  /// `CLOCK_REALTIME`: since the epoch; an administrator or NTP may step it.
  package var wall: Int64
  /// `CLOCK_BOOTTIME`: since boot, never set back, and it goes on while the machine sleeps.
  package var boot: Int64
  /// `CLOCK_MONOTONIC`: as the boot clock, but it stands still while the machine sleeps.
  package var monotonic: Int64

  /// `CLOCK_THREAD_CPUTIME_ID`: what the calling thread has run.
  package var running: Int64

  /// A reading with these values.
  package init(wall: Int64, boot: Int64, monotonic: Int64, running: Int64 = 0) {
    self.wall = wall
    self.boot = boot
    self.monotonic = monotonic
    self.running = running
  }

  /// The time now, on all clocks to the same tenth of a millisecond if that can be had in a few
  /// tries; else the tightest of these.
  ///
  /// The thread can lose the processor between two reads. The boot clock is read first and the
  /// wall clock last, so that a length on the boot clock added to the wall time never falls short.
  package static func now() -> ClockReading {
    var (best, width) = measure()
    for _ in 0..<10 where width > 100_000 {
      let (reading, other) = measure()
      if other < width { (best, width) = (reading, other) }
    }
    return best
  }

  /// A reading, and how long it took on the boot clock.
  private static func measure() -> (reading: ClockReading, width: Int64) {
    let reading = readOnce()
    return (reading, read(CLOCK_BOOTTIME) - reading.boot)
  }

  private static func readOnce() -> ClockReading {
    let boot = read(CLOCK_BOOTTIME)
    let monotonic = read(CLOCK_MONOTONIC)
    let running = read(CLOCK_THREAD_CPUTIME_ID)
    return ClockReading(
      wall: read(CLOCK_REALTIME), boot: boot, monotonic: monotonic, running: running)
  }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    // The only failures are a bad pointer and an unknown clock.
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
