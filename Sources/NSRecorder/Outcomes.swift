internal import Logging
internal import NSHistory
internal import NamespaceModel

/// What came of each sample: counts it, says what a person must know, and tells whether samples are
/// missing before it.
struct Outcomes {
  var summary = RecordingSummary()
  /// Why the samples since the last one in the file are not there.
  var failing: GapCause?
  private let logger: Logger
  private let interval: Int64
  /// The last sample that is in the file.
  private var lastWritten: ProcessSample?
  /// How long the last write took, in nanoseconds, successful or not.
  private var lastWriteTook: Int64 = 0
  private var saidEventsFail = false
  private var saidFindingsFail = false

  init(_ logger: Logger, interval: Int64) {
    self.logger = logger
    self.interval = interval
  }

  /// Writes a sample by `body`. What fails is said, and tried again with the next.
  mutating func write(
    _ sample: ProcessSample, _ told: EventRecording.Outcome, _ schedule: Schedule,
    _ onSample: (SampleReport) -> Void,
    by body: (SampleTiming) throws(HistoryError) -> HistoryWriter.Written
  ) {
    let timing = timing(of: sample, told, schedule)
    let began = ClockReading.now().boot
    do throws(HistoryError) {
      let written = try body(timing)
      succeed(sample, written, timing, onSample)
    } catch {
      fail(.writeFailed, "\(error); trying again at the next sample")
    }
    lastWriteTook = ClockReading.now().boot - began
  }

  private func timing(
    of sample: ProcessSample, _ told: EventRecording.Outcome, _ schedule: Schedule
  ) -> SampleTiming {
    var gap: GapCause?
    if let lastWritten {
      gap = failing ?? schedule.gap(from: lastWritten, to: sample, writing: lastWriteTook)
      // While nothing could be sampled events went on telling all; whether they are in the file is
      // what the writer knows.
      if told.isExact { gap = nil }
      if !told.losses.isEmpty { gap = .eventsLost }
    }
    return SampleTiming(
      late: schedule.lateness(of: sample.start.boot), gap: gap, isExact: told.isExact,
      disagreements: told.disagreements, losses: told.losses)
  }

  mutating func fail(_ cause: GapCause, _ message: String) {
    summary.failures += 1
    // Said when it begins, not at every slot of a long night.
    if failing != cause { logger.error("\(message)") }
    failing = cause
    summary.endedUnwritten = cause == .writeFailed
  }

  /// Events could not be written; they are kept.
  mutating func failEvents(_ message: String) {
    if !saidEventsFail, failing == nil { logger.error("\(message)") }
    saidEventsFail = true
    summary.endedUnwritten = true
  }

  /// What was found beside samples could not be written; it is kept.
  mutating func failFindings(_ message: String) {
    if !saidFindingsFail, failing == nil { logger.error("\(message)") }
    saidFindingsFail = true
  }

  private mutating func succeed(
    _ sample: ProcessSample, _ written: HistoryWriter.Written, _ timing: SampleTiming,
    _ onSample: (SampleReport) -> Void
  ) {
    say(sample, written, timing)
    failing = nil
    saidEventsFail = false
    saidFindingsFail = false
    summary.endedUnwritten = false
    summary.samples += 1
    // What the first sample meets has not changed.
    let changes = lastWritten == nil ? 0 : written.changes
    summary.changes += changes
    summary.processes = sample.counts.processes
    summary.namespaces = sample.counts.namespaces
    summary.denied = sample.counts.denied
    lastWritten = ProcessSample(span: sample)
    onSample(
      SampleReport(
        number: summary.samples, time: sample.start, took: sample.end.boot - sample.start.boot,
        counts: sample.counts, changes: changes))
  }

  private func say(
    _ sample: ProcessSample, _ written: HistoryWriter.Written, _ timing: SampleTiming
  ) {
    let length = lastWritten.map { " of \(TimeFormat.duration(sample.start.boot - $0.start.boot))" }
    if failing != nil || saidEventsFail {
      let gap = written.gap == nil ? nil : length
      logger.notice("recording again\(gap.map { " after a gap\($0)" } ?? "")")
    } else if let loss = LostEvents(of: timing.losses) {
      let lost = TimeFormat.duration(max(0, sample.start.boot - loss.after))
      let records = loss.records.map { "\($0) " } ?? ""
      logger.warning(
        """
        \(records)events of the kernel were lost (\(loss.cause.words)): a gap of \(lost), up to a \
        full sample\(loss.cause == .ringFull ? "; a larger ring (--event-ring) may help" : "")
        """)
    } else if let gap = written.gap {
      logger.warning("a gap\(length ?? "") in the samples: \(gap.words)")
    }
    if timing.disagreements > 0 {
      logger.warning(
        """
        of \(timing.disagreements) processes a sample showed what no event had told; the sample is \
        right, and what was told of them since the sample before the last is not certain
        """)
    }
    // NTP's slow corrections add up when the interval is long.
    if let step = written.clockStep,
      step.magnitude > UInt64(max(100_000_000, interval / 1000))
    {
      let direction = step < 0 ? "back" : "forward"
      logger.warning("the wall clock was set \(direction) by \(TimeFormat.duration(step))")
    }
  }
}

extension ProcessSample {
  /// When a sample was and how much it met, without what it told: that may be large.
  init(span: ProcessSample) {
    self.init(start: span.start)
    end = span.end
    counts = span.counts
  }
}
