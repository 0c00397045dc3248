internal import Glibc
internal import NSHistory
internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs
internal import SystemPackage

/// The main loop of a recorder: does what its scheduler says, and otherwise waits.
///
/// Each step takes milliseconds: a sample and the events before it are written in portions, so that the loop drains the
/// rings often enough and notices a signal soon.
final class RecordingLoop {
  private let configuration: RecorderConfiguration
  private let source: any SampleSource
  /// Sets what a source reads and where it pauses; nil for a source that the recorder did not choose.
  private let control: (any PassControl)?
  private let writer: HistoryWriter
  /// The event recording; nil if the recorder only takes samples.
  private let events: EventRecording?
  private let scans: BackgroundScans
  /// Owned by `Recorder.run`, which restores the signal mask by releasing it when it returns.
  private unowned let eventLoop: EventLoop
  private var scheduler: Scheduler
  private var diagnostics: StartupDiagnostics
  private var statistics: RecordingStatistics
  /// The removal of the oldest part of the history, within the limits of age and size.
  private(set) var retention: RetentionWork
  /// A sample that is not written yet, because events up to its end may still arrive.
  private var pending: ProcessSample?
  /// The delay between the due time and the start of the last sample, in nanoseconds.
  private var delay: Int64 = 0

  /// The time between two drains of the rings after a wakeup, in nanoseconds.
  private static let drainDelay: Int64 = 200_000
  /// The most events that one step applies.
  private static let eventsPerStep = 2048
  /// How long the recorder may write the remaining events at its end, in nanoseconds; the short limit applies
  /// after a stop signal.
  private static let finalWriteTimeout: Int64 = 10_000_000_000
  private static let finalWriteTimeoutAfterSignal: Int64 = 400_000_000
  /// How long the end of a recording waits for background scans, in nanoseconds; the short limit applies
  /// after a stop signal.
  private static let scanTimeout: Int64 = 10_000_000_000
  private static let scanTimeoutAfterSignal: Int64 = 300_000_000
  /// The delay in nanoseconds until the next attempt to write a scan, if events from the time of the scan
  /// may still arrive.
  private static let scanRetryDelay: Int64 = 50_000_000

  init(
    _ configuration: RecorderConfiguration, source: any SampleSource, control: (any PassControl)?,
    writer: HistoryWriter, events: EventRecording?, scans: BackgroundScans, eventLoop: EventLoop,
    scheduler: Scheduler, diagnostics: StartupDiagnostics, statistics: RecordingStatistics,
    retention: RetentionWork
  ) {
    self.configuration = configuration
    self.source = source
    self.control = control
    self.writer = writer
    self.events = events
    self.scans = scans
    self.eventLoop = eventLoop
    self.scheduler = scheduler
    self.diagnostics = diagnostics
    self.statistics = statistics
    self.retention = retention
  }

  /// The result of the recording so far.
  var summary: RecordingSummary { statistics.summary }

  /// Records until the configured number of samples, a stop signal or a failure.
  ///
  /// - Parameters:
  ///   - onPulse: called at each sign of life.
  ///   - onSample: called after each sample that was written.
  func run(
    onPulse: () -> Void, onSample: (SampleReport) -> Void
  ) throws(RecorderError) {
    var taken = 0
    while taken < configuration.samples ?? .max {
      if scheduler.takePulse(at: ClockReading.now().boot) { onPulse() }
      // Checks for a signal in every iteration, because an overloaded recorder never waits.
      if let signal = eventLoop.pendingStop() {
        statistics.summary.signal = signal
        break
      }
      let situation = situation
      switch scheduler.next(situation) {
      case .writeEventsBeforeSample:
        if let pending { try writeEvents(until: pending.start.boot) }
      case .completeSample:
        if try complete(onSample) {
          taken += 1
          pollScans()
          retainWhileUrgent()
        } else {
          scheduler.noteUselessSample(at: situation.now)
        }
        guard isInPlace() else { return }
      case .takeSample: if try !takeSample() { taken += 1 }
      case .writeEvents:
        try writeEvents()
        pollScans()
        guard isInPlace() else { return }
        retainWhileUrgent()
        if let most = retention.mostEvents, writer.eventsSinceSample > most {
          scheduler.requestSample(at: situation.now)
        }
      case .pollScans: pollScans()
      case .retain: retention.step(writer)
      case .wait(let until):
        if let signal = try wait(until: until) { statistics.summary.signal = signal }
      }
      if statistics.summary.signal != nil { break }
    }
    try finish(onSample)
    awaitScans()
  }

  private var situation: Scheduler.Situation {
    var situation = Scheduler.Situation(now: ClockReading.now().boot)
    if let pending {
      let readyAt = readyAt ?? situation.now
      situation.pending =
        situation.now < readyAt
        ? .waiting(until: readyAt) : .ready(hasManyEvents: hasManyEvents(before: pending))
    }
    situation.isSampleNeeded = isSampleNeeded
    situation.queuedEvents = events?.count ?? 0
    situation.retentionDue = retention.due
    situation.retentionFits =
      situation.now >= retention.due
      && retention.fits(writer, before: scheduler.sampleDue, at: situation.now)
    return situation
  }

  // MARK: Samples

  /// Whether event recording needs a sample to start from or to resync.
  private var isSampleNeeded: Bool { events?.needsSample == true }

  /// The time on the boot clock at which the pending sample may be completed; nil if there is none, or if it has no
  /// events to wait for.
  private var readyAt: BootTime? {
    guard let pending else { return nil }
    return events?.readyAt(pending)
  }

  /// Takes a sample, which stays pending until all events up to its end have arrived; `complete` then writes it.
  /// Returns false if the sample failed.
  private func takeSample() throws(RecorderError) -> Bool {
    delay = scheduler.delay(at: ClockReading.now().boot)
    defer { scheduler.noteSample(at: ClockReading.now().boot) }
    do { pending = try takeSteadySample() } catch {
      // The pass did not fail if a stop signal cancelled it.
      guard eventLoop.pendingStop() == nil else { return true }
      statistics.fail(.readFailed, "\(error); trying again at the next sample")
      scheduler.noteFailedSample(at: ClockReading.now().boot)
      return false
    }
    return true
  }

  /// Takes a sample during which the wall clock was not set, with a few attempts: if the clock is set during a
  /// sample, the wall times of the sample are not known. A clock that runs slightly faster or slower
  /// (`adjtimex(2)`) does not count as set.
  private func takeSteadySample() throws -> ProcessSample {
    control?.wantThreads(all: configuration.threads, sharing: isSampleNeeded)
    var sample = try source.takeSample()
    // With events there is no need for it: merged with the events, a sample describes one moment. And no
    // sample may be dropped, because each has to be compared with the events.
    for _ in 0..<3 where events == nil {
      let length = sample.end.boot - sample.start.boot
      let step = (sample.end.wall - sample.start.wall) - length
      if abs(step) < max(ClockStep.least, length / 8) { break }
      writer.buffer(sample)
      sample = try source.takeSample()
    }
    return sample
  }

  /// Merges the pending sample with the events. Returns the result, and the times and counts of the sample; the
  /// sample itself, which may be large, is released.
  private func completePending() throws(RecorderError) -> (
    span: ProcessSample, merged: EventRecording.MergedSample
  )? {
    guard let sample = pending else { return nil }
    pending = nil
    let span = ProcessSample(span: sample)
    guard let events else { return (span, EventRecording.MergedSample(sample: sample)) }
    do throws(EventsError) { return (span, try events.complete(sample)) } catch {
      throw .events(error)
    }
  }

  /// Writes the pending sample and the events before it. Returns false if another sample is needed
  /// first.
  private func complete(_ onSample: (SampleReport) -> Void) throws(RecorderError) -> Bool {
    guard let (sample, merged) = try completePending() else { return false }
    if let events {
      scheduler.noteEventsWritten()
      if events.count > 0 { scheduler.noteEvents(at: ClockReading.now().boot) }
      add(merged.batches)
    }
    guard let translated = merged.sample, writeBacklog() else { return false }
    scheduler.noteUsableSample(
      hasUnverified: events?.hasUnverified == true, at: ClockReading.now().boot)
    diagnostics.sample(sample.counts)
    statistics.write(sample, merged, scheduler.schedule, delay: delay, onSample) {
      (timing) throws(HistoryError) in
      try writer.write(translated, timing)
    }
    return true
  }

  // MARK: Events

  /// Applies and writes queued events. Logs a failure and retries with the next events.
  ///
  /// - Parameter end: the time on the boot clock up to which events are written; later ones stay queued.
  private func writeEvents(until end: BootTime = .max) throws(RecorderError) {
    scheduler.noteEventsWritten()
    guard let events else { return }
    do throws(EventsError) {
      add(try events.flush(until: end, most: Self.eventsPerStep))
    } catch { throw .events(error) }
    do throws(HistoryError) {
      statistics.succeed(try writer.writeSomeEvents())
      if writer.pendingEvents > 0 { scheduler.requestEvents(by: .min) }
    } catch {
      statistics.failEvents("\(error); trying again")
    }
    if events.count > 0 { scheduler.noteEvents(at: ClockReading.now().boot) }
  }

  /// Whether more events than one step applies are queued before a sample.
  private func hasManyEvents(before sample: ProcessSample) -> Bool {
    guard let events, !events.needsSample else { return false }
    return events.count > Self.eventsPerStep
      && events.hasMore(than: Self.eventsPerStep, before: sample.start.boot)
  }

  /// Writes the events before a sample in portions, until the rest is small enough to be written with
  /// the sample. Returns false if a stop signal arrived.
  private func writeBacklog() -> Bool {
    while writer.hasBacklog {
      guard eventLoop.pendingStop() == nil else { return false }
      do throws(HistoryError) { statistics.succeed(try writer.writeSomeEvents()) } catch {
        statistics.failEvents("\(error); trying again")
        break
      }
    }
    return true
  }

  private func add(_ batches: [EventBatch]) {
    for batch in batches {
      statistics.receive(batch.events.count)
      if !writer.add(batch) { statistics.failing = .writeFailed }
    }
  }

  // MARK: Retention and scans

  /// Takes a step of retention, and further steps while the size is above its limit: between samples, events are
  /// written that let the file grow. A step delays the next sample only as `RetentionWork.fits` permits.
  private func retainWhileUrgent() {
    retention.request(writer)
    var steps = 0
    while retention.due != .max, steps == 0 || retention.isUrgent, steps < 16 {
      let now = ClockReading.now().boot
      guard retention.due <= now, retention.fits(writer, before: scheduler.sampleDue, at: now)
      else { return }
      retention.step(writer)
      events?.collect()
      steps += 1
    }
  }

  private func pollScans() {
    let outcome = scans.poll(writer, events, mayWrite: statistics.summary.samples > 0)
    for message in outcome.messages { diagnostics.log(message) }
    if let error = outcome.failure {
      statistics.failBackgroundScans("\(error); trying again after the next sample")
    }
    scheduler.setScans(due: outcome.next)
    if outcome.waitsForEvents {
      scheduler.requestEvents(by: ClockReading.now().boot + Self.scanRetryDelay)
    }
  }

  // MARK: Waiting

  /// Waits until a time, until events arrive or a signal stops the recorder; returns that signal.
  private func wait(until: BootTime) throws(RecorderError) -> Int32? {
    if let signal = eventLoop.pendingStop() { return signal }
    if let events, events.isBusy { return try waitInQuietMode(events, until: until) }
    do throws(Errno) {
      let drainDue = events?.drainDue ?? .max
      switch try eventLoop.wait(until: min(until, drainDue), for: events?.descriptors ?? []) {
      case .slot:
        if ClockReading.now().boot >= drainDue { collect() }
        return nil
      case .stop(let signal): return signal
      case .events: break
      }
      events?.collect()
      let now = ClockReading.now().boot
      scheduler.noteEvents(at: now)
      // After a wakeup the loop waits briefly, so that the next drain reads several events: a drain for
      // each event would cost more.
      if case .stop(let signal) = try eventLoop.wait(until: min(until, now + Self.drainDelay)) {
        return signal
      }
    } catch { throw .eventLoop(error) }
    return nil
  }

  /// Waits in quiet mode, where the loop drains the rings periodically.
  private func waitInQuietMode(
    _ events: EventRecording, until: BootTime
  ) throws(RecorderError) -> Int32? {
    let now = ClockReading.now().boot
    var signal: Int32?
    do throws(Errno) {
      if case .stop(let number) = try eventLoop.wait(
        until: min(until, now + events.busyDrainInterval), for: events.descriptors)
      {
        signal = number
      }
    } catch { throw .eventLoop(error) }
    collect()
    return signal
  }

  /// Drains the rings, and has the events written in a while.
  private func collect() {
    guard let events else { return }
    let now = ClockReading.now().boot
    events.collect()
    if events.count > 0 { scheduler.noteEvents(at: now) }
  }

  // MARK: End

  /// Whether the history file still lies at its path. Notes its loss.
  private func isInPlace() -> Bool {
    if writer.isInPlace { return true }
    statistics.summary.lostFile = writer.lostFile
    return false
  }

  /// Completes the pending sample and writes the remaining events.
  private func finish(_ onSample: (SampleReport) -> Void) throws(RecorderError) {
    guard let events else { return }
    // Events up to this moment may still be on their way.
    let end = ClockReading.now().boot
    let deadline =
      end
      + (eventLoop.pendingStop() == nil
        ? Self.finalWriteTimeout : Self.finalWriteTimeoutAfterSignal)
    while ClockReading.now().boot <= min(deadline, max(events.readyAt(upTo: end), readyAt ?? .min))
    {
      usleep(2000)
    }
    if let pending, !hasManyEvents(before: pending) || eventLoop.pendingStop() == nil {
      _ = try complete(onSample)
    }
    try writeLastEvents(until: deadline)
  }

  /// Writes the remaining events until a deadline on the boot clock.
  private func writeLastEvents(until deadline: BootTime) throws(RecorderError) {
    repeat {
      try writeEvents()
    } while (writer.pendingEvents > 0 || (events?.count ?? 0) > Self.eventsPerStep)
      && statistics.canWriteEvents && ClockReading.now().boot < deadline
    if writer.pendingEvents > 0 {
      diagnostics.log(
        "ended before the last events were written: the history ends where they begin")
    }
  }

  /// Waits for running background scans, so that a short recording has their results.
  private func awaitScans() {
    guard statistics.summary.samples > 0, isInPlace() else { return }
    let began = ClockReading.now().boot
    while scans.isRunning {
      statistics.summary.signal = statistics.summary.signal ?? eventLoop.pendingStop()
      let limit = statistics.summary.signal == nil ? Self.scanTimeout : Self.scanTimeoutAfterSignal
      guard ClockReading.now().boot - began < limit else { break }
      usleep(5000)
    }
    pollScans()
    do throws(HistoryError) { try scans.writeLast(writer) } catch {
      statistics.failBackgroundScans("\(error)")
    }
  }
}
