internal import Logging
internal import NSHistory
internal import NamespaceModel

/// Accounts for the result of each sample: counts samples and changes, logs warnings, and decides whether there is a
/// gap, a time without observation, before a sample.
struct RecordingStatistics {
  var summary = RecordingSummary()
  /// The totals since the recorder began.
  private(set) var totals = RecordingTotals()
  /// Why samples after the last written one are missing; nil if none is missing.
  var failing: GapCause?
  private let logger: Logger
  private let interval: Int64
  /// The last sample that was written to the file.
  private var lastWritten: ProcessSample?
  /// How long the last write took, in nanoseconds, successful or not.
  private var lastWriteTook: Int64 = 0
  private var lastEventWriteFailed = false
  private var lastScanWriteFailed = false
  /// Whether the last sample was late.
  private var wasLate = false
  /// Whether changes were omitted before the last sample, because tasks were throttled (`ChangeRate`).
  private var wasThrottling = false
  /// The least delay of a sample, in nanoseconds, that is worth a warning.
  private static let lateness: Int64 = 500_000_000

  init(_ logger: Logger, interval: Int64) {
    self.logger = logger
    self.interval = interval
  }

  /// Calls `body` to write a sample. Logs a failure; the next sample includes the unwritten changes.
  mutating func write(
    _ sample: ProcessSample, _ merged: EventRecording.MergedSample, _ schedule: Schedule,
    delay: Int64,
    _ onSample: (SampleReport) -> Void,
    by body: (SampleTiming) throws(HistoryError) -> HistoryWriter.Written
  ) {
    let timing = timing(of: sample, merged, schedule, delay: delay)
    let began = ClockReading.now().boot
    do throws(HistoryError) {
      let written = try body(timing)
      logLate(delay, written)
      log(merged.omitted)
      succeed(sample, written, timing, merged.sample?.disagreements.first, onSample)
    } catch {
      fail(.writeFailed, "\(error); trying again at the next sample")
    }
    lastWriteTook = ClockReading.now().boot - began
  }

  private func timing(
    of sample: ProcessSample, _ merged: EventRecording.MergedSample, _ schedule: Schedule,
    delay: Int64
  ) -> SampleTiming {
    var gap: GapCause?
    if let lastWritten {
      gap = failing ?? schedule.gap(from: lastWritten, to: sample, writing: lastWriteTook)
      // While no sample could be taken, events still reported every change, so there is no gap here. The
      // writer knows whether those events are in the file.
      if merged.isExact { gap = nil }
      if !merged.losses.isEmpty { gap = .eventsLost }
    }
    return SampleTiming(
      late: schedule.lateness(delay), gap: gap, isExact: merged.isExact,
      disagreements: merged.disagreements, losses: merged.losses, folded: merged.omitted.count)
  }

  mutating func fail(_ cause: GapCause, _ message: String) {
    summary.failures += 1
    totals.failures[cause, default: 0] += 1
    // Logs a lasting failure once, not at each sample.
    if failing != cause { logger.error("\(message)") }
    failing = cause
    summary.endedUnwritten = cause == .writeFailed
  }

  /// Notes that events were written.
  mutating func succeed(_ written: HistoryWriter.Written) {
    summary.changes += written.changes
    totals.changes += written.changes
    report(clockStep: written.clockStep)
  }

  /// Counts changes that were derived from the kernel's events.
  mutating func receive(_ events: Int) { totals.events += events }

  /// Notes that events could not be written; they stay buffered.
  mutating func failEvents(_ message: String) {
    if !lastEventWriteFailed, failing == nil { logger.error("\(message)") }
    lastEventWriteFailed = true
    summary.endedUnwritten = true
  }

  /// Notes that the results of background scans could not be written; they stay buffered.
  mutating func failBackgroundScans(_ message: String) {
    if !lastScanWriteFailed, failing == nil { logger.error("\(message)") }
    lastScanWriteFailed = true
  }

  /// Whether the last attempt to write events succeeded, or none was made.
  var canWriteEvents: Bool { !lastEventWriteFailed }

  /// Warns of a late sample. As long as events report every change, a late sample makes no gap, but the
  /// samples are further apart than the user asked for.
  private mutating func logLate(_ delay: Int64, _ written: HistoryWriter.Written) {
    let isLate = delay > max(interval / 2, Self.lateness)
    if isLate, !wasLate, written.gap == nil {
      logger.warning(
        """
        a sample was taken \(TimeFormat.duration(delay)) after it was due: the recorder had too much \
        to do; events went on to be recorded
        """)
    }
    wasLate = isLate
  }

  private mutating func log(_ omitted: OmittedChanges) {
    let isThrottling = omitted.count > 0
    if isThrottling, !wasThrottling {
      let others = omitted.tasks > 1 ? " and \(omitted.tasks - 1) more" : ""
      let name = omitted.comm.map { " (\(SystemText.escaped($0)))" } ?? ""
      let who = omitted.pid.map { "PID \($0)\(name)\(others)" } ?? "a process"
      let changes = omitted.count == 1 ? "1 change was" : "\(omitted.count) changes were"
      logger.warning(
        """
        \(who) changed namespaces more often than \(ChangeRate.most) times a second: \
        \(changes) left out, and where it was meanwhile is unknown (changed-between-samples); all \
        others are recorded as before
        """)
    }
    wasThrottling = isThrottling
  }

  private mutating func succeed(
    _ sample: ProcessSample, _ written: HistoryWriter.Written, _ timing: SampleTiming,
    _ disagreement: Disagreement?, _ onSample: (SampleReport) -> Void
  ) {
    log(sample, written, timing, disagreement)
    failing = nil
    lastEventWriteFailed = false
    lastScanWriteFailed = false
    summary.endedUnwritten = false
    summary.samples += 1
    // The first sample has no predecessor, so nothing in it counts as a change.
    let changes = lastWritten == nil ? 0 : written.changes
    summary.changes += changes
    totals.add(written, timing, changes)
    summary.processes = sample.counts.processes
    summary.namespaces = sample.counts.namespaces
    summary.denied = sample.counts.denied
    lastWritten = ProcessSample(span: sample)
    onSample(
      SampleReport(
        number: summary.samples, time: sample.start, took: sample.end.boot - sample.start.boot,
        counts: sample.counts, changes: changes, totals: totals))
  }

  private func log(
    _ sample: ProcessSample, _ written: HistoryWriter.Written, _ timing: SampleTiming,
    _ disagreement: Disagreement?
  ) {
    let length = lastWritten.map { " of \(TimeFormat.duration(sample.start.boot - $0.start.boot))" }
    if failing != nil || lastEventWriteFailed {
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
      let name = disagreement?.comm.map { " (\(SystemText.escaped($0)))" } ?? ""
      let first = disagreement.map { ", first of PID \($0.pid)\(name)" } ?? ""
      logger.warning(
        """
        of \(timing.disagreements) processes a sample showed what no event had reported\(first); the \
        sample is right, and what was reported of them since the sample before the last is not certain \
        (`query coverage` lists them)
        """)
    }
    report(clockStep: written.clockStep)
  }

  private func report(clockStep step: Int64?) {
    // Over a long interval NTP's gradual corrections add up; they are no clock step.
    guard let step, step.magnitude > UInt64(max(100_000_000, interval / 1000)) else { return }
    let direction = step < 0 ? "back" : "forward"
    logger.warning("the wall clock was set \(direction) by \(TimeFormat.duration(step))")
  }
}

extension ProcessSample {
  /// A copy with the times and the counts of a sample, without its changes, which may be large.
  init(span: ProcessSample) {
    self.init(start: span.start)
    end = span.end
    counts = span.counts
  }
}
