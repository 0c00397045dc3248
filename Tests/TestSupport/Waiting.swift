// Waits for an action of another process, as long as a slow machine may need.

internal import Foundation

/// Thrown when an awaited condition has not become true.
public struct NeverHappened: Error {
  /// The condition.
  public let what: String

  /// An error about this condition.
  public init(what: String) { self.what = what }
}

/// Polls a condition until it is true; fails after two minutes. Waits at least twice as long as the last poll took, so
/// that a condition that starts a program leaves the processors to the awaited process.
public func eventually(_ what: String, _ condition: () throws -> Bool) throws {
  let deadline = Date() + 120
  while true {
    let start = Date()
    if try condition() { return }
    let end = Date()
    guard end < deadline else { throw NeverHappened(what: what) }
    usleep(UInt32(min(max(5_000, 2e6 * end.timeIntervalSince(start)), 200_000)))
  }
}
