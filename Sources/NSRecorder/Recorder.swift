internal import Glibc
public import Logging
public import NSHistory
internal import NamespaceModel
public import Procfs
internal import SystemPackage

/// Takes samples on a schedule and writes each into a history, until a signal or a count ends it.
///
///     let recorder = try Recorder(.init(database: "history.db", samples: 3), logger: logger)
///     let summary = try recorder.run { report in print(report.counts.processes) }
public final class Recorder {
  private let configuration: RecorderConfiguration
  private let logger: Logger
  private let source: any SampleSource
  private let writer: HistoryWriter
  private let surroundings: Surroundings
  private var notices: Notices
  private var summary = RecordingSummary()
  /// The last sample that is in the file.
  private var lastWritten: ProcessSample?
  /// Why the samples since then are not.
  private var failing: GapCause?
  /// How long the last write took, in nanoseconds, successful or not.
  private var lastWriteTook: Int64 = 0
  private var hasRun = false

  /// Opens the file, closes what a dead recorder left open in it, and looks around.
  ///
  /// - Parameter source: where samples come from; by default, the configured `/proc`.
  public init(
    _ configuration: RecorderConfiguration, logger: Logger, source: (any SampleSource)? = nil
  ) throws(RecorderError) {
    precondition(
      (1...RecorderConfiguration.longestInterval).contains(configuration.interval),
      "an interval is above zero, and a year at most")
    self.configuration = configuration
    self.logger = logger
    notices = Notices(logger)
    do throws(ProcfsError) {
      let root = try ProcRoot(path: configuration.procRoot)
      let source = source ?? ProcfsSource(root: root)
      surroundings = try Surroundings(root, source.identity)
      self.source = source
    } catch { throw .procfs(error) }
    do throws(HistoryError) {
      writer = try HistoryWriter(path: configuration.database)
    } catch { throw .history(error) }
  }

  /// How namespaces are told apart.
  public var identity: IdentitySource { source.identity }

  /// The dead session that was closed when the file was opened, if there was one.
  public var closedSession: HistoryWriter.ClosedSession? { writer.closedSession }

  /// Records. Meanwhile SIGINT, SIGTERM, SIGQUIT and, unless it is ignored, SIGHUP end the
  /// session in order.
  ///
  /// To be called once: a source tells of each process once.
  ///
  /// - Parameter onSample: called after each sample that was written.
  public func run(
    onSample: (SampleReport) -> Void = { _ in }
  ) throws(RecorderError) -> RecordingSummary {
    precondition(!hasRun, "a recorder runs once")
    hasRun = true
    let wakeups: Wakeups
    do throws(Errno) { wakeups = try Wakeups() } catch { throw .wakeups(error) }
    // Until the session has ended: another signal must not cut that short.
    defer { withExtendedLifetime(wakeups) {} }
    let started = ClockReading.now()
    try begin(started)
    notices.begin(surroundings, identity: source.identity)
    let schedule = Schedule(start: started.boot, interval: configuration.interval)
    var taken = 0
    while summary.signal == nil {
      takeSample(schedule, onSample)
      taken += 1
      guard writer.isInPlace else {
        summary.lostFile = writer.lostFile
        break
      }
      if let limit = configuration.samples, taken >= limit { break }
      do throws(Errno) {
        try wait(wakeups, schedule)
      } catch {
        end(.failed)
        throw .wakeups(error)
      }
    }
    summary.endedUnwritten = failing == .writeFailed
    let hasFailed = summary.lostFile != nil || summary.hasRecordedNothing
    end(hasFailed ? .failed : summary.signal == nil ? .completed : .stopped)
    return summary
  }

  private func begin(_ started: ClockReading) throws(RecorderError) {
    do throws(HistoryError) {
      try writer.beginSession(
        SessionInfo(
          bootID: surroundings.bootID, ticksPerSecond: Int64(ClockTick.perSecond),
          recorderPID: getpid(), program: configuration.program,
          interval: configuration.interval, identity: source.identity.rawValue,
          procRoot: surroundings.procRoot,
          recorderPIDNamespaceInode: surroundings.ownPIDNamespaceInode,
          shownPIDNamespace: surroundings.shownPIDNamespace,
          timeNamespaceInode: surroundings.timeNamespaceInode,
          hidePID: surroundings.hidePID?.rawValue, started: started))
    } catch { throw .history(error) }
  }

  private func end(_ end: SessionEnd) {
    do throws(HistoryError) {
      try writer.endSession(end)
      if summary.lostFile != nil { try writer.settle() }
    } catch { summary.endFailure = error }
  }

  private func wait(_ wakeups: Wakeups, _ schedule: Schedule) throws(Errno) {
    if let signal = wakeups.pendingStop() {
      summary.signal = signal
      return
    }
    switch try wakeups.wait(until: schedule.next(after: ClockReading.now().boot)) {
    case .slot: break
    case .stop(let signal): summary.signal = signal
    }
  }

  /// One slot: reads and writes a sample. What fails is said, and tried again at the next slot.
  private func takeSample(_ schedule: Schedule, _ onSample: (SampleReport) -> Void) {
    let sample: ProcessSample
    do throws(ProcfsError) { sample = try takeSteadySample() } catch {
      return fail(.readFailed, "\(error); trying again at the next sample")
    }
    notices.sample(sample.counts)
    let timing = SampleTiming(
      late: schedule.lateness(of: sample.start.boot),
      gap: lastWritten.flatMap {
        failing ?? schedule.gap(from: $0, to: sample, writing: lastWriteTook)
      })
    let began = ClockReading.now().boot
    defer { lastWriteTook = ClockReading.now().boot - began }
    do throws(HistoryError) {
      succeed(sample, try writer.write(sample, timing), timing, onSample)
    } catch {
      fail(.writeFailed, "\(error); trying again at the next sample")
    }
  }

  /// A sample during which the wall clock was not set, if one can be had in a few passes: of
  /// another, nothing would tell which times it showed. A clock that is made to run a little faster
  /// or slower (`adjtimex(2)`) is not set.
  private func takeSteadySample() throws(ProcfsError) -> ProcessSample {
    var sample = try source.takeSample()
    for _ in 0..<3 {
      let length = sample.end.boot - sample.start.boot
      let step = (sample.end.wall - sample.start.wall) - length
      if abs(step) < max(ClockStep.least, length / 8) { break }
      writer.keep(sample)
      sample = try source.takeSample()
    }
    return sample
  }

  private func fail(_ cause: GapCause, _ message: String) {
    summary.failures += 1
    // Said when it begins, not at every slot of a long night.
    if failing != cause { logger.error("\(message)") }
    failing = cause
  }

  private func succeed(
    _ sample: ProcessSample, _ written: HistoryWriter.Written, _ timing: SampleTiming,
    _ onSample: (SampleReport) -> Void
  ) {
    let length = lastWritten.map { " of \(TimeFormat.duration(sample.start.boot - $0.start.boot))" }
    if failing != nil {
      logger.notice("recording again\(length.map { " after a gap\($0)" } ?? "")")
    } else if let gap = timing.gap {
      logger.warning("a gap\(length ?? "") in the samples: \(gap.words)")
    }
    failing = nil
    // NTP's slow corrections add up when the interval is long.
    if let step = written.clockStep,
      step.magnitude > UInt64(max(100_000_000, configuration.interval / 1000))
    {
      let direction = step < 0 ? "back" : "forward"
      logger.warning("the wall clock was set \(direction) by \(TimeFormat.duration(step))")
    }
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
}

extension ProcessSample {
  /// When a sample was, without what it told: that may be large.
  fileprivate init(span: ProcessSample) {
    self.init(start: span.start)
    end = span.end
  }
}
