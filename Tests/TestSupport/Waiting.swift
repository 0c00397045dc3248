// Waits for an action of another process, as long as a slow machine may need.

internal import Foundation

/// Thrown when an awaited condition has not become true.
public struct NeverHappened: Error {
  /// The condition.
  public let what: String

  /// An error about this condition.
  public init(what: String) { self.what = what }
}

/// Polls a condition until it is true; fails after two minutes.
public func eventually(_ what: String, _ condition: () throws -> Bool) throws {
  let deadline = Date() + 120
  while try !condition() {
    guard Date() < deadline else { throw NeverHappened(what: what) }
    usleep(5_000)
  }
}
