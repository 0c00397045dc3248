internal import Foundation

// A release build compiles this target too, but without the module Testing.
#if canImport(Testing)
  public import Testing
#endif

/// The tests that take long: runs in which real processes act for many seconds while a recorder records them.
///
/// `swift test` makes one of these runs for each kind of recording. `Tests/prove` makes all of them. To this end, it
/// sets the variable `NSHIST_LONG_TESTS` to the number of the round, from 0 on.
public enum LongTests {
  /// The number of the round; nil unless `Tests/prove` runs the tests.
  static let round: UInt64? =
    ProcessInfo.processInfo.environment["NSHIST_LONG_TESTS"].flatMap { UInt64($0) }

  /// The seeds of a test's runs: all of these for `Tests/prove`, otherwise only the first.
  ///
  /// Each round of `Tests/prove` has other seeds, so that its processes act on other schedules.
  public static func seeds(_ seeds: [UInt64]) -> [UInt64] {
    guard let round else { return Array(seeds.prefix(1)) }
    return seeds.map { $0 + 100 * round }
  }
}

#if canImport(Testing)
  extension Trait where Self == ConditionTrait {
    /// The trait `.long`: only `Tests/prove` runs the test. `swift test` reports it as skipped.
    public static var long: Self { .enabled(if: LongTests.round != nil, "Tests/prove runs it") }
  }
#endif
