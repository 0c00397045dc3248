// The time at which a test did something, to compare with the time in an answer.

import NamespaceModel

/// The wall-clock time during which an action was performed.
struct TimedAction {
  private(set) var began: WallTime
  private(set) var done: WallTime

  /// Performs an action.
  ///
  /// - Parameter margin: how far the reported time may be outside of the action. Event times have microseconds, and a
  /// clock that is being corrected runs faster or slower than another one.
  @discardableResult
  init(margin: Int64 = 1_000_000, _ body: () throws -> Void) rethrows {
    began = ClockReading.now().wall - margin
    done = .max
    try body()
    done = ClockReading.now().wall + margin
  }

  /// Whether a time is within the action.
  func contains(_ time: WallTime?) -> Bool { time.map { (began...done).contains($0) } ?? false }
}
