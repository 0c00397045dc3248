// The loop of a recorder: what is due, and what it waits for meanwhile.

internal import Glibc
internal import NSHistory
internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs
internal import SystemPackage

extension Recorder {
  /// How long events wait to be written, and how long the kernel is let alone after some came, in
  /// nanoseconds.
  private static let patience: Int64 = 750_000_000
  private static let pause: Int64 = 2_000_000
  private static let shortPause: Int64 = 200_000
  /// How soon a sample is taken that decides what the last one left open.
  private static let secondLook: Int64 = 100_000_000
  /// So many events are not left waiting.
  private static let manyEvents = 1 << 15
  /// How many events are taken in at once.
  private static let someEvents = 2048
  /// How long the end of a recording writes what is left; and when a signal asked for it.
  private static let lastWork: Int64 = 10_000_000_000
  private static let shortLastWork: Int64 = 400_000_000

  func record(
    _ wakeups: EventLoop, _ schedule: Schedule, _ onSample: (SampleReport) -> Void
  ) throws(RecorderError) {
    var taken = 0
    while true {
      // Whatever is due: who has too much to do never waits.
      if let signal = wakeups.pendingStop() {
        outcomes.summary.signal = signal
        break
      }
      let now = ClockReading.now().boot
      if let pending, now >= settles ?? now, hasManyEvents(before: pending) {
        try writeEvents(until: pending.start.boot)
      } else if pending != nil, now >= settles ?? now {
        if try complete(schedule, wakeups, onSample) {
          taken += 1
          lookAround()
        } else {
          notBefore = now + Self.secondLook
        }
        guard isInPlace() else { return }
        if let limit = configuration.samples, taken >= limit { break }
      } else if pending == nil, now >= sampleDue || (isSampleNeeded && now >= notBefore) {
        if try !takeSample(schedule, wakeups) { taken += 1 }
        if let limit = configuration.samples, taken >= limit { break }
      } else if pending == nil, now >= eventsDue || (events?.count ?? 0) > Self.manyEvents {
        try writeEvents()
        lookAround()
        guard isInPlace() else { return }
      } else if pending == nil, now >= scansDue {
        lookAround()
      } else if let signal = try wait(wakeups) {
        outcomes.summary.signal = signal
        break
      }
    }
    try finish(schedule, wakeups, onSample)
    finishLooks(wakeups)
  }

  /// Whether a sample has to tell where all begins.
  private var isSampleNeeded: Bool { events?.needsSample == true }

  /// Takes a sample, to be completed when all that happened meanwhile is known. False when it failed.
  private func takeSample(
    _ schedule: Schedule, _ wakeups: EventLoop
  ) throws(RecorderError) -> Bool {
    behind = sampleDue == .min ? 0 : max(0, ClockReading.now().boot - sampleDue)
    defer { sampleDue = schedule.next(after: ClockReading.now().boot) }
    do throws(ProcfsError) { pending = try takeSteadySample() } catch {
      // It was ended on request.
      guard wakeups.pendingStop() == nil else { return true }
      outcomes.fail(.readFailed, "\(error); trying again at the next sample")
      notBefore = schedule.next(after: ClockReading.now().boot)
      return false
    }
    return true
  }

  /// A sample during which the wall clock was not set, if one can be had in a few passes: of
  /// another, nothing would tell which times it showed. A clock that is made to run a little faster
  /// or slower (`adjtimex(2)`) is not set.
  private func takeSteadySample() throws(ProcfsError) -> ProcessSample {
    (source as? ProcfsSource)?.readsThreads = configuration.threads || isSampleNeeded
    var sample = try source.takeSample()
    // With events it is of one moment, and each pass has to be compared with them.
    for _ in 0..<3 where events == nil {
      let length = sample.end.boot - sample.start.boot
      let step = (sample.end.wall - sample.start.wall) - length
      if abs(step) < max(ClockStep.least, length / 8) { break }
      writer.keep(sample)
      sample = try source.takeSample()
    }
    return sample
  }

  /// When the sample that waits may be completed; nil where none waits, or for no events.
  private var settles: Int64? {
    guard let pending else { return nil }
    return events?.settles(pending)
  }

  /// What the sample that waited tells beside events. The sample itself is let go: it may be large.
  private func completePending() throws(RecorderError) -> (
    span: ProcessSample, told: EventRecording.Outcome
  )? {
    guard let sample = pending else { return nil }
    pending = nil
    let span = ProcessSample(span: sample)
    guard let events else { return (span, EventRecording.Outcome(sample: sample)) }
    do throws(EventsError) { return (span, try events.complete(sample)) } catch {
      throw .events(error)
    }
  }

  /// Writes the sample that waits, and the events before it. False where another is needed first.
  private func complete(
    _ schedule: Schedule, _ wakeups: EventLoop, _ onSample: (SampleReport) -> Void
  ) throws(RecorderError) -> Bool {
    guard let (sample, told) = try completePending() else { return false }
    if let events {
      eventsDue = events.count > 0 ? ClockReading.now().boot + Self.patience : .max
      add(told.batches)
    }
    guard let news = told.sample, writeBacklog(wakeups) else { return false }
    // Until it is decided what is right the history may say what is not.
    looksAgain = events?.hasSuspects == true && !looksAgain
    if looksAgain { sampleDue = min(sampleDue, ClockReading.now().boot + Self.secondLook) }
    notices.sample(sample.counts)
    outcomes.write(sample, told, schedule, behind: behind, onSample) {
      (timing) throws(HistoryError) in
      try writer.write(news, timing)
    }
    return true
  }

  /// Writes what events reported. What fails is said, and tried again with the next events.
  ///
  /// - Parameter end: what happened later waits, on the boot clock.
  private func writeEvents(until end: Int64 = .max) throws(RecorderError) {
    eventsDue = .max
    guard let events else { return }
    do throws(EventsError) {
      add(try events.turn(until: end, most: Self.someEvents))
    } catch { throw .events(error) }
    do throws(HistoryError) {
      outcomes.succeed(try writer.writeSomeEvents())
      if writer.pendingEvents > 0 { eventsDue = .min }
    } catch {
      outcomes.failEvents("\(error); trying again")
    }
    if events.count > 0 { eventsDue = min(eventsDue, ClockReading.now().boot + Self.patience) }
  }

  /// Whether more events are waiting before a sample than are taken in at once.
  private func hasManyEvents(before sample: ProcessSample) -> Bool {
    guard let events, !events.needsSample else { return false }
    return events.count > Self.someEvents
      && events.hasMore(than: Self.someEvents, before: sample.start.boot)
  }

  /// Writes the events before a sample, in portions, until so few are left that they are written with
  /// it. False when a signal to end has come meanwhile.
  private func writeBacklog(_ wakeups: EventLoop) -> Bool {
    while writer.hasBacklog {
      guard wakeups.pendingStop() == nil else { return false }
      do throws(HistoryError) { outcomes.succeed(try writer.writeSomeEvents()) } catch {
        outcomes.failEvents("\(error); trying again")
        break
      }
    }
    return true
  }

  /// Writes events that are left, up to a time on the boot clock.
  private func writeLastEvents(until deadline: Int64) throws(RecorderError) {
    repeat {
      try writeEvents()
    } while (writer.pendingEvents > 0 || (events?.count ?? 0) > Self.someEvents)
      && outcomes.canWriteEvents && ClockReading.now().boot < deadline
    if writer.pendingEvents > 0 {
      notices.say("ended before the last events were written: the history ends where they begin")
    }
  }

  private func add(_ batches: [EventBatch]) {
    for batch in batches where !writer.add(batch) { outcomes.failing = .writeFailed }
  }

  /// Completes what is under way.
  private func finish(
    _ schedule: Schedule, _ wakeups: EventLoop, _ onSample: (SampleReport) -> Void
  ) throws(RecorderError) {
    guard let events else { return }
    // What happened up to now is still to be reported.
    let end = ClockReading.now().boot
    let deadline = end + (wakeups.pendingStop() == nil ? Self.lastWork : Self.shortLastWork)
    while ClockReading.now().boot <= min(deadline, max(events.settles(at: end), settles ?? 0)) {
      usleep(2000)
    }
    if let pending, !hasManyEvents(before: pending) || wakeups.pendingStop() == nil {
      _ = try complete(schedule, wakeups, onSample)
    }
    try writeLastEvents(until: deadline)
  }

  func isInPlace() -> Bool {
    if writer.isInPlace { return true }
    outcomes.summary.lostFile = writer.lostFile
    return false
  }

  /// When there is something to do. While a sample waits to be completed nothing else is begun: to wake
  /// for that would be to wake at once, ever again.
  private var due: Int64 {
    if let settles { return settles }
    let next = min(sampleDue, eventsDue, scansDue)
    return isSampleNeeded ? min(next, notBefore) : next
  }

  /// Waits for what comes next; gives the signal that ends it all, if that came.
  private func wait(_ wakeups: EventLoop) throws(RecorderError) -> Int32? {
    if let signal = wakeups.pendingStop() { return signal }
    let until = due
    if events?.isBusy == true { return try look(wakeups, until) }
    do throws(Errno) {
      switch try wakeups.wait(until: until, for: events?.descriptors ?? []) {
      case .slot: return nil
      case .stop(let signal): return signal
      case .events: break
      }
      events?.collect()
      let now = ClockReading.now().boot
      eventsDue = min(eventsDue, now + Self.patience)
      // What comes at once can wait for the next look: a look for each event would cost more.
      if case .stop(let signal) = try wakeups.wait(until: min(until, now + Self.shortPause)) {
        return signal
      }
    } catch { throw .wakeups(error) }
    return nil
  }

  /// The same while events are looked at by the clock.
  private func look(_ wakeups: EventLoop, _ until: Int64) throws(RecorderError) -> Int32? {
    let now = ClockReading.now().boot
    var signal: Int32?
    do throws(Errno) {
      if case .stop(let number) = try wakeups.wait(
        until: min(until, now + Self.pause), for: events?.descriptors ?? [])
      {
        signal = number
      }
    } catch { throw .wakeups(error) }
    events?.collect()
    if events?.count ?? 0 > 0 { eventsDue = min(eventsDue, now + Self.patience) }
    return signal
  }
}
