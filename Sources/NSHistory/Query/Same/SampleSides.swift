internal import SQLite

/// Whether the samples on the two sides of one tell anything of it.
///
/// A sample is not atomic: one process may have left a namespace before another entered it. Who was
/// seen the same in the sample before stayed from before this one until it was read; who was seen
/// the same in the next stayed from then to behind this one. So all were there together if all
/// stayed on one side, or if all but one stayed on both.
struct SampleSides {
  private let sample: Int64
  private let follows: Bool
  private let isFollowed: Bool

  init(_ sample: SamplePoint, _ index: SampleIndex) throws(SQLiteError) {
    self.sample = sample.id
    follows = !sample.isCutOff
    let isLast = sample.id >= sample.session.last
    isFollowed = isLast ? false : try !index.point(sample.id + 1).isCutOff
  }

  /// Whether nothing is known of what was just before or behind.
  var areBothMissing: Bool { !follows && !isFollowed }

  /// Whether runs that the sample is in all held at one moment of it.
  func prove(_ runs: [PIDHistory.LinkInterval]) -> Bool { prove(runs.map { ($0.from, $0.until) }) }

  /// The same of the first and the last samples of what held.
  func prove(_ runs: [(from: Int64, until: Int64)]) -> Bool {
    let stayedBefore = runs.map { follows && $0.from < sample }
    let stayedAfter = runs.map { isFollowed && $0.until > sample }
    let stayedOnBoth = zip(stayedBefore, stayedAfter).count { $0 && $1 }
    return stayedBefore.allSatisfy(\.self) || stayedAfter.allSatisfy(\.self)
      || stayedOnBoth >= runs.count - 1
  }
}
