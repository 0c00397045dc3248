// A moment as an argument of a query.

import NamespaceModel

/// Nanoseconds since the epoch, as `@seconds.fraction`.
func argument(_ time: WallTime) -> String { argument(time.nanoseconds) }

/// The same of the nanoseconds since the epoch, as a column of the file has them.
func argument(_ nanoseconds: Int64) -> String {
  let fraction = String(nanoseconds % 1_000_000_000)
  return "@\(nanoseconds / 1_000_000_000)."
    + String(repeating: "0", count: 9 - fraction.count) + fraction
}
