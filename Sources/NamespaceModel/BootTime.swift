/// A time of the boot clock (`CLOCK_BOOTTIME` of clock_gettime(2)), in nanoseconds since boot.
///
/// A time of the wall clock is no `BootTime`, and cannot be compared with one or subtracted from one. The difference of
/// two boot times is a length, a plain number of nanoseconds, and a length can be added to a time. The operators
/// wrap around, because a history file that was edited may hold any number.
package struct BootTime: Sendable, Hashable {
  /// The nanoseconds since boot.
  package let nanoseconds: Int64

  /// Creates a time from the nanoseconds since boot.
  @inlinable package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// A time before every other.
  @inlinable package static var min: BootTime { BootTime(nanoseconds: .min) }
  /// A time after every other.
  @inlinable package static var max: BootTime { BootTime(nanoseconds: .max) }
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
}
