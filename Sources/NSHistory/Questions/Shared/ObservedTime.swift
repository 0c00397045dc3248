internal import NamespaceModel
internal import SQLite

/// The time that a question is about, as intervals between samples or events, and the parts of it that were
/// observed.
struct ObservedTime {
  let index: SampleIndex
  /// The window asked about. Without `since` it begins at the end of the first sample; without `until` it
  /// ends at the last sample or event.
  let window: TimeWindow
  /// The samples in the window, and one more on each side.
  let samples: ClosedRange<SequenceNumber>
  /// The intervals that the window overlaps.
  let asked: SampleWindowSet
  /// The part of `asked` in which samples are missing.
  let missing: SampleWindowSet
  /// The part of `asked` whose records retention removed.
  let expired: SampleWindowSet
  /// The part of `asked` in which events reported every change.
  let exact: SampleWindowSet
  /// The part of `exact` for which a sample showed later that events had not reported everything.
  let disputed: SampleWindowSet
  /// The part of `asked` in which processes may have run without being recorded: with `hidepid`, or because
  /// the recorder left out short-lived processes on request.
  let incomplete: SampleWindowSet
  /// The part of `asked` in which threads may have been in other namespaces than their process without
  /// being recorded: the recorder left out, on request, all tasks that no sample observed.
  let withoutThreads: SampleWindowSet
  /// The sequence numbers before which samples are missing, or the clock was set.
  let cuts: [SequenceNumber]

  /// Whether the window is one moment.
  var isMoment: Bool { window.since != nil && window.since == window.until }

  /// Returns nil if no sample lies in or around the window.
  init?(_ reading: HistorySnapshot, _ window: TimeWindow) throws(SQLiteError) {
    let index = reading.index
    guard let first = index.first, let last = index.last,
      let around = try index.samples(around: window)
    else { return nil }
    self.index = index
    self.window = window
    var low = around.lowerBound
    var high = around.upperBound
    // In a gap, or where the clock was set, the clock may have shown times that no sample has.
    for cut in index.sessions.dropFirst().map(\.first) + index.clockSteps {
      let walls = try index.sampleWindow(before: cut).wall
      guard walls.contains(where: { window.overlaps($0.lowerBound, $0.upperBound) }) else {
        continue
      }
      low = min(low, cut - 1)
      high = max(high, cut)
    }
    samples = max(first, low - 1)...min(last, high + 1)
    let pieces = try index.pieces(of: samples)
    cuts = pieces.dropFirst().map(\.lowerBound)
    var asked: [Range<SequenceNumber>] = []
    var missing: [Range<SequenceNumber>] = []
    for piece in pieces { asked.append(try Self.overlap(piece, window, index)) }
    for cut in cuts {
      let sampleWindow = try index.sampleWindow(before: cut)
      let isAsked = sampleWindow.wall.contains { window.overlaps($0.lowerBound, $0.upperBound) }
      if isAsked { asked.append(cut - 1..<cut) }
      if sampleWindow.missing != nil { missing.append(cut - 1..<cut) }
    }
    // Time before the first or after the last sample belongs to the question only if an end of the window
    // lies in it; and time that retention removed, if the window has no beginning: "never" would be about that time too.
    let named = [window.since, window.until].compactMap(\.self)
    let opening = try index.point(first)
    let closing = try index.point(last)
    if index.reachesExpiredTime(window) || named.contains(where: { $0 < opening.wallEnd }) {
      asked.append(first - 1..<first)
    }
    if named.contains(where: { $0 > closing.wall }) { asked.append(last..<last + 1) }
    missing += [first - 1..<first, last..<last + 1]
    self.asked = SampleWindowSet(asked)
    self.missing = SampleWindowSet(missing).intersection(self.asked)
    expired = (index.missingBefore == .expired ? SampleWindowSet(first - 1..<first) : .init())
      .intersection(self.asked)
    let sessions = try Self.sessions(reading)
    let sampled = try Self.sampled(reading, samples, sessions)
    exact = self.asked.subtracting(self.missing).subtracting(sampled)
    disputed = try Self.disputed(reading, samples).intersection(exact)
    let all = self.asked
    func sampleWindows(_ condition: (SessionSpan) -> Bool) -> SampleWindowSet {
      SampleWindowSet(index.sessions.filter(condition).map { $0.first - 1..<$0.last + 1 })
        .intersection(all)
    }
    incomplete = sampleWindows { $0.hidesProcesses || sessions[$0.id]?.retains != ShortLived.all }
    withoutThreads = sampleWindows { sessions[$0.id]?.retains == ShortLived.none }
  }

  /// Returns the intervals of a piece that overlap the time window. Within a piece the wall clock was not set, so
  /// binary search works.
  private static func overlap(
    _ piece: ClosedRange<SequenceNumber>, _ window: TimeWindow, _ index: SampleIndex
  ) throws(SQLiteError) -> Range<SequenceNumber> {
    var low = piece.lowerBound
    if let since = window.since {
      var high = piece.upperBound
      while low < high {
        let middle = low.middle(to: high)
        let after = try index.point(middle + 1)
        // A state that an event ended did not hold at the moment of the event.
        let isBefore = after.isExact ? after.wall <= since : after.wallEnd < since
        if isBefore { low = middle + 1 } else { high = middle }
      }
    }
    var end = piece.upperBound
    if let until = window.until {
      var bottom = piece.lowerBound
      while bottom < end {
        let middle = bottom.middle(to: end)
        if try index.point(middle).wall > until { end = middle } else { bottom = middle + 1 }
      }
    }
    return low..<max(low, end)
  }

  private struct Session {
    let hasEvents: Bool
    let retains: ShortLived
  }

  private static func retains(_ text: String?) -> ShortLived {
    guard let text else { return ShortLived.all }
    return ShortLived(rawValue: text) ?? ShortLived.none
  }

  private static func sessions(_ reading: HistorySnapshot) throws(SQLiteError) -> [Int64: Session] {
    let rows = try reading.connection.prepare(
      "SELECT session_id, events, short_lived FROM session WHERE first_seq IS NOT NULL"
    ).map { row in
      (
        row.integer(0),
        Session(
          hasEvents: row.integer(1) != 0,
          retains: Self.retains(row.optionalText(2)))
      )
    }
    return Dictionary(rows) { one, _ in one }
  }

  /// Returns the intervals that only samples cover, and no events.
  private static func sampled(
    _ reading: HistorySnapshot, _ samples: ClosedRange<SequenceNumber>, _ sessions: [Int64: Session]
  ) throws(SQLiteError) -> SampleWindowSet {
    var found: [Range<SequenceNumber>] = []
    for session in reading.index.sessions
    where session.first <= samples.upperBound && session.last >= samples.lowerBound {
      guard sessions[session.id]?.hasEvents == true else {
        found.append(session.first - 1..<session.last)
        continue
      }
      found.append(session.first - 1..<session.first)
      let low = max(session.first, samples.lowerBound)
      let high = min(session.last, samples.upperBound)
      found += try reading.connection.prepare(
        """
        SELECT seq FROM sample
        WHERE seq BETWEEN ? AND ? AND (exact IS NOT 1 OR gap IS NOT NULL)
        """
      ).bind(.number(low), .number(high)).map { $0.sequence(0) - 1..<$0.sequence(0) }
    }
    return SampleWindowSet(found)
  }

  /// Returns the intervals before samples that disagreed with the events. In each, the events are certain
  /// only up to the sample before the previous one: see `SampleIndex.lastMissing`.
  private static func disputed(
    _ reading: HistorySnapshot, _ samples: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) -> SampleWindowSet {
    let ids = try reading.connection.prepare(
      """
      SELECT seq FROM sample WHERE disagreements > 0 AND seq >= ?
        AND seq <= COALESCE((SELECT MAX(seq) FROM (
          SELECT seq FROM sample WHERE seq >= ? ORDER BY seq LIMIT 3)), 0)
      UNION ALL
      SELECT seq FROM sample WHERE disagreements > 0 AND seq BETWEEN ? AND ?
      """
    ).bind(
      .number(samples.upperBound), .number(samples.upperBound), .number(samples.lowerBound),
      .number(samples.upperBound)
    ).map { $0.sequence(0) }
    return SampleWindowSet(
      try ids.map { (id) throws(SQLiteError) in try confirmed(before: id, reading)..<id })
  }

  /// Returns the last sample up to which the events are certain, if the sample `sample` disagreed with
  /// them.
  static func confirmed(
    before sample: SequenceNumber, _ reading: HistorySnapshot
  ) throws(SQLiteError) -> SequenceNumber {
    try reading.connection.prepare(
      "SELECT seq FROM sample WHERE seq < ? ORDER BY seq DESC LIMIT 2"
    ).bind(.number(sample)).map { $0.sequence(0) }.last ?? sample - 1
  }

  /// The time in which events reported every change, and no running process can be missing from the
  /// records.
  var complete: SampleWindowSet { exact.subtracting(disputed).subtracting(incomplete) }

  /// Returns the time of a range of sample windows on the wall clock, limited to the time asked about.
  func time(of range: Range<SequenceNumber>) throws(SQLiteError) -> (
    from: WallTime, until: WallTime
  ) {
    let first = index.first ?? .zero
    let last = index.last ?? .zero
    var from = range.lowerBound < first ? WallTime.min : try index.point(range.lowerBound).wall
    var until = range.upperBound > last ? WallTime.max : try index.point(range.upperBound).wallEnd
    if let since = window.since { from = max(from, since) }
    if let end = window.until { until = min(until, end) }
    if from == .min { from = try index.point(first).wall }
    if until == .max { until = try index.point(last).wallEnd }
    // Before the first sample the question gives only one end of the time.
    if range.upperBound <= first { from = min(from, until) }
    return (from, max(from, until))
  }
}

/// A set of intervals between consecutive samples or events, by sequence number: `k` is the interval from
/// sample or event `k` to `k + 1`.
struct SampleWindowSet: Hashable {
  /// The ranges in order; no two overlap or touch.
  private(set) var ranges: [Range<SequenceNumber>] = []

  init() {}

  init(_ range: Range<SequenceNumber>) { if !range.isEmpty { ranges = [range] } }

  /// The union of ranges in any order.
  init(_ all: some Sequence<Range<SequenceNumber>>) {
    for range in all.filter({ !$0.isEmpty }).sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let last = ranges.last, range.lowerBound <= last.upperBound {
        ranges[ranges.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
      } else {
        ranges.append(range)
      }
    }
  }

  var isEmpty: Bool { ranges.isEmpty }

  func union(_ other: SampleWindowSet) -> SampleWindowSet {
    if isEmpty { return other }
    return other.isEmpty ? self : SampleWindowSet(ranges + other.ranges)
  }

  func intersection(_ other: SampleWindowSet) -> SampleWindowSet {
    var found: [Range<SequenceNumber>] = []
    var (mine, its) = (0, 0)
    while mine < ranges.count, its < other.ranges.count {
      let both = ranges[mine].clamped(to: other.ranges[its])
      if !both.isEmpty { found.append(both) }
      if ranges[mine].upperBound < other.ranges[its].upperBound { mine += 1 } else { its += 1 }
    }
    return SampleWindowSet(found)
  }

  func intersection(_ range: Range<SequenceNumber>) -> SampleWindowSet {
    intersection(SampleWindowSet(range))
  }

  func subtracting(_ other: SampleWindowSet) -> SampleWindowSet {
    var found: [Range<SequenceNumber>] = []
    var next = 0
    for range in ranges {
      var low = range.lowerBound
      while next < other.ranges.count, other.ranges[next].upperBound <= low { next += 1 }
      var hole = next
      while hole < other.ranges.count, other.ranges[hole].lowerBound < range.upperBound {
        if low < other.ranges[hole].lowerBound { found.append(low..<other.ranges[hole].lowerBound) }
        low = max(low, other.ranges[hole].upperBound)
        hole += 1
      }
      if low < range.upperBound { found.append(low..<range.upperBound) }
    }
    return SampleWindowSet(found)
  }

  /// Whether the set contains a whole range.
  func contains(_ range: Range<SequenceNumber>) -> Bool {
    let position = ranges.partitioningIndex { $0.upperBound > range.lowerBound }
    return position < ranges.count && ranges[position].lowerBound <= range.lowerBound
      && ranges[position].upperBound >= range.upperBound
  }
}

/// Finds the time in which none of the recorded processes of a PID certainly had it.
struct UnusedPIDFinder {
  let time: ObservedTime

  /// Returns that time; an empty set if the selector names a time and so means one process, or if no process is
  /// recorded.
  func sampleWindows(
    of selector: ProcessSelector, _ histories: [TaskHistory]
  ) throws(SQLiteError) -> SampleWindowSet {
    guard !histories.isEmpty, Self.selectsAnyProcess(by: selector) else { return .init() }
    let used = SampleWindowSet(try histories.map(used))
    guard case .latest = selector, let end = used.ranges.last?.upperBound else {
      return time.asked.subtracting(used)
    }
    // The selector means the last process with the PID, so the time before its end does not count.
    return time.asked.intersection(end ..< .max)
  }

  private static func selectsAnyProcess(by selector: ProcessSelector) -> Bool {
    switch selector {
    case .pid(_, let alive, _), .thread(_, let alive, _): alive == nil
    case .latest(let all): selectsAnyProcess(by: all)
    case .inner: true
    case .comm, .container: false
    }
  }

  /// Returns the time in which a process was certainly running; without an end if the last sample of the
  /// history still shows the process.
  private func used(_ history: TaskHistory) throws(SQLiteError) -> Range<SequenceNumber> {
    guard let last = history.memberships.last else {
      return history.firstSample..<history.firstSample
    }
    if last.endsExactly, try time.index.sampleWindow(before: last.until + 1).isExact {
      return history.firstSample..<last.until + 1
    }
    return history.firstSample..<(last.until == time.index.last ? .max : last.until)
  }
}
