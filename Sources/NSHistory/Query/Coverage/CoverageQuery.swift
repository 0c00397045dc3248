internal import NamespaceModel
internal import SQLite

extension HistoryReader {
  /// Whether the history can answer what was at a moment, in nanoseconds since the epoch.
  public func coverage(at time: Int64) throws(HistoryError) -> CoverageAtMoment {
    try reading(.recording(in: TimeWindow(since: time, until: time))) {
      (reading) throws(SQLiteError) in
      let brackets = try reading.index.brackets(at: time)
      return CoverageAtMoment(
        isCovered: !brackets.isEmpty && brackets.allSatisfy { $0.coverage == .sampled },
        samples: brackets.map(SameAnswer.SampleGap.init),
        hidesProcesses: brackets.contains(where: \.hidesProcesses),
        recorded: try reading.index.recorded())
    }
  }

  /// Gives `body` each time that was recorded, and each gap between two, in the order in which they
  /// were. Ends early when `body` returns false.
  public func coverage(
    in window: TimeWindow = TimeWindow(), _ body: (CoveragePeriod) -> Bool
  ) throws(HistoryError) {
    try reading(.recording(in: window)) { (reading) throws(SQLiteError) in
      try CoverageQuery(reading: reading, window: window).forEach(body)
    }
  }

  /// Gives `body` each gap in a window, in the order in which they were, without a look at what was
  /// recorded between them. Ends early when `body` returns false.
  public func gaps(
    in window: TimeWindow, _ body: (CoveragePeriod, MissingSamples) -> Bool
  ) throws(HistoryError) {
    try reading(.recording(in: window)) { (reading) throws(SQLiteError) in
      try CoverageQuery(reading: reading, window: window).forEachPause { pause in
        if case .gap(let missing) = pause.kind { body(pause, missing) } else { true }
      }
    }
  }
}

/// Tells when samples were taken, and when not.
struct CoverageQuery {
  let reading: Reading
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
    let bracket = SampleWindow(before, after)
    let length = bracket.length.map { $0 &- before.took }
    let kind: CoveragePeriod.Kind =
      if let missing = bracket.missing {
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

  /// How many samples there are, how often one of them showed what no event had told, and how many
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
