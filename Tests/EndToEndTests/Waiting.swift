// Waits for an action of another process, as long as a slow machine may need.

import Foundation
import Testing

/// Thrown when an awaited condition has not become true.
struct NeverHappened: Error {
  let what: String
}

/// Polls a condition until it is true; fails after two minutes.
func eventually(_ what: String, _ condition: () throws -> Bool) throws {
  let deadline = Date() + 120
  while try !condition() {
    guard Date() < deadline else { throw NeverHappened(what: what) }
    usleep(5_000)
  }
}
