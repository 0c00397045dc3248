package import NamespaceModel
internal import SQLite

/// Tells when samples were taken, and when not.
struct CoverageQuery {
  let reading: HistorySnapshot
  let window: TimeWindow

  private var index: SampleIndex { reading.index }

  func forEach(_ body: (CoveragePeriod) -> Bool) throws(SQLiteError) {
    guard let first = index.first, let last = index.last else { return }
    let sessions = try sessions()
    var before: SamplePoint?
    for piece in try index.pieces(of: first...last) {
      let opening = try index.point(piece.lowerBound)
      let closing = try index.point(piece.upperBound)
      if let before {
        let pause = between(before, opening)
        if isAskedFor(pause), !body(pause) { return }
      }
      before = closing
      let until = max(opening.wall, closing.wallEnd)
      guard window.overlaps(opening.wall, until) else { continue }
      guard let session = sessions[opening.session.first] else {
        throw .corrupt("a session is missing", operation: "read the sessions")
      }
      let recorded = try recorded(piece, opening.session, session)
      let period = CoveragePeriod(
        from: opening.wall, until: until, length: closing.bootEnd &- opening.boot,
        kind: .recorded(recorded))
      if !body(period) { return }
    }
  }

  /// Only what is between what was recorded.
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

  /// What is between two pieces.
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

  /// By their first samples.
  private func sessions() throws(SQLiteError) -> [Int64: Session] {
    var sessions: [Int64: Session] = [:]
    let rows = try reading.connection.prepare(
      """
      SELECT first_seq, session_id, interval_ns, end_reason, uuid, events
      FROM session JOIN pid_space USING (space_id) JOIN boot USING (boot_id)
      WHERE first_seq IS NOT NULL
      """
    ).map { row in
      (
        row.integer(0),
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
    _ piece: ClosedRange<Int64>, _ span: SessionSpan, _ session: Session
  ) throws(SQLiteError) -> CoveragePeriod.Recorded {
    let numbers = piece.upperBound - piece.lowerBound + 1
    let samples =
      session.hasEvents ? try samples(in: piece) : (count: numbers, disagreements: 0, folded: 0)
    return CoveragePeriod.Recorded(
      session: session.row, samples: samples.count,
      // Each number that no sample has is an event's.
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

  /// How many samples there are, how often one of them showed what no event had reported, and how many
  /// changes were left out. Without events every number is a sample's, and there is nothing to disagree with.
  private func samples(
    in piece: ClosedRange<Int64>
  ) throws(SQLiteError) -> (count: Int64, disagreements: Int64, folded: Int64) {
    try reading.connection.prepare(
      """
      SELECT COUNT(*), COALESCE(SUM(disagreements), 0), COALESCE(
        (SELECT SUM(folded) FROM sample_note WHERE seq BETWEEN ?1 AND ?2), 0)
      FROM sample WHERE seq BETWEEN ?1 AND ?2
      """
    ).bind(IntervalOverlapQuery.values(piece))
      .first { ($0.integer(0), $0.integer(1), $0.integer(2)) } ?? (0, 0, 0)
  }

  private func denied(in samples: ClosedRange<Int64>) throws(SQLiteError) -> Int64 {
    try reading.connection.prepare(
      "SELECT COUNT(DISTINCT member) FROM (\(IntervalOverlapQuery.unread("m.task_id AS member")))"
    ).bind(
      IntervalOverlapQuery.values(samples) + [.integer(Int64(UnreadReason.denied.rawValue))]
    ).first { $0.integer(0) } ?? 0
  }
}

/// A time that is recorded without a gap, or what is between two of those.
package struct CoveragePeriod: Sendable, Hashable {
  /// From when, in nanoseconds since the epoch: the beginning of the first sample, or the end of the
  /// last one before.
  package let from: Int64
  /// Until when: the end of the last sample, or the beginning of the first one after. Earlier than
  /// `from` where the clock was set back.
  package let until: Int64
  /// How long that was, in nanoseconds, whatever the wall clock did; nil where that is not known.
  package let length: Int64?
  /// What it is.
  package let kind: Kind

  /// What a period is.
  package enum Kind: Sendable, Hashable {
    /// Samples were taken.
    case recorded(Recorded)
    /// None was.
    case gap(MissingSamples)
    /// No sample is missing, and the wall clock was set by so many nanoseconds: by less than nothing
    /// where it was set back.
    case clockSet(Int64)
  }

  /// What was recorded; nil where nothing was.
  package var recorded: Recorded? {
    if case .recorded(let recorded) = kind { recorded } else { nil }
  }

  /// So many disagreements are listed of one period.
  package static let mostDisagreements: Int64 = 20

  /// What was recorded without a gap, by one recorder.
  package struct Recorded: Sendable, Hashable {
    /// Counts the runs of the recorder in this file.
    package let session: Int64
    /// How many samples there are.
    package let samples: Int64
    /// How many events that changed something; nil where none were listened to.
    package let events: Int64?
    /// How often a sample showed of a process what no event had reported.
    package let disagreements: Int64
    /// The first of these, `mostDisagreements` of them or fewer.
    package let disagreed: [DisagreementRecord]
    /// How many changes of namespaces were left out, of tasks that changed theirs too often: in which
    /// namespaces of that type they were meanwhile is unknown.
    package let folded: Int64
    /// From one sample to the next, as it was asked for, in nanoseconds.
    package let interval: Int64
    /// How the run ended: `completed`, `stopped`, `failed`, `died` or `open`; `unknown-end` in a copy that was
    /// made while it was open.
    package let state: String
    /// The boot's uuid.
    package let boot: String
    /// The inode number of the pid namespace whose PIDs these are; nil if that is not known.
    package let pidNamespaceInode: UInt64?
    /// Of how many processes a link was denied.
    package let denied: Int64
    /// Whether processes could be there and not be seen (`hidepid`).
    package let hidesProcesses: Bool
    /// Which of the processes that no sample observed were kept; nil where no event reported any.
    package let shortLived: ShortLived?
  }
}

/// Whether a history can answer what was at a moment.
package struct CoverageAtMoment: Sendable, Hashable {
  /// Whether samples lie on both sides of it, with no gap in between.
  package let isCovered: Bool
  /// The samples around it: more than one pair where the clock was set, or within a sample.
  package let samples: [SameAnswer.SampleGap]
  /// Whether processes could be there and not be seen (`hidepid`).
  package let hidesProcesses: Bool
  /// The least and the greatest time at which a sample of the whole history began, in nanoseconds
  /// since the epoch; nil when there is none.
  package let recorded: ClosedRange<Int64>?
}

/// A task of which a sample showed what no event had reported.
package struct DisagreementRecord: Sendable, Hashable {
  /// When the sample was, in nanoseconds since the epoch.
  package let time: Int64
  /// Its PID, or that of its process.
  package let pid: Int64
  /// Of a thread, its TID.
  package let tid: Int64?
  /// Its name; nil when it is not known.
  package let comm: String?
  /// What differed.
  package let kind: Kind
  /// Where events had it, and where the sample showed it: of each type in which the two differ.
  package let types: [Difference]

  /// What differed. The raw value is the code in the file.
  package enum Kind: Int64, Sendable, Hashable {
    /// Events had it elsewhere.
    case elsewhere = 1
    /// No event reported its start.
    case startNotReported = 2
    /// No event reported its exit.
    case exitNotReported = 3
  }

  /// The namespaces of one type; nil where the one or the other did not know it.
  package struct Difference: Sendable, Hashable {
    /// The type.
    package let type: NamespaceType
    /// Where events had it.
    package let reported: NamespaceRecord?
    /// Where the sample showed it.
    package let sampled: NamespaceRecord?
  }
}

/// Reads them.
struct DisagreementReader {
  let reading: HistorySnapshot

  /// The first of a range of samples.
  func disagreements(
    in samples: ClosedRange<Int64>, most: Int64
  ) throws(SQLiteError) -> [DisagreementRecord] {
    let rows = try reading.connection.prepare(
      """
      SELECT wall_ns, pid, tid, comm, kind, reported_set_id, sampled_set_id
      FROM disagreement JOIN sample USING (seq) WHERE seq BETWEEN ? AND ?
      ORDER BY seq, position LIMIT ?
      """
    ).bind(IntervalOverlapQuery.values(samples) + [.integer(most)]).map { row in
      (
        time: row.integer(0), pid: row.integer(1), tid: row.optionalInteger(2),
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
