import Foundation

/// The seeds of random histories. `NSHIST_SEEDS` sets their number. By default it is low, since each history is asked
/// thousands of questions; raise it after a change to the code that answers questions. Each round of `Tests/prove` has
/// other seeds.
public enum RandomSeeds {
  /// All seeds of this run.
  public static let all = usually(8)

  /// The seeds of this run for a test whose histories are larger than usual: `count` by default.
  public static func usually(_ count: UInt64) -> ClosedRange<UInt64> {
    let wanted = ProcessInfo.processInfo.environment["NSHIST_SEEDS"].flatMap { UInt64($0) }
    let number = max(1, wanted ?? count)
    let first = 1 + (LongTests.round.map { $0 + 1 } ?? 0) * number
    return first...first + number - 1
  }
}
