internal import SQLite

/// The time that a question is about, as times between samples or events, and how much of it was
/// observed.
struct ObservedTime {
  let index: SampleIndex
  /// What was asked for. A beginning that was not named is the end of the first sample, and an end
  /// that was not named is the last sample or event.
  let window: TimeWindow
  /// The samples in the window, and one more on each side.
  let samples: ClosedRange<Int64>
  /// All that the window overlaps.
  let asked: SampleWindowSet
  /// Of that, where samples are missing.
  let missing: SampleWindowSet
  /// Of that, where what was recorded was removed by retention.
  let expired: SampleWindowSet
  /// Of that, where events reported all that happened.
  let exact: SampleWindowSet
  /// Of that, where a sample found out that events had not reported everything.
  let disputed: SampleWindowSet
  /// Of that, where processes could be there and were not recorded: `hidepid`, or short-lived
  /// processes that were left out on request.
  let incomplete: SampleWindowSet
  /// Of that, where threads could be elsewhere than their process and were not recorded: they were
  /// left out on request with all that no sample observed.
  let withoutThreads: SampleWindowSet
  /// The numbers of the samples before which samples are missing, or the clock was set.
  let cuts: [Int64]

  /// Whether it is a moment, and no range.
  var isMoment: Bool { window.since != nil && window.since == window.until }

  /// Nil where there is no sample.
  init?(_ reading: HistorySnapshot, _ window: TimeWindow) throws(SQLiteError) {
    let index = reading.index
    guard let first = index.first, let last = index.last,
      let around = try index.samples(around: window)
    else { return nil }
    self.index = index
    self.window = window
    var low = around.lowerBound
    var high = around.upperBound
    // Where the clock was set, or nothing was recorded, it showed times that no sample shows.
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
    var asked: [Range<Int64>] = []
    var missing: [Range<Int64>] = []
    for piece in pieces { asked.append(try Self.overlap(piece, window, index)) }
    for cut in cuts {
      let sampleWindow = try index.sampleWindow(before: cut)
      let isAsked = sampleWindow.wall.contains { window.overlaps($0.lowerBound, $0.upperBound) }
      if isAsked { asked.append(cut - 1..<cut) }
      if sampleWindow.missing != nil { missing.append(cut - 1..<cut) }
    }
    // Time outside of all samples belongs to the question only if it was asked for by name.
    let named = [window.since, window.until].compactMap(\.self)
    let opening = try index.point(first)
    let closing = try index.point(last)
    if named.contains(where: { $0 < opening.wallEnd }) { asked.append(first - 1..<first) }
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
    incomplete = sampleWindows { $0.hidesProcesses || sessions[$0.id]?.keeps != ShortLived.all }
    withoutThreads = sampleWindows { sessions[$0.id]?.keeps == ShortLived.none }
  }

  /// The sample windows inside a piece that a window overlaps: in one, the wall clock runs on.
  private static func overlap(
    _ piece: ClosedRange<Int64>, _ window: TimeWindow, _ index: SampleIndex
  ) throws(SQLiteError) -> Range<Int64> {
    var low = piece.lowerBound
    if let since = window.since {
      var high = piece.upperBound
      while low < high {
        let middle = (low + high) / 2
        let after = try index.point(middle + 1)
        // What an event ended did not hold at its moment.
        let isBefore = after.isExact ? after.wall <= since : after.wallEnd < since
        if isBefore { low = middle + 1 } else { high = middle }
      }
    }
    var end = piece.upperBound
    if let until = window.until {
      var bottom = piece.lowerBound
      while bottom < end {
        let middle = (bottom + end) / 2
        if try index.point(middle).wall > until { end = middle } else { bottom = middle + 1 }
      }
    }
    return low..<max(low, end)
  }

  private struct Session {
    let hasEvents: Bool
    let keeps: ShortLived
  }

  private static func keeps(_ text: String?) -> ShortLived {
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
          keeps: Self.keeps(row.optionalText(2)))
      )
    }
    return Dictionary(rows) { one, _ in one }
  }

  /// Where only samples show what was.
  private static func sampled(
    _ reading: HistorySnapshot, _ samples: ClosedRange<Int64>, _ sessions: [Int64: Session]
  ) throws(SQLiteError) -> SampleWindowSet {
    var found: [Range<Int64>] = []
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
      ).bind(.integer(low), .integer(high)).map { $0.integer(0) - 1..<$0.integer(0) }
    }
    return SampleWindowSet(found)
  }

  /// What events reported is certain up to the sample before the last: see `SampleIndex.lastMissing`.
  private static func disputed(
    _ reading: HistorySnapshot, _ samples: ClosedRange<Int64>
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
      .integer(samples.upperBound), .integer(samples.upperBound), .integer(samples.lowerBound),
      .integer(samples.upperBound)
    ).map { $0.integer(0) }
    return SampleWindowSet(
      try ids.map { (id) throws(SQLiteError) in try confirmed(before: id, reading)..<id })
  }

  /// The last sample up to which what events reported is certain, where one found a disagreement.
  static func confirmed(before sample: Int64, _ reading: HistorySnapshot) throws(SQLiteError)
    -> Int64
  {
    try reading.connection.prepare(
      "SELECT seq FROM sample WHERE seq < ? ORDER BY seq DESC LIMIT 2"
    ).bind(.integer(sample)).map { $0.integer(0) }.last ?? sample - 1
  }

  /// Where events reported all of a group that may have members nobody recorded.
  var complete: SampleWindowSet { exact.subtracting(disputed).subtracting(incomplete) }

  /// The time of sample windows on the wall clock, as far as it is asked for.
  func time(of range: Range<Int64>) throws(SQLiteError) -> (from: Int64, until: Int64) {
    let first = index.first ?? 0
    let last = index.last ?? 0
    var from = range.lowerBound < first ? Int64.min : try index.point(range.lowerBound).wall
    var until = range.upperBound > last ? Int64.max : try index.point(range.upperBound).wallEnd
    if let since = window.since { from = max(from, since) }
    if let end = window.until { until = min(until, end) }
    if from == Int64.min { from = try index.point(first).wall }
    if until == Int64.max { until = try index.point(last).wallEnd }
    // Of the time outside of all samples only one end was named.
    if range.upperBound <= first { from = min(from, until) }
    return (from, max(from, until))
  }
}

/// Times between samples or events that follow one another, by number: `k` is the time from sample or
/// event `k` to `k + 1`.
struct SampleWindowSet: Hashable {
  /// In order; no two overlap or touch.
  private(set) var ranges: [Range<Int64>] = []

  init() {}

  init(_ range: Range<Int64>) { if !range.isEmpty { ranges = [range] } }

  /// The union of ranges in any order.
  init(_ all: some Sequence<Range<Int64>>) {
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
    var found: [Range<Int64>] = []
    var (mine, its) = (0, 0)
    while mine < ranges.count, its < other.ranges.count {
      let both = ranges[mine].clamped(to: other.ranges[its])
      if !both.isEmpty { found.append(both) }
      if ranges[mine].upperBound < other.ranges[its].upperBound { mine += 1 } else { its += 1 }
    }
    return SampleWindowSet(found)
  }

  func intersection(_ range: Range<Int64>) -> SampleWindowSet {
    intersection(SampleWindowSet(range))
  }

  func subtracting(_ other: SampleWindowSet) -> SampleWindowSet {
    var found: [Range<Int64>] = []
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

  /// Whether all of a range is in it.
  func contains(_ range: Range<Int64>) -> Bool {
    let place = ranges.partitioningIndex { $0.upperBound > range.lowerBound }
    return place < ranges.count && ranges[place].lowerBound <= range.lowerBound
      && ranges[place].upperBound >= range.upperBound
  }
}

/// Finds when none of the processes that are meant by a PID certainly had it.
struct Vacancy {
  let time: ObservedTime

  /// Nothing where one process is meant that is named by a time, or where nobody is recorded.
  func sampleWindows(
    of selector: ProcessSelector, _ lives: [TaskHistory]
  ) throws(SQLiteError) -> SampleWindowSet {
    guard !lives.isEmpty, Self.isAnyMeant(by: selector) else { return .init() }
    let held = SampleWindowSet(try lives.map(held))
    guard case .latest = selector, let end = held.ranges.last?.upperBound else {
      return time.asked.subtracting(held)
    }
    // The last one is meant: whoever had the PID before is not.
    return time.asked.intersection(end..<Int64.max)
  }

  private static func isAnyMeant(by selector: ProcessSelector) -> Bool {
    switch selector {
    case .pid(_, let alive, _), .thread(_, let alive, _): alive == nil
    case .latest(let all): isAnyMeant(by: all)
    case .inner: true
    case .comm, .container: false
    }
  }

  /// The time in which a process certainly was there, and all behind where it is not known to have ended.
  private func held(_ life: TaskHistory) throws(SQLiteError) -> Range<Int64> {
    guard let last = life.memberships.last else { return life.firstSample..<life.firstSample }
    if last.endsExactly, try time.index.sampleWindow(before: last.until + 1).isExact {
      return life.firstSample..<last.until + 1
    }
    return life.firstSample..<(last.until == time.index.last ? Int64.max : last.until)
  }
}
