/// A time of the wall clock (`CLOCK_REALTIME` of clock_gettime(2)), in nanoseconds since the Unix epoch.
///
/// A time of the boot clock is no `WallTime`, and cannot be compared with one or subtracted from one. The difference of
/// two wall-clock times is a length, a plain number of nanoseconds, and a length can be added to a time. The operators
/// with `&` wrap around, for the times of a history file, which may have been edited.
public struct WallTime: Sendable, Hashable {
  /// The nanoseconds since the epoch.
  public let nanoseconds: Int64

  /// Creates a time from the nanoseconds since the epoch.
  @inlinable
  public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  /// The epoch: 1970-01-01, 00:00 UTC.
  @inlinable package static var zero: WallTime { WallTime(nanoseconds: 0) }
  /// A time before every other.
  @inlinable package static var min: WallTime { WallTime(nanoseconds: .min) }
  /// A time after every other.
  @inlinable package static var max: WallTime { WallTime(nanoseconds: .max) }
}

extension WallTime: Comparable {
  /// Whether two times are the same.
  @inlinable
  public static func == (one: WallTime, other: WallTime) -> Bool {
    one.nanoseconds == other.nanoseconds
  }

  /// Whether one time is before another.
  @inlinable
  public static func < (one: WallTime, other: WallTime) -> Bool {
    one.nanoseconds < other.nanoseconds
  }

  /// Returns the time that is some nanoseconds later.
  @inlinable package static func &+ (time: WallTime, length: Int64) -> WallTime {
    WallTime(nanoseconds: time.nanoseconds &+ length)
  }

  /// Returns the time that is some nanoseconds earlier.
  @inlinable package static func &- (time: WallTime, length: Int64) -> WallTime {
    WallTime(nanoseconds: time.nanoseconds &- length)
  }

  /// Returns the length from one time to a later one, in nanoseconds; negative if the other is earlier.
  @inlinable package static func &- (later: WallTime, earlier: WallTime) -> Int64 {
    later.nanoseconds &- earlier.nanoseconds
  }

  @inlinable package static func + (time: WallTime, length: Int64) -> WallTime {
    WallTime(nanoseconds: time.nanoseconds + length)
  }

  @inlinable package static func - (time: WallTime, length: Int64) -> WallTime {
    WallTime(nanoseconds: time.nanoseconds - length)
  }

  @inlinable package static func - (later: WallTime, earlier: WallTime) -> Int64 {
    later.nanoseconds - earlier.nanoseconds
  }
}
