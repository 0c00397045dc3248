import Foundation

/// The seeds of random histories. `NSHIST_SEEDS` sets how many: few in a usual run, since each history is asked
/// thousands of questions, and many after a change to what the questions read.
public enum RandomSeeds {
  /// All seeds of this run.
  public static let all: ClosedRange<UInt64> = {
    let wanted = ProcessInfo.processInfo.environment["NSHIST_SEEDS"].flatMap { UInt64($0) }
    return 1...max(1, wanted ?? 16)
  }()
}
