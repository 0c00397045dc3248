package import NamespaceModel
internal import SQLite

/// The time that a question is about. Without an end, the window contains all
/// recorded time on that side.
package struct TimeWindow: Sendable, Hashable {
  /// The beginning: the question is only about what was there at this time or later.
  package var since: WallTime?
  /// The end: the question is only about what was there at this time or earlier.
  package var until: WallTime?

  /// Creates a window with these ends; by default, a window that contains everything.
  package init(since: WallTime? = nil, until: WallTime? = nil) {
    self.since = since
    self.until = until
  }

  /// Whether the window has no end on either side.
  package var isEverything: Bool { since == nil && until == nil }

  /// Returns whether an interval overlaps the window, or may overlap it because its bounds are not exact.
  func mayOverlap(_ interval: ResolvedInterval) -> Bool {
    overlaps(
      min(interval.from, interval.beginning.other ?? interval.from),
      max(interval.until, interval.end.other ?? interval.until))
  }

  /// Returns whether the time from `from` to `until` overlaps the window.
  func overlaps(_ from: WallTime, _ until: WallTime) -> Bool {
    until >= since ?? WallTime.min && from <= self.until ?? WallTime.max
  }
}

extension SampleIndex {
  /// Returns the range of the samples in a window and of the next one on each side, because the time between
  /// two of these samples may be in the window too. Nil if there is no sample.
  func samples(around window: TimeWindow) throws(SQLiteError) -> ClosedRange<SequenceNumber>? {
    guard let first, let last else { return nil }
    var low = first
    var high = last
    if let since = window.since { low = max(low, try firstSample(notBefore: since) - 1) }
    if let until = window.until { high = min(high, try lastSample(notAfter: until) + 1) }
    return low <= high ? low...high : nil
  }

  /// Whether a window without a beginning includes time whose records retention removed.
  func reachesExpiredTime(_ window: TimeWindow) -> Bool {
    window.since == nil && missingBefore == .expired
  }

  /// Returns the last sample or event of a range that is in a window; the first of the range if the window ends before
  /// it.
  func last(
    of range: ClosedRange<SequenceNumber>, in window: TimeWindow
  ) throws(SQLiteError) -> SequenceNumber {
    guard let until = window.until else { return range.upperBound }
    if side(of: range.upperBound) == .inside, try point(range.upperBound).wall <= until {
      return range.upperBound
    }
    return min(max(range.lowerBound, try lastSample(notAfter: until)), range.upperBound)
  }

  /// Returns a process with the last description that it had in a range of samples and events and in a window: an
  /// answer about a window shows no name or user of a later time.
  ///
  /// - Parameter endsExactly: whether an event after the range ended it.
  func described(
    _ process: ProcessRecord, through range: ClosedRange<SequenceNumber>, in window: TimeWindow,
    endsExactly: Bool = false
  ) throws(SQLiteError) -> ProcessRecord {
    guard !process.past.isEmpty else { return process }
    let last = try last(of: range, in: window)
    // The process may have had another description by the end of the window or by the event, which was read only
    // later.
    return endsExactly || last < range.upperBound
      ? process.described(at: last, orBefore: last + 1) : process.described(at: last)
  }

  /// Splits a range of samples where samples are missing, the wall clock was set, or a session starts.
  func pieces(
    of range: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) -> [ClosedRange<SequenceNumber>] {
    guard range.count > 1 else { return [range] }
    let rest = (range.lowerBound + 1)...range.upperBound
    var cuts = Set(try gaps(rest)).union(clockSteps(in: rest))
    cuts.formUnion(sessions(startingIn: rest))
    let starts = [range.lowerBound] + cuts.sorted()
    return starts.indices.map { index in
      starts[index]...(index + 1 < starts.count ? starts[index + 1] - 1 : range.upperBound)
    }
  }

  private func sessions(startingIn range: ClosedRange<SequenceNumber>) -> [SequenceNumber] {
    let low = sessions.partitioningIndex { $0.first >= range.lowerBound }
    return sessions[low...].prefix { $0.first <= range.upperBound }.map(\.first)
  }
}

/// The scope of a question: a slice of a history refuses a question about something that it does not hold.
struct QuestionScope {
  let window: TimeWindow
  let kind: Kind

  enum Kind {
    /// Selected processes and their threads.
    case processes([ProcessSelector])
    /// Any process: an answer from only some of the processes would be wrong.
    case everything
    /// The recording itself, and no process.
    case recording
  }

  /// Returns the scope of a question about selected processes.
  static func processes(
    _ selectors: [ProcessSelector], in window: TimeWindow = TimeWindow()
  ) -> QuestionScope {
    QuestionScope(window: window, kind: .processes(selectors))
  }

  /// Returns the scope of a question about any process.
  static func everything(in window: TimeWindow = TimeWindow()) -> QuestionScope {
    QuestionScope(window: window, kind: .everything)
  }

  /// Returns the scope of a question about any process, at one moment.
  static func everything(at time: WallTime) -> QuestionScope {
    .everything(in: TimeWindow(since: time, until: time))
  }

  /// Returns the scope of a question about the recording itself.
  static func recording(in window: TimeWindow = TimeWindow()) -> QuestionScope {
    QuestionScope(window: window, kind: .recording)
  }

  /// The selectors of the processes; empty for the other kinds of scope.
  var processes: [ProcessSelector] {
    if case .processes(let processes) = kind { processes } else { [] }
  }
}
