// The main loop of a recorder: it runs the work that is due, and otherwise waits.

internal import Glibc
internal import NSHistory
internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs
internal import SystemPackage

extension Recorder {
  /// How long events may wait before they are written, in nanoseconds.
  private static let eventWriteDelay: Int64 = 750_000_000
  /// The time between two drains of the rings after a wakeup, in nanoseconds.
  private static let drainDelay: Int64 = 200_000
  /// The delay, in nanoseconds, until the extra sample that decides about tasks whose state the last sample did not
  /// confirm.
  private static let extraSampleDelay: Int64 = 100_000_000
  /// When more events than this are queued, the loop writes them at once.
  private static let manyEvents = 1 << 15
  /// The most events that one step applies.
  private static let eventsPerStep = 2048
  /// How long the recorder may write the remaining events at its end, in nanoseconds; the short limit applies
  /// after a stop signal.
  private static let finalWriteTimeout: Int64 = 10_000_000_000
  private static let finalWriteTimeoutAfterSignal: Int64 = 400_000_000

  func record(
    _ eventLoop: EventLoop, _ schedule: Schedule, _ onSample: (SampleReport) -> Void,
    _ onTurn: () -> Void
  ) throws(RecorderError) {
    var taken = 0
    while true {
      onTurn()
      // Checks for a signal in every iteration, because an overloaded recorder never reaches `wait`.
      if let signal = eventLoop.pendingStop() {
        statistics.summary.signal = signal
        break
      }
      let now = ClockReading.now().boot
      if let pending, now >= readyAt ?? now, hasManyEvents(before: pending) {
        try writeEvents(until: pending.start.boot)
      } else if pending != nil, now >= readyAt ?? now {
        if try complete(schedule, eventLoop, onSample) {
          taken += 1
          pollBackgroundScans()
          retainWhileUrgent()
        } else {
          notBefore = now + Self.extraSampleDelay
        }
        guard isInPlace() else { return }
        if let limit = configuration.samples, taken >= limit { break }
      } else if pending == nil, now >= sampleDue || (isSampleNeeded && now >= notBefore) {
        if try !takeSample(schedule, eventLoop) { taken += 1 }
        if let limit = configuration.samples, taken >= limit { break }
      } else if pending == nil, now >= eventsDue || (events?.count ?? 0) > Self.manyEvents {
        try writeEvents()
        pollBackgroundScans()
        guard isInPlace() else { return }
        retainWhileUrgent()
        if let most = retention.mostEvents, writer.eventsSinceSample > most {
          sampleDue = min(sampleDue, now)
        }
      } else if pending == nil, now >= scansDue {
        pollBackgroundScans()
      } else if pending == nil, now >= retention.due,
        retention.fits(writer, before: sampleDue, at: now)
      {
        retention.step(writer)
      } else if let signal = try wait(eventLoop) {
        statistics.summary.signal = signal
        break
      }
    }
    try finish(schedule, eventLoop, onSample)
    awaitBackgroundScans(eventLoop)
  }

  /// Whether event recording needs a sample to start from or to resync.
  private var isSampleNeeded: Bool { events?.needsSample == true }

  /// Takes a sample, which stays pending until all events up to its end have arrived; `complete` then writes it.
  /// Returns false if the sample failed.
  private func takeSample(
    _ schedule: Schedule, _ eventLoop: EventLoop
  ) throws(RecorderError) -> Bool {
    delay = sampleDue == .min ? 0 : max(0, ClockReading.now().boot - sampleDue)
    defer { sampleDue = schedule.next(after: ClockReading.now().boot) }
    do { pending = try takeSteadySample() } catch {
      // The pass did not fail if a stop signal cancelled it.
      guard eventLoop.pendingStop() == nil else { return true }
      statistics.fail(.readFailed, "\(error); trying again at the next sample")
      notBefore = schedule.next(after: ClockReading.now().boot)
      return false
    }
    return true
  }

  /// Takes a sample during which the wall clock was not set, with a few attempts: if the clock is set during a
  /// sample, the wall times of the sample are not known. A clock that runs slightly faster or slower
  /// (`adjtimex(2)`) does not count as set.
  private func takeSteadySample() throws -> ProcessSample {
    (source as? ProcfsSource)?.readsThreads = configuration.threads || isSampleNeeded
    (source as? BPFSource)?.readsSharingThreads = isSampleNeeded
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

  /// The time on the boot clock at which the pending sample may be completed; nil if there is none, or if it has no
  /// events to wait for.
  private var readyAt: BootTime? {
    guard let pending else { return nil }
    return events?.readyAt(pending)
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
  private func complete(
    _ schedule: Schedule, _ eventLoop: EventLoop, _ onSample: (SampleReport) -> Void
  ) throws(RecorderError) -> Bool {
    guard let (sample, merged) = try completePending() else { return false }
    if let events {
      eventsDue = events.count > 0 ? ClockReading.now().boot + Self.eventWriteDelay : .max
      add(merged.batches)
    }
    guard let translated = merged.sample, writeBacklog(eventLoop) else { return false }
    // If the sample did not confirm the state of a task, the history may be wrong until the next sample
    // decides. So the next sample is taken soon, but no two extra samples follow each other.
    takesExtraSample = events?.hasUnverified == true && !takesExtraSample
    if takesExtraSample {
      sampleDue = min(sampleDue, ClockReading.now().boot + Self.extraSampleDelay)
    }
    diagnostics.sample(sample.counts)
    statistics.write(sample, merged, schedule, delay: delay, onSample) {
      (timing) throws(HistoryError) in
      try writer.write(translated, timing)
    }
    return true
  }

  /// Applies and writes queued events. Logs a failure and retries with the next events.
  ///
  /// - Parameter end: the time on the boot clock up to which events are written; later ones stay queued.
  private func writeEvents(until end: BootTime = .max) throws(RecorderError) {
    eventsDue = .max
    guard let events else { return }
    do throws(EventsError) {
      add(try events.flush(until: end, most: Self.eventsPerStep))
    } catch { throw .events(error) }
    do throws(HistoryError) {
      statistics.succeed(try writer.writeSomeEvents())
      if writer.pendingEvents > 0 { eventsDue = .min }
    } catch {
      statistics.failEvents("\(error); trying again")
    }
    if events.count > 0 {
      eventsDue = min(eventsDue, ClockReading.now().boot + Self.eventWriteDelay)
    }
  }

  /// Whether more events than one step applies are queued before a sample.
  private func hasManyEvents(before sample: ProcessSample) -> Bool {
    guard let events, !events.needsSample else { return false }
    return events.count > Self.eventsPerStep
      && events.hasMore(than: Self.eventsPerStep, before: sample.start.boot)
  }

  /// Writes the events before a sample in portions, until the rest is small enough to be written with
  /// the sample. Returns false if a stop signal arrived.
  private func writeBacklog(_ eventLoop: EventLoop) -> Bool {
    while writer.hasBacklog {
      guard eventLoop.pendingStop() == nil else { return false }
      do throws(HistoryError) { statistics.succeed(try writer.writeSomeEvents()) } catch {
        statistics.failEvents("\(error); trying again")
        break
      }
    }
    return true
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

  private func add(_ batches: [EventBatch]) {
    for batch in batches {
      statistics.receive(batch.events.count)
      if !writer.add(batch) { statistics.failing = .writeFailed }
    }
  }

  /// Completes the pending sample and writes the remaining events.
  private func finish(
    _ schedule: Schedule, _ eventLoop: EventLoop, _ onSample: (SampleReport) -> Void
  ) throws(RecorderError) {
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
      _ = try complete(schedule, eventLoop, onSample)
    }
    try writeLastEvents(until: deadline)
  }

  func isInPlace() -> Bool {
    if writer.isInPlace { return true }
    statistics.summary.lostFile = writer.lostFile
    return false
  }

  /// The next time at which work is due. While a sample is pending, only its completion counts: no other
  /// work may start, so a wakeup for it would repeat at once without end.
  private var due: BootTime {
    if let readyAt { return min(readyAt, pulseDue) }
    let now = ClockReading.now().boot
    // A step of retention that does not fit before the next sample waits until that sample is written.
    let step = now >= retention.due ? BootTime.max : retention.due
    let next = min(sampleDue, eventsDue, scansDue, step, pulseDue)
    return isSampleNeeded ? min(next, notBefore) : next
  }

  /// Waits until work is due, events arrive or a signal stops the recorder; returns that signal.
  private func wait(_ eventLoop: EventLoop) throws(RecorderError) -> Int32? {
    if let signal = eventLoop.pendingStop() { return signal }
    let until = due
    if let events, events.isBusy { return try waitInQuietMode(eventLoop, events, until) }
    do throws(Errno) {
      let drainDue = events?.drainDue ?? .max
      switch try eventLoop.wait(until: min(until, drainDue), for: events?.descriptors ?? []) {
      case .slot: return drainByTheClock(drainDue)
      case .stop(let signal): return signal
      case .events: break
      }
      events?.collect()
      let now = ClockReading.now().boot
      eventsDue = min(eventsDue, now + Self.eventWriteDelay)
      // After a wakeup the loop waits briefly, so that the next drain reads several events: a drain for
      // each event would cost more.
      if case .stop(let signal) = try eventLoop.wait(until: min(until, now + Self.drainDelay)) {
        return signal
      }
    } catch { throw .eventLoop(error) }
    return nil
  }

  /// Drains the rings if that is due, and never returns a signal.
  private func drainByTheClock(_ due: BootTime) -> Int32? {
    let now = ClockReading.now().boot
    guard let events, now >= due else { return nil }
    events.collect()
    if events.count > 0 { eventsDue = min(eventsDue, now + Self.eventWriteDelay) }
    return nil
  }

  /// Waits in quiet mode, where the loop drains the rings periodically.
  private func waitInQuietMode(
    _ eventLoop: EventLoop, _ events: EventRecording, _ until: BootTime
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
    events.collect()
    if events.count > 0 { eventsDue = min(eventsDue, now + Self.eventWriteDelay) }
    return signal
  }
}
