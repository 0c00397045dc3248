internal import Glibc

/// One moment on the clocks that the history needs, in nanoseconds (`clock_gettime(2)`).
package struct ClockReading: Sendable, Hashable {
  /// `CLOCK_REALTIME`: time since the epoch; an administrator or NTP may step this clock.
  package var wall: WallTime
  /// `CLOCK_BOOTTIME`: time since boot. This clock is never set back, and it advances while the machine
  /// is suspended.
  package var boot: BootTime
  /// `CLOCK_MONOTONIC`: like the boot clock, but this clock stops while the machine is suspended.
  package var monotonic: Int64

  /// `CLOCK_THREAD_CPUTIME_ID`: the CPU time that the calling thread has used.
  package var running: Int64

  /// A reading with these values.
  package init(wall: WallTime, boot: BootTime, monotonic: Int64, running: Int64 = 0) {
    self.wall = wall
    self.boot = boot
    self.monotonic = monotonic
    self.running = running
  }

  /// A reading in which every clock shows 0.
  package static var zero: ClockReading { ClockReading(wall: .zero, boot: .zero, monotonic: 0) }

  /// The wall-clock time at which the boot clock showed 0, by this reading. A step of the wall clock changes it.
  package var epoch: WallTime { wall &- boot.nanoseconds }

  /// Reads all clocks. The scheduler can preempt the thread between two reads, so the method tries again, a few times,
  /// until all reads are within 10 microseconds, and otherwise returns the reading that took the least time.
  ///
  /// The boot clock is read first and the wall clock last: preemption can make a wall time that is computed from a boot
  /// time and this reading too late, but not too early.
  package static func now() -> ClockReading {
    var (best, width) = measure()
    for _ in 0..<20 where width > 10_000 {
      let (reading, other) = measure()
      if other < width { (best, width) = (reading, other) }
    }
    return best
  }

  /// Returns a reading, and the duration of the read on the boot clock.
  private static func measure() -> (reading: ClockReading, width: Int64) {
    let reading = readOnce()
    return (reading, readBoot() - reading.boot)
  }

  private static func readOnce() -> ClockReading {
    let boot = readBoot()
    let monotonic = read(CLOCK_MONOTONIC)
    let running = read(CLOCK_THREAD_CPUTIME_ID)
    let wall = WallTime(nanoseconds: read(CLOCK_REALTIME))
    return ClockReading(wall: wall, boot: boot, monotonic: monotonic, running: running)
  }

  private static func readBoot() -> BootTime { BootTime(nanoseconds: read(CLOCK_BOOTTIME)) }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    // The only failures are a bad pointer and an unknown clock.
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
