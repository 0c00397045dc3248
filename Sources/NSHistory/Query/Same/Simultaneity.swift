internal import NamespaceModel
internal import SQLite

/// Whether what one sample saw of several processes, each at a moment of its own, was all true at
/// one moment.
///
/// A sample is not atomic: one process may have left a namespace before another entered it. Who was
/// seen the same in the sample before stayed from before this one until it was read; who was seen
/// the same in the next stayed from then to behind this one. So all were there together if all
/// stayed on one side, or if all but one stayed on both.
struct Simultaneity {
  private let query: SameQuery
  private let link: NamespaceLink
  private let sample: SamplePoint
  /// Whether the samples on both sides tell anything of this one.
  private let follows: Bool
  private let isFollowed: Bool

  init(_ query: SameQuery, _ link: NamespaceLink, _ sample: SamplePoint) throws(SQLiteError) {
    self.query = query
    self.link = link
    self.sample = sample
    follows = !sample.isCutOff
    let isLast = sample.id >= sample.session.last
    isFollowed = isLast ? false : try !query.index.point(sample.id + 1).isCutOff
  }

  /// Why a judgement on the sample is not proven; nil when it is.
  func doubt(about judgement: Judgement) -> UnknownReason? {
    let tracks = judgement.states.indices
    let isProven =
      switch judgement.verdict {
      case .unknown: true
      case .same: areProven(Array(tracks))
      case .different:
        tracks.contains { first in
          tracks.contains { second in
            guard second > first, let one = judgement.states[first].namespace,
              let other = judgement.states[second].namespace
            else { return false }
            return one.differs(from: other) && areProven([first, second])
          }
        }
      }
    if isProven { return nil }
    // Without a sample on either side, nothing was seen to change.
    return follows || isFollowed ? .changedBetweenSamples : .gap
  }

  private func areProven(_ places: [Int]) -> Bool {
    let runs = places.compactMap { query.tracks[$0].run(link, at: sample.id) }
    // One PID asked for twice is one process, and always with itself.
    let processes = Set(zip(places, runs).map { query.tracks[$0].processes[$1.process].id })
    let stayedBefore = runs.map { follows && $0.from < sample.id }
    let stayedAfter = runs.map { isFollowed && $0.until > sample.id }
    let stayedOnBoth = zip(stayedBefore, stayedAfter).count { $0 && $1 }
    return processes.count == 1 || stayedBefore.allSatisfy(\.self)
      || stayedAfter.allSatisfy(\.self) || stayedOnBoth >= places.count - 1
  }
}
