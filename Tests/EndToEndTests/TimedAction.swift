// When a test did something, to compare with when an answer says it was.

import NamespaceModel

/// A time in which something was done, by the wall clock.
struct TimedAction {
  private(set) var began: WallTime
  private(set) var done: WallTime

  /// - Parameter margin: how far from it its time may be reported: an event is told to the microsecond,
  ///   and a clock that is being corrected runs a little faster or slower than the other.
  @discardableResult
  init(margin: Int64 = 1_000_000, _ body: () throws -> Void) rethrows {
    began = ClockReading.now().wall - margin
    done = .max
    try body()
    done = ClockReading.now().wall + margin
  }

  /// Whether a time is when it was done.
  func contains(_ time: WallTime?) -> Bool { time.map { (began...done).contains($0) } ?? false }
}
