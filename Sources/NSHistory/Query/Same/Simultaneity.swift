internal import NamespaceModel
internal import SQLite

/// Whether what one sample saw of several processes, each at a moment of its own, was all true at
/// one moment.
struct Simultaneity {
  private let query: SameQuery
  private let link: NamespaceLink
  private let sample: SamplePoint
  private let sides: SampleSides

  init(_ query: SameQuery, _ link: NamespaceLink, _ sample: SamplePoint) throws(SQLiteError) {
    self.query = query
    self.link = link
    self.sample = sample
    sides = try SampleSides(sample, query.index)
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
    return sides.areBothMissing ? .gap : .changedBetweenSamples
  }

  private func areProven(_ places: [Int]) -> Bool {
    let runs = places.compactMap { query.tracks[$0].run(link, at: sample.id) }
    // One PID asked for twice is one process, and always with itself.
    let processes = Set(zip(places, runs).map { query.tracks[$0].processes[$1.process].id })
    return processes.count == 1 || sides.prove(runs)
  }
}
