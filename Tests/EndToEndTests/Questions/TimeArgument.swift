// Formats a time as an argument of a query.

import NamespaceModel

/// Returns a time as `@seconds.fraction`.
func argument(_ time: WallTime) -> String { argument(time.nanoseconds) }

/// Returns nanoseconds since the epoch, as a column of the file has them, as `@seconds.fraction`.
func argument(_ nanoseconds: Int64) -> String {
  let fraction = String(nanoseconds % 1_000_000_000)
  return "@\(nanoseconds / 1_000_000_000)."
    + String(repeating: "0", count: 9 - fraction.count) + fraction
}
