internal import SQLite

/// The time that a question is about, in nanoseconds since the epoch; without an end, all that is
/// recorded on that side.
package struct TimeWindow: Sendable, Hashable {
  /// Only what was there at this time or later.
  package var since: Int64?
  /// Only what was there at this time or earlier.
  package var until: Int64?

  /// A window with these ends; by default, everything.
  package init(since: Int64? = nil, until: Int64? = nil) {
    self.since = since
    self.until = until
  }

  /// Whether it leaves nothing out.
  package var isEverything: Bool { since == nil && until == nil }

  /// Whether a piece of time that was seen overlaps it, or may have, as far as its ends tell.
  func mayOverlap(_ stretch: ResolvedInterval) -> Bool {
    overlaps(
      min(stretch.from, stretch.beginning.other ?? stretch.from),
      max(stretch.until, stretch.end.other ?? stretch.until))
  }

  /// Whether a piece of time overlaps it.
  func overlaps(_ from: Int64, _ until: Int64) -> Bool {
    until >= since ?? Int64.min && from <= self.until ?? Int64.max
  }
}

extension SampleIndex {
  /// The samples in a window and on its two sides: what is between two of them may be in it too. Nil
  /// when there is no sample.
  func samples(around window: TimeWindow) throws(SQLiteError) -> ClosedRange<Int64>? {
    guard let first, let last else { return nil }
    var low = first
    var high = last
    if let since = window.since { low = max(low, try firstSample(notBefore: since) - 1) }
    if let until = window.until { high = min(high, try lastSample(notAfter: until) + 1) }
    return low <= high ? low...high : nil
  }

  /// The pieces of a range of samples between which samples are missing or the clock was set.
  func pieces(of range: ClosedRange<Int64>) throws(SQLiteError) -> [ClosedRange<Int64>] {
    guard range.count > 1 else { return [range] }
    let rest = (range.lowerBound + 1)...range.upperBound
    var cuts = Set(try gaps(rest)).union(clockSteps(in: rest))
    cuts.formUnion(sessions(startingIn: rest))
    let starts = [range.lowerBound] + cuts.sorted()
    return starts.indices.map { place in
      starts[place]...(place + 1 < starts.count ? starts[place + 1] - 1 : range.upperBound)
    }
  }

  private func sessions(startingIn range: ClosedRange<Int64>) -> [Int64] {
    let low = sessions.partitioningIndex { $0.first >= range.lowerBound }
    return sessions[low...].prefix { $0.first <= range.upperBound }.map(\.first)
  }
}

/// What a question is about: a slice of a history refuses what it does not hold.
struct QuestionScope {
  let window: TimeWindow
  let kind: Kind

  enum Kind {
    /// Processes that are selected, and their threads.
    case processes([ProcessSelector])
    /// Any process: an answer from some of them alone would be wrong.
    case everything
    /// How it was recorded, and no process.
    case recording
  }

  /// A question about processes that are selected.
  static func processes(
    _ selectors: [ProcessSelector], in window: TimeWindow = TimeWindow()
  ) -> QuestionScope {
    QuestionScope(window: window, kind: .processes(selectors))
  }

  /// A question about any process.
  static func everything(in window: TimeWindow = TimeWindow()) -> QuestionScope {
    QuestionScope(window: window, kind: .everything)
  }

  /// A question about any process, at one moment.
  static func everything(at time: Int64) -> QuestionScope {
    .everything(in: TimeWindow(since: time, until: time))
  }

  /// A question about how it was recorded.
  static func recording(in window: TimeWindow = TimeWindow()) -> QuestionScope {
    QuestionScope(window: window, kind: .recording)
  }

  /// The processes that are selected.
  var processes: [ProcessSelector] {
    if case .processes(let processes) = kind { processes } else { [] }
  }
}
