internal import Glibc

/// `CLOCK_BOOTTIME`, by which events are timed.
enum BootClock {
  /// In nanoseconds.
  static var now: Int64 {
    var time = timespec()
    // The only failures are a bad pointer and an unknown clock.
    clock_gettime(CLOCK_BOOTTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
