internal import Glibc
internal import NamespaceModel

/// The clock that the kernel uses for the times of its records.
enum BootClock {
  /// Returns the current time in nanoseconds of `CLOCK_BOOTTIME` (`clock_gettime(2)`).
  static func now() -> BootTime {
    var time = timespec()
    // The only failures are a bad pointer and an unknown clock.
    clock_gettime(CLOCK_BOOTTIME, &time)
    return BootTime(
      nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }
}
