/// A time of the boot clock (`CLOCK_BOOTTIME` of clock_gettime(2)), in nanoseconds since boot.
///
/// A time of the wall clock is no `BootTime`, and cannot be compared with one or subtracted from one. The difference of
/// two boot times is a length, a plain number of nanoseconds, and a length can be added to a time. The operators with
/// `&` wrap around, for the times of a history file, which may have been edited.
package struct BootTime: Sendable, Hashable {
  /// The nanoseconds since boot.
  package let nanoseconds: Int64

  /// Creates a time from the nanoseconds since boot.
  @inlinable package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// The moment at which the clock began.
  @inlinable package static var zero: BootTime { BootTime(nanoseconds: 0) }
  /// A time before every other.
  @inlinable package static var min: BootTime { BootTime(nanoseconds: .min) }
  /// A time after every other.
  @inlinable package static var max: BootTime { BootTime(nanoseconds: .max) }
}

extension BootTime {
  /// Returns the time of the wall clock at this time.
  ///
  /// - Parameter epoch: the wall-clock time at which the boot clock showed 0 (`ClockReading.epoch`).
  @inlinable package func wall(epoch: WallTime) -> WallTime { epoch &+ nanoseconds }

  /// Creates a time from one of the wall clock; see `wall(epoch:)`.
  @inlinable package init(wall: WallTime, epoch: WallTime) { self.init(nanoseconds: wall &- epoch) }
}

extension BootTime: Comparable {
  @inlinable package static func == (one: BootTime, other: BootTime) -> Bool {
    one.nanoseconds == other.nanoseconds
  }

  @inlinable package static func < (one: BootTime, other: BootTime) -> Bool {
    one.nanoseconds < other.nanoseconds
  }

  /// Returns the time that is some nanoseconds later.
  @inlinable package static func &+ (time: BootTime, length: Int64) -> BootTime {
    BootTime(nanoseconds: time.nanoseconds &+ length)
  }

  /// Returns the time that is some nanoseconds earlier.
  @inlinable package static func &- (time: BootTime, length: Int64) -> BootTime {
    BootTime(nanoseconds: time.nanoseconds &- length)
  }

  /// Returns the length from one time to a later one, in nanoseconds; negative if the other is earlier.
  @inlinable package static func &- (later: BootTime, earlier: BootTime) -> Int64 {
    later.nanoseconds &- earlier.nanoseconds
  }

  @inlinable package static func + (time: BootTime, length: Int64) -> BootTime {
    BootTime(nanoseconds: time.nanoseconds + length)
  }

  @inlinable package static func - (time: BootTime, length: Int64) -> BootTime {
    BootTime(nanoseconds: time.nanoseconds - length)
  }

  @inlinable package static func - (later: BootTime, earlier: BootTime) -> Int64 {
    later.nanoseconds - earlier.nanoseconds
  }

  @inlinable package static func &-= (time: inout BootTime, length: Int64) {
    time = time &- length
  }
}
