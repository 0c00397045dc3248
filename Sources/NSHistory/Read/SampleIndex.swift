internal import NamespaceModel
internal import SQLite

/// Finds samples and events by sequence number and by time. In the names and comments of this type and of its callers,
/// "sample" also stands for an event wherever a sequence number can be that of either.
///
/// Samples are in the order of the boot clock. The wall clock may have been set back, so that one wall time can
/// be several moments. Within a segment between two steps of the wall clock, wall times are in order, except for
/// corrections smaller than `ClockStep.least`, so the index searches a segment by bisection.
final class SampleIndex {
  let sessions: [SessionSpan]
  /// The first samples of the segments that begin inside a session.
  let clockSteps: [SequenceNumber]
  /// The range of samples of each segment, in order.
  private let clockSegments: [ClosedRange<SequenceNumber>]
  /// The samples and events of which a slice has every row; nil for a history that is no slice.
  let slice: SliceExtent?
  private let connection: Connection
  private let points: PointReader
  /// The wall clock time at which the question is asked.
  private let now: WallTime

  init(
    _ connection: Connection, isRecorded: Bool, file: FileIdentity? = nil,
    now: WallTime = ClockReading.now().wall
  ) throws(SQLiteError) {
    self.connection = connection
    self.now = now
    slice = try SliceExtent(connection)
    points = PointReader(connection, isSlice: slice != nil)
    sessions = try SessionSpan.all(in: connection, isRecorded: isRecorded, file: file)
    try Self.requireNamesApart(connection)
    let all = Self.range(of: sessions)
    clockSteps = try connection.prepare("SELECT seq FROM clock_step ORDER BY seq")
      .map { $0.sequence(0) }.filter(all.contains)
    let starts = Set(sessions.map(\.first)).union(clockSteps).sorted()
    let ends = starts.dropFirst().map { $0 - 1 } + (sessions.last.map { [$0.last] } ?? [])
    clockSegments = zip(starts, ends).map { $0...$1 }
  }

  /// Throws unless all row ids of tasks and short-lived tasks are positive. A row of `short_lived_task` has the
  /// negated `from_seq` as its task id, so that a negative id in either table could name another process.
  private static func requireNamesApart(_ connection: Connection) throws(SQLiteError) {
    let least = try connection.prepare(
      """
      SELECT MIN(COALESCE((SELECT MIN(task_id) FROM task), 1),
        COALESCE((SELECT MIN(from_seq) FROM short_lived_task), 1))
      """
    ).first { $0.integer(0) }
    guard let least, least > 0 else {
      throw .corrupt("a process has a number below 1", operation: "read the processes")
    }
  }

  var first: SequenceNumber? { sessions.first?.first }
  var last: SequenceNumber? { sessions.last?.last }

  /// All sequence numbers of the history; only zero if it has no sample.
  var everything: ClosedRange<SequenceNumber> { Self.range(of: sessions) }

  private static func range(of sessions: [SessionSpan]) -> ClosedRange<SequenceNumber> {
    let first = sessions.first?.first ?? .zero
    return first...max(first, sessions.last?.last ?? .zero)
  }

  /// Why nothing is known of the time before the first sample.
  var missingBefore: MissingSamples { sessions.first?.missingBefore ?? .beforeFirst }

  /// Returns the recorded span in wall time; nil if there is no sample. A recording begins with the end of its
  /// first sample, because that sample shows a process only at the moment at which it read the process. The span of a
  /// slice is the part that it holds, although it also has some of the samples before and after.
  func recorded() throws(SQLiteError) -> ClosedRange<WallTime>? {
    var low: WallTime?
    var high: WallTime?
    for segment in clockSegments {
      let opening = try point(segment.lowerBound).wallEnd
      let closing = try point(segment.upperBound).wall
      low = min(low ?? opening, opening, closing)
      high = max(high ?? closing, opening, closing)
    }
    guard let low, let high else { return nil }
    guard let slice else { return low...high }
    return (low...high).overlaps(slice.time) ? (low...high).clamped(to: slice.time) : nil
  }

  /// Returns the least wall time at which a sample began; nil if there is no sample.
  func earliestSample() throws(SQLiteError) -> WallTime? {
    var least: WallTime?
    for segment in clockSegments {
      let wall = try point(segment.lowerBound).wall
      least = min(least ?? wall, wall)
    }
    return least
  }

  /// Returns the sample or event with a sequence number that a session spans.
  func point(_ id: SequenceNumber) throws(SQLiteError) -> SamplePoint {
    try points.point(id, in: session(of: id))
  }

  /// Returns the window between the sample before a sequence number and the sample that has the number.
  func sampleWindow(before sample: SequenceNumber) throws(SQLiteError) -> SampleWindow {
    SampleWindow(
      sample > first ?? sample ? try point(sample - 1) : nil,
      sample <= last ?? sample - 1 ? try point(sample) : nil)
  }

  /// Returns the time from one sample to a later one, and the first cause of a gap in it.
  func span(from before: SequenceNumber, to after: SequenceNumber) throws(SQLiteError) -> SampleSpan
  {
    var missing: MissingSamples?
    if let first, before >= first, before < after - 1 {
      let cuts = try pieces(of: before...after).map(\.lowerBound).dropFirst()
      for cut in cuts where missing == nil { missing = try sampleWindow(before: cut).missing }
    } else {
      missing = try sampleWindow(before: after).missing
    }
    let low = before >= first ?? after ? try point(before) : nil
    let high = try sampleWindow(before: after).after
    return SampleSpan(before: low, after: high, missing: missing)
  }

  /// Returns the last sample or event at which a process that `sample` was the first to show was certainly not
  /// running. If `sample` relied on events, the samples before it may have missed the process too: the result
  /// is then an earlier sample, if possible one that began before the process started, or that did not rely on
  /// events.
  ///
  /// - Parameter start: the start time of the process on the boot clock; nil if that is not known.
  func lastMissing(
    before sample: SequenceNumber, start: BootTime?
  ) throws(SQLiteError) -> SequenceNumber {
    let after = try point(sample)
    guard after.isExact, !after.isEvent else { return sample - 1 }
    let samples = try connection.prepare(
      "SELECT seq FROM sample WHERE seq < ? ORDER BY seq DESC LIMIT 2"
    ).bind(.number(sample)).map { $0.sequence(0) }
    guard let last = samples.first, let first = samples.last else { return sample - 1 }
    let missing = try point(last).isExact ? first : last
    guard let start, start &- PIDHistory.startTimeTolerance <= (try point(missing).boot) else {
      return missing
    }
    return try lastSample(
      between: after.session.first, and: missing, began: start &- PIDHistory.startTimeTolerance)
  }

  /// Returns the last sample of a range that began before a time on the boot clock, or that did not rely on
  /// events; the lower bound of the range if there is none.
  private func lastSample(
    between first: SequenceNumber, and last: SequenceNumber, began boot: BootTime
  ) throws(SQLiteError) -> SequenceNumber {
    try connection.prepare(
      """
      SELECT seq FROM sample WHERE seq BETWEEN ? AND ?
        AND (boot_ns < ? OR exact IS NOT 1 OR gap IS NOT NULL) ORDER BY seq DESC LIMIT 1
      """
    ).bind(.number(first), .number(last), .boot(boot)).first { $0.sequence(0) } ?? first
  }

  /// Returns whether it is certain that events reported every change from a time on the boot clock up to an event.
  func isExact(
    from boot: BootTime, until event: SequenceNumber
  ) throws(SQLiteError) -> Bool {
    guard let session = session(of: event) else { return false }
    let ended = try connection.prepare(
      """
      SELECT seq FROM sample WHERE seq >= ? AND seq < ? AND boot_ns + duration_ns <= ?
      ORDER BY seq DESC LIMIT 1
      """
    ).bind(.number(session.first), .number(event), .boot(boot)).first { $0.sequence(0) }
    guard let ended else { return false }
    return try connection.prepare(
      """
      SELECT NOT EXISTS (SELECT 1 FROM sample WHERE seq > ? AND seq < ?
        AND (exact IS NOT 1 OR gap IS NOT NULL))
      """
    ).bind(.number(ended), .number(event)).first { $0.integer(0) == 1 } ?? false
  }

  /// Returns the session that a sample belongs to.
  func session(of sample: SequenceNumber) -> SessionSpan? {
    let index = sessions.partitioningIndex { $0.last >= sample }
    guard index < sessions.count, sessions[index].first <= sample else { return nil }
    return sessions[index]
  }

  /// Returns the sequence numbers, in a range, of the samples with a gap before them.
  func gaps(_ range: ClosedRange<SequenceNumber>) throws(SQLiteError) -> [SequenceNumber] {
    try connection.prepare(
      "SELECT seq FROM sample WHERE gap IS NOT NULL AND seq BETWEEN ? AND ?"
    ).bind(.number(range.lowerBound), .number(range.upperBound)).map { $0.sequence(0) }
  }

  /// Returns the sequence numbers, in a range, of the samples before which the wall clock was set.
  func clockSteps(in range: ClosedRange<SequenceNumber>) -> ArraySlice<SequenceNumber> {
    let low = clockSteps.partitioningIndex { $0 >= range.lowerBound }
    let high = clockSteps.partitioningIndex { $0 > range.upperBound }
    return clockSteps[low..<max(low, high)]
  }

  /// Returns the parts of a range in each of which the wall clock was not set.
  func clockSegments(in range: ClosedRange<SequenceNumber>) -> [ClosedRange<SequenceNumber>] {
    let low = clockSegments.partitioningIndex { $0.upperBound >= range.lowerBound }
    return clockSegments[low...].prefix { $0.lowerBound <= range.upperBound }
      .map { $0.clamped(to: range) }
  }

  /// Returns every window between two samples in which the wall clock may have shown `wall`.
  ///
  /// There is more than one window if the clock was set back, or if the time is within a sample: each process
  /// was read before or after that time. If events cover the time after a sample, they do so from its end on: a time
  /// within the sample is then only in the window before it. The window after the last sample is left out if another
  /// window covers the time and the wall clock has not yet reached it since the last sample.
  func sampleWindows(at wall: WallTime) throws(SQLiteError) -> [SampleWindow] {
    guard let first, let last else { return [] }
    // The sequence numbers of the samples that end the windows that may cover the time.
    var candidates: Set<SequenceNumber> = [first, last + 1]
    for segment in clockSegments {
      candidates.insert(segment.lowerBound)
      guard try point(segment.lowerBound).wall <= wall &+ ClockStep.least,
        try point(segment.upperBound).wallEnd >= wall &- ClockStep.least
      else { continue }
      let low = try lastSample(in: segment, notAfter: wall &- ClockStep.least).id
      var id = max(segment.lowerBound, low - 1)
      while id <= segment.upperBound, try point(id).wall <= wall &+ ClockStep.least {
        candidates.insert(id + 1)
        id += 1
      }
    }
    var found: [SampleWindow] = []
    var skipping: [SampleWindow] = []
    for after in candidates.sorted() where after <= last + 1 {
      let sampleWindow = SampleWindow(
        after > first ? try point(after - 1) : nil, after <= last ? try point(after) : nil)
      if sampleWindow.covers(wall) {
        found.append(sampleWindow)
      } else if let before = sampleWindow.before, let after = sampleWindow.after,
        wall > min(before.wall, after.wall), wall < max(before.wall, after.wall)
      {
        skipping.append(SampleWindow(skippedBetween: before, after))
      }
    }
    let known = found.filter { !$0.isBeforeEvents(wall) }
    if !known.isEmpty { found = known }
    let past = found.filter { !isFuture(wall, in: $0) }
    if !past.isEmpty { return past }
    return found.isEmpty ? skipping : found
  }

  /// Returns whether a time in the window after the last sample has not come yet. False if the present time is before
  /// the last sample: then the clock of this program is not the one that timed the samples.
  private func isFuture(_ wall: WallTime, in sampleWindow: SampleWindow) -> Bool {
    guard sampleWindow.after == nil, let last = sampleWindow.before else { return false }
    return last.wall <= now && now < wall
  }

  /// Returns the sequence number of the first sample that began at this time or later, in any segment; one past
  /// the last sample if there is none.
  func firstSample(notBefore wall: WallTime) throws(SQLiteError) -> SequenceNumber {
    for segment in clockSegments where try point(segment.upperBound).wall >= wall {
      guard try point(segment.lowerBound).wall < wall else { return segment.lowerBound }
      return try lastSample(in: segment, notAfter: wall &- 1).id + 1
    }
    return (last ?? .zero) + 1
  }

  /// Returns the sequence number of the last sample that began at this time or earlier, in any segment; one
  /// before the first sample if there is none.
  func lastSample(notAfter wall: WallTime) throws(SQLiteError) -> SequenceNumber {
    for segment in clockSegments.reversed() where try point(segment.lowerBound).wall <= wall {
      return try lastSample(in: segment, notAfter: wall).id
    }
    return first.map { $0 - 1 } ?? .zero
  }

  /// Returns the last sample of a range that began at this time or earlier; the first of the range if all began
  /// later.
  private func lastSample(
    in range: ClosedRange<SequenceNumber>, notAfter wall: WallTime
  ) throws(SQLiteError) -> SamplePoint {
    var low = range.lowerBound
    var high = range.upperBound
    while low < high {
      let middle = low + (high - low + 1) / 2
      let isBefore =
        switch side(of: middle) {
        case .inside: try point(middle).wall <= wall
        case .before: true
        case .after: false
        }
      if isBefore { low = middle } else { high = middle - 1 }
    }
    try slice?.require(low...min(low + 1, range.upperBound))
    return try point(low)
  }

  /// Returns whether a sequence number is before, among or after those of which a slice has every row. A search by
  /// bisection cannot read the numbers before and after: it treats them as too early and as too late.
  func side(of number: SequenceNumber) -> SliceExtent.Side { slice?.side(of: number) ?? .inside }
}

/// Reads samples and events by sequence number. Consecutive events are stored in one batch.
final class PointReader {
  private let connection: Connection
  /// The size is bounded because a long export reads every sample.
  private var points = BoundedCache<SequenceNumber, SamplePoint>(limit: 4096)
  /// The batch that was read last: the next event that is requested is likely to be in the same batch.
  private var batch: Batch?

  private struct Batch {
    let first: SequenceNumber
    let wall: WallTime
    let boot: BootTime
    /// The offsets of the events, six digits for each, as in the file.
    let digits: [UInt8]

    func contains(_ id: SequenceNumber) -> Bool {
      // The file is untrusted input: the difference may overflow.
      let (position, isFar) = id.subtractingReportingOverflow(first)
      return !isFar && position >= 0 && position < Int64(digits.count / PointReader.digits)
    }

    func offset(of id: SequenceNumber) -> Int64 { PointReader.offset(Int(id - first), in: digits) }
  }

  /// The number of digits of each event in `event_batch.offsets`.
  static let digits = 6

  /// Returns how long after the beginning of its batch an event happened, in nanoseconds, by its index in
  /// `event_batch.offsets`. A character that is no digit counts as 0.
  static func offset(_ event: Int, in digits: [UInt8]) -> Int64 {
    let start = event * Self.digits
    let microseconds = digits[start..<start + Self.digits].reduce(Int64(0)) {
      $0 * 10 + Int64($1 >= 0x30 && $1 <= 0x39 ? $1 - 0x30 : 0)
    }
    return microseconds * 1000
  }

  private let isSlice: Bool

  init(_ connection: Connection, isSlice: Bool = false) {
    self.connection = connection
    self.isSlice = isSlice
  }

  /// Returns the sample or event with a sequence number, in the session that spans it.
  func point(_ id: SequenceNumber, in session: SessionSpan?) throws(SQLiteError) -> SamplePoint {
    if let known = points[id] { return known }
    var found: SamplePoint?
    if let session {
      found = try sample(id, session)
      if found == nil { found = try event(id, session) }
    }
    guard let point = found else {
      if isSlice, session != nil {
        throw .notFound("sample \(id) is not in the slice", operation: "read a sample")
      }
      throw .corrupt("sample \(id) is missing", operation: "read a sample")
    }
    points.insert(point, for: id)
    return point
  }

  private func sample(
    _ id: SequenceNumber, _ session: SessionSpan
  ) throws(SQLiteError) -> SamplePoint? {
    if let batch, batch.contains(id) { return nil }
    return try connection.prepare(
      "SELECT wall_ns, boot_ns, duration_ns, gap, exact FROM sample WHERE seq = ?"
    ).bind(.number(id)).first { row in
      let gap = row.optionalInteger(3).map { GapCause(rawValue: $0) ?? .stalled }
      let isExact = row.integer(4) == 1 && gap == nil && id != session.first
      return SamplePoint(
        id: id, wall: row.wallTime(0), boot: row.bootTime(1),
        took: isExact ? 0 : max(0, row.integer(2)), gap: gap, session: session, isExact: isExact)
    }
  }

  private func event(
    _ id: SequenceNumber, _ session: SessionSpan
  ) throws(SQLiteError) -> SamplePoint? {
    if batch?.contains(id) != true { batch = try read(id) }
    guard let batch, batch.contains(id) else { return nil }
    let offset = batch.offset(of: id)
    return SamplePoint(
      id: id, wall: batch.wall &+ offset, boot: batch.boot &+ offset, took: 0, gap: nil,
      session: session, isExact: true, isEvent: true)
  }

  private func read(_ id: SequenceNumber) throws(SQLiteError) -> Batch? {
    try connection.prepare(
      """
      SELECT first_seq, wall_ns, boot_ns, offsets FROM event_batch WHERE first_seq <= ?
      ORDER BY first_seq DESC LIMIT 1
      """
    ).bind(.number(id)).first { row in
      Batch(
        first: row.sequence(0), wall: row.wallTime(1), boot: row.bootTime(2),
        digits: Array(row.text(3).utf8))
    }
  }
}

extension Array {
  /// Returns the first index whose element, and all after it, satisfies `belongsInSecond`.
  func partitioningIndex(where belongsInSecond: (Element) -> Bool) -> Int {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if belongsInSecond(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
