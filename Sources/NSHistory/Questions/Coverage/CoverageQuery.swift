package import NamespaceModel
internal import SQLite

/// Lists the recorded periods, and the periods between them: gaps, and moments at which the clock was set.
struct CoverageQuery {
  let reading: HistorySnapshot
  let window: TimeWindow

  private var index: SampleIndex { reading.index }

  /// Calls `body` with each period in the window. Stops when `body` returns false.
  ///
  /// - Parameter slice: a slice whose time the periods are limited to; nil for none.
  func forEach(
    in slice: SliceExtent? = nil, _ body: (CoveragePeriod) -> Bool
  ) throws(SQLiteError) {
    guard let first = index.first, let last = index.last else { return }
    let all = slice?.numbers.clamped(to: first...last) ?? first...last
    let sessions = try sessions()
    var before: SamplePoint?
    for piece in try index.pieces(of: all) {
      let opening = try index.point(piece.lowerBound)
      let closing = try index.point(piece.upperBound)
      if let before {
        let pause = between(before, opening)
        if isAskedFor(pause), !body(pause.limited(to: slice?.time)) { return }
      }
      before = closing
      let until = max(opening.wall, closing.wallEnd)
      guard window.overlaps(opening.wall, until) else { continue }
      guard let session = sessions[opening.session.first] else {
        throw .corrupt("a session is missing", operation: "read the sessions")
      }
      let recorded = try recorded(held(piece, in: slice), opening.session, session)
      let period = CoveragePeriod(
        from: opening.wall, until: until, length: closing.bootEnd &- opening.boot,
        kind: .recorded(recorded))
      if !body(period.limited(to: slice?.time)) { return }
    }
  }

  /// Returns the samples and events of a piece that are in the time of a slice; all of them if none is.
  private func held(
    _ piece: ClosedRange<SequenceNumber>, in slice: SliceExtent?
  ) throws(SQLiteError) -> ClosedRange<SequenceNumber> {
    guard let slice else { return piece }
    var (low, high) = (piece.lowerBound, piece.upperBound)
    if try index.point(low).wall < slice.time.lowerBound {
      low = min(max(low, try index.firstSample(notBefore: slice.time.lowerBound)), high + 1)
    }
    if try index.point(high).wall > slice.time.upperBound {
      high = max(min(high, try index.lastSample(notAfter: slice.time.upperBound)), low - 1)
    }
    return low <= high ? low...high : piece
  }

  /// Calls `body` with each period between two recorded ones. Stops when `body` returns false.
  func forEachPause(_ body: (CoveragePeriod) -> Bool) throws(SQLiteError) {
    guard let samples = try index.samples(around: window) else { return }
    var before: SamplePoint?
    for piece in try index.pieces(of: samples) {
      if let before {
        let pause = between(before, try index.point(piece.lowerBound))
        if isAskedFor(pause), !body(pause) { return }
      }
      before = try index.point(piece.upperBound)
    }
  }

  private func isAskedFor(_ pause: CoveragePeriod) -> Bool {
    window.overlaps(min(pause.from, pause.until), max(pause.from, pause.until))
  }

  /// Returns the period between two recorded pieces.
  private func between(_ before: SamplePoint, _ after: SamplePoint) -> CoveragePeriod {
    let sampleWindow = SampleWindow(before, after)
    let length = sampleWindow.length.map { $0 &- before.took }
    let kind: CoveragePeriod.Kind =
      if let missing = sampleWindow.missing {
        .gap(missing)
      } else {
        .clockSet((after.wall &- before.wall) &- (after.boot &- before.boot))
      }
    return CoveragePeriod(from: before.wallEnd, until: after.wall, length: length, kind: kind)
  }

  private struct Session {
    let row: Int64
    let interval: Int64
    let state: String
    let boot: String
    let hasEvents: Bool
  }

  /// Returns the sessions, each under the sequence number of its first sample.
  private func sessions() throws(SQLiteError) -> [SequenceNumber: Session] {
    var sessions: [SequenceNumber: Session] = [:]
    let rows = try reading.connection.prepare(
      """
      SELECT first_seq, session_id, interval_ns, end_reason, uuid, events
      FROM session JOIN pid_space USING (space_id) JOIN boot USING (boot_id)
      WHERE first_seq IS NOT NULL
      """
    ).map { row in
      (
        row.sequence(0),
        Session(
          row: row.integer(1), interval: row.integer(2),
          state: row.optionalText(3).map(SystemText.sanitized) ?? "died",
          boot: SystemText.sanitized(row.text(4)), hasEvents: row.integer(5) != 0)
      )
    }
    for (first, session) in rows { sessions[first] = session }
    return sessions
  }

  private func recorded(
    _ piece: ClosedRange<SequenceNumber>, _ span: SessionSpan, _ session: Session
  ) throws(SQLiteError) -> CoveragePeriod.Recorded {
    let numbers = piece.upperBound - piece.lowerBound + 1
    let samples =
      session.hasEvents ? try samples(in: piece) : (count: numbers, disagreements: 0, folded: 0)
    return CoveragePeriod.Recorded(
      session: session.row, samples: samples.count,
      // Each sequence number that is not of a sample is of an event.
      events: session.hasEvents ? numbers - samples.count : nil,
      disagreements: samples.disagreements,
      disagreed: samples.disagreements == 0
        ? []
        : try DisagreementReader(reading: reading).disagreements(
          in: piece, most: CoveragePeriod.mostDisagreements),
      folded: samples.folded,
      interval: session.interval,
      state: span.isOpen ? "open" : span.isCopied ? "unknown-end" : session.state,
      boot: session.boot, pidNamespaceInode: span.pidNamespaceInode,
      denied: try denied(in: piece), hidesProcesses: span.hidesProcesses,
      shortLived: span.shortLived)
  }

  /// Returns the number of samples, the number of times that a sample showed a state that no event had
  /// reported, and the number of changes that were left out. Without events every sequence number is of a
  /// sample, and samples cannot disagree with events.
  private func samples(
    in piece: ClosedRange<SequenceNumber>
  ) throws(SQLiteError) -> (count: Int64, disagreements: Int64, folded: Int64) {
    try reading.connection.prepare(
      """
      SELECT COUNT(*), COALESCE(SUM(disagreements), 0), COALESCE(
        (SELECT SUM(folded) FROM sample_note WHERE seq BETWEEN ?1 AND ?2), 0)
      FROM sample WHERE seq BETWEEN ?1 AND ?2
      """
    ).bind(reading.index.sampleValues(piece))
      .first { ($0.integer(0), $0.integer(1), $0.integer(2)) } ?? (0, 0, 0)
  }

  private func denied(in samples: ClosedRange<SequenceNumber>) throws(SQLiteError) -> Int64 {
    try reading.connection.prepare(
      "SELECT COUNT(DISTINCT member) FROM (\(IntervalOverlapQuery.unread("m.task_id AS member")))"
    ).bind(
      reading.index.sampleValues(samples) + [.integer(Int64(UnreadReason.denied.rawValue))]
    ).first { $0.integer(0) } ?? 0
  }
}

/// A time that is recorded without a gap, or the time between two such times.
package struct CoveragePeriod: Sendable, Hashable {
  /// The beginning: for a recorded period that of its first sample,
  /// otherwise the end of the last sample before it.
  package let from: WallTime
  /// The end: for a recorded period that of its last sample, otherwise the beginning of the first sample
  /// after it. Earlier than `from` if the clock was set back.
  package let until: WallTime
  /// The length in nanoseconds, not affected by changes of the wall clock; nil if it is not known.
  package let length: Int64?
  /// The kind of the period.
  package let kind: Kind

  /// The kind of a period.
  package enum Kind: Sendable, Hashable {
    /// Samples were taken.
    case recorded(Recorded)
    /// No samples were taken.
    case gap(MissingSamples)
    /// No sample is missing, and the wall clock was set by this number of nanoseconds; negative if it was
    /// set back.
    case clockSet(Int64)
  }

  /// Returns the part of the period in a range of time. A period in which the clock was set back, and one outside of the
  /// range, is not cut.
  func limited(to range: ClosedRange<WallTime>?) -> CoveragePeriod {
    guard let range, from <= until, range.overlaps(from...until) else { return self }
    let time = (from...until).clamped(to: range)
    let omitted = (time.lowerBound &- from) &+ (until &- time.upperBound)
    return CoveragePeriod(
      from: time.lowerBound, until: time.upperBound, length: length.map { max(0, $0 &- omitted) },
      kind: kind)
  }

  /// The details of a recorded period; nil for any other.
  package var recorded: Recorded? {
    if case .recorded(let recorded) = kind { recorded } else { nil }
  }

  /// The maximum number of disagreements that are listed for one period.
  package static let mostDisagreements: Int64 = 20

  /// The details of a time that one recorder recorded without a gap.
  package struct Recorded: Sendable, Hashable {
    /// The row id of the session (one run of the recorder) in this file.
    package let session: Int64
    /// The number of samples.
    package let samples: Int64
    /// The number of events that changed something; nil if the recorder received no events.
    package let events: Int64?
    /// The number of times that a sample showed a state of a process that no event had reported.
    package let disagreements: Int64
    /// The first of these disagreements, at most `mostDisagreements`.
    package let disagreed: [DisagreementRecord]
    /// The number of namespace changes that the recorder left out, of tasks that changed their namespaces
    /// too often: which namespaces of that type those tasks were in meanwhile is not known.
    package let folded: Int64
    /// The configured interval between two samples, in nanoseconds.
    package let interval: Int64
    /// The way the session ended: `completed`, `stopped`, `failed`, `died` or `open`; `unknown-end` in a
    /// copy that was made while the session was open.
    package let state: String
    /// The UUID of the boot.
    package let boot: String
    /// The inode number of the pid namespace that the recorded PIDs belong to; nil if it is not known.
    package let pidNamespaceInode: UInt64?
    /// The number of processes with a link that the recorder was denied to read.
    package let denied: Int64
    /// Whether the recorder may have missed running processes (`hidepid`).
    package let hidesProcesses: Bool
    /// Which of the processes that no sample observed were recorded; nil if the recorder received no events.
    package let shortLived: ShortLived?
  }
}

/// Whether a history covers a moment.
package struct CoverageAtMoment: Sendable, Hashable {
  /// Whether samples lie on both sides of the moment, with no gap in between.
  package let isCovered: Bool
  /// The samples around the moment: more than one pair if the clock was set, or if the moment lies within a
  /// sample.
  package let samples: [SameAnswer.SampleGap]
  /// Whether the recorder may have missed running processes (`hidepid`).
  package let hidesProcesses: Bool
  /// The least and the greatest recorded time, of a slice those of the part that it holds; nil when there is none.
  package let recorded: ClosedRange<WallTime>?
}

/// A disagreement between a sample and the events before it about one task.
package struct DisagreementRecord: Sendable, Hashable {
  /// The time of the sample.
  package let time: WallTime
  /// The PID of the task; for a thread, that of its process.
  package let pid: Int64
  /// The TID of a thread; nil for a process.
  package let tid: Int64?
  /// The name (comm) of the task; nil if it is not known.
  package let comm: String?
  /// The kind of the disagreement.
  package let kind: Kind
  /// The namespaces by the events and by the sample, for each type in which the two differ.
  package let types: [Difference]

  /// The kind of a disagreement. The raw value is the code in the file.
  package enum Kind: Int64, Sendable, Hashable {
    /// The task was in other namespaces than the events had reported.
    case elsewhere = 1
    /// No event had reported the start of the task.
    case startNotReported = 2
    /// No event had reported the exit of the task.
    case exitNotReported = 3
  }

  /// The two namespaces of one type, each nil if its source did not know it.
  package struct Difference: Sendable, Hashable {
    /// The type.
    package let type: NamespaceType
    /// The namespace of the task by the events.
    package let reported: NamespaceRecord?
    /// The namespace of the task by the sample.
    package let sampled: NamespaceRecord?
  }
}

/// Reads the disagreements from the file.
struct DisagreementReader {
  let reading: HistorySnapshot

  /// Returns the first `most` disagreements in a range of samples.
  func disagreements(
    in samples: ClosedRange<SequenceNumber>, most: Int64
  ) throws(SQLiteError) -> [DisagreementRecord] {
    let rows = try reading.connection.prepare(
      """
      SELECT wall_ns, pid, tid, comm, kind, reported_set_id, sampled_set_id
      FROM disagreement JOIN sample USING (seq) WHERE seq BETWEEN ? AND ?
      ORDER BY seq, position LIMIT ?
      """
    ).bind(reading.index.sampleValues(samples) + [.integer(most)]).map { row in
      (
        time: row.wallTime(0), pid: row.integer(1), tid: row.optionalInteger(2),
        comm: row.optionalText(3).map(SystemText.sanitized), kind: row.integer(4),
        reported: row.optionalSet(5), sampled: row.optionalSet(6)
      )
    }
    var records: [DisagreementRecord] = []
    for row in rows {
      guard let kind = DisagreementRecord.Kind(rawValue: row.kind) else {
        throw .corrupt("a disagreement has the kind \(row.kind)", operation: "read the samples")
      }
      records.append(
        DisagreementRecord(
          time: row.time, pid: row.pid, tid: row.tid, comm: row.comm, kind: kind,
          types: kind == .elsewhere ? try differences(row.reported, row.sampled) : []))
    }
    return records
  }

  private func differences(
    _ reported: NamespaceSetID?, _ sampled: NamespaceSetID?
  ) throws(SQLiteError) -> [DisagreementRecord.Difference] {
    let before = try reported.map(reading.sets.links) ?? [:]
    let after = try sampled.map(reading.sets.links) ?? [:]
    return NamespaceType.allCases.compactMap { type in
      let (one, two) = (before[type.link]?.namespace, after[type.link]?.namespace)
      return one == two
        ? nil : DisagreementRecord.Difference(type: type, reported: one, sampled: two)
    }
  }
}
