internal import Glibc

/// One moment on the three clocks that history needs, in nanoseconds (`clock_gettime(2)`).
public struct ClockReading: Sendable, Hashable {
  /// `CLOCK_REALTIME`: since the epoch; an administrator or NTP may step it.
  public var wall: Int64
  /// `CLOCK_BOOTTIME`: since boot, never set back, and it goes on while the machine sleeps.
  public var boot: Int64
  /// `CLOCK_MONOTONIC`: as the boot clock, but it stands still while the machine sleeps.
  public var monotonic: Int64

  /// A reading with these values.
  public init(wall: Int64, boot: Int64, monotonic: Int64) {
    self.wall = wall
    self.boot = boot
    self.monotonic = monotonic
  }

  /// The time now.
  public static func now() -> ClockReading {
    ClockReading(
      wall: read(CLOCK_REALTIME), boot: read(CLOCK_BOOTTIME), monotonic: read(CLOCK_MONOTONIC))
  }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    // The only failures are a bad pointer and an unknown clock.
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
