/// Presences, to find those that were there at some time without a look at all: in the order in which
/// they began, with the last end of each half, of each half of that, and so on.
struct PresenceIndex {
  private let presences: [Presence]
  /// The last end, which is `until` or `end`, in the part whose middle has this place.
  private var latest: [Int64]

  init(_ presences: some Collection<Presence>) {
    self.presences = presences.sorted { ($0.from, $0.member) < ($1.from, $1.member) }
    latest = self.presences.map { max($0.until, $0.end) }
    _ = fill(latest.indices)
  }

  private mutating func fill(_ part: Range<Int>) -> Int64 {
    guard !part.isEmpty else { return Int64.min }
    let middle = part.lowerBound + part.count / 2
    let halves = max(fill(part.lowerBound..<middle), fill(middle + 1..<part.upperBound))
    latest[middle] = max(latest[middle], halves)
    return latest[middle]
  }

  /// Gives `body` each that began at `high` or before and ended at `low` or later, in the order in which
  /// they began. Ends early when `body` returns false.
  func forEach(from low: Int64, to high: Int64, _ body: (Presence) -> Bool) {
    _ = forEach(presences.indices, low, high, body)
  }

  private func forEach(
    _ part: Range<Int>, _ low: Int64, _ high: Int64, _ body: (Presence) -> Bool
  ) -> Bool {
    guard !part.isEmpty else { return true }
    let middle = part.lowerBound + part.count / 2
    guard latest[middle] >= low else { return true }
    guard forEach(part.lowerBound..<middle, low, high, body) else { return false }
    let one = presences[middle]
    guard one.from <= high else { return true }
    if max(one.until, one.end) >= low, !body(one) { return false }
    return forEach(middle + 1..<part.upperBound, low, high, body)
  }
}
