// Waits for what another process does, as long as a slow machine may need for it.

import Foundation
import Testing

/// What did not come true.
struct NeverHappened: Error {
  let what: String
}

/// Asks again and again until the answer is yes; fails when it is not within two minutes.
func eventually(_ what: String, _ condition: () throws -> Bool) throws {
  let deadline = Date() + 120
  while try !condition() {
    guard Date() < deadline else { throw NeverHappened(what: what) }
    usleep(5_000)
  }
}
