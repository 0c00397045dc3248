internal import NamespaceModel

/// Cuts events into runs, each within a second, as `event_batch` in `Migrations` has them.
struct EventRuns: Sequence, IteratorProtocol {
  private var rest: ArraySlice<ProcessEvent>
  /// As long as a run may be, in nanoseconds: six digits of microseconds.
  private static let length: Int64 = 1_000_000_000

  init(_ events: [ProcessEvent]) { rest = events[...] }

  mutating func next() -> ArraySlice<ProcessEvent>? {
    guard let first = rest.first else { return nil }
    let run = rest.prefix { $0.boot >= first.boot && $0.boot - first.boot < Self.length }
    rest = rest.dropFirst(run.count)
    return run
  }

  /// How long after `start` each was: six digits of microseconds each.
  static func offsets(_ times: [Int64], from start: Int64) -> String {
    var digits: [UInt8] = []
    digits.reserveCapacity(times.count * PointReader.digits)
    for time in times {
      var rest = Swift.max(0, time - start) / 1000
      let place = digits.count
      for _ in 0..<PointReader.digits { digits.append(0x30) }
      for digit in (place..<digits.count).reversed() {
        digits[digit] = 0x30 + UInt8(rest % 10)
        rest /= 10
      }
    }
    return String(decoding: digits, as: UTF8.self)
  }
}
