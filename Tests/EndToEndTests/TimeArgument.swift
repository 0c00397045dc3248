// A moment as an argument of a query.

/// Nanoseconds since the epoch, as `@seconds.fraction`.
func argument(_ nanoseconds: Int64) -> String {
  let fraction = String(nanoseconds % 1_000_000_000)
  return "@\(nanoseconds / 1_000_000_000)."
    + String(repeating: "0", count: 9 - fraction.count) + fraction
}
