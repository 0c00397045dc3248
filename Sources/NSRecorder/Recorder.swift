internal import Glibc
public import Logging
package import NSHistory
internal import NamespaceEvents
package import NamespaceModel
package import Procfs
internal import SystemPackage

/// Takes samples on a schedule and writes each into a history, until a stop signal or the configured
/// number of samples ends the recording.
///
///     let recorder = try Recorder(.init(database: "history.db", samples: 3), logger: logger)
///     let summary = try recorder.run { report in print(report.counts.processes) }
public final class Recorder {
  let configuration: RecorderConfiguration
  let source: any SampleSource
  /// Where the samples and the events come from.
  package let sources: RecorderSources
  let writer: HistoryWriter
  private let environment: RecorderEnvironment
  /// The event recording; nil if the recorder only takes samples.
  let events: EventRecording?
  /// The scans for pins; nil if the recorder does not scan for pins.
  let pins: BackgroundPinScan?
  /// The lookup of container names; nil if the recorder does not look them up.
  let names: BackgroundNameLookup?
  var diagnostics: StartupDiagnostics
  private let host: HostIdentity
  var statistics: RecordingStatistics
  /// The removal of the oldest part of the history, within the limits of age and size.
  var retention: RetentionWork
  private var hasRun = false
  /// A sample that is not written yet, because events up to its end may still arrive.
  var pending: ProcessSample?
  /// Whether an extra sample is taken before the next due time, because the last sample did not confirm the state that
  /// events had reported of some task.
  var takesExtraSample = false
  /// The time on the boot clock before which the recorder takes no extra sample for the event recording,
  /// because the last sample failed or could not be used.
  var notBefore: BootTime = .min
  /// When the next sample is due, on the boot clock.
  var sampleDue: BootTime = .min
  /// The delay between the due time and the start of the last sample, in nanoseconds.
  var delay: Int64 = 0
  /// When the events are to be written, on the boot clock.
  var eventsDue: BootTime = .max
  /// When `run` has to call `onPulse` next, on the boot clock; `.max` if it never has to.
  private(set) var pulseDue: BootTime = .max
  /// When background scans are to be started or their results collected, on the boot clock.
  var scansDue: BootTime = .max

  /// Creates a recorder of the configured `/proc`: opens the history file, and closes a session that a
  /// dead recorder left open in it.
  public convenience init(
    _ configuration: RecorderConfiguration, logger: Logger
  ) throws(RecorderError) {
    try self.init(configuration, logger: logger, source: nil)
  }

  /// Creates a recorder: opens the history file, closes a session that a dead recorder left open in it,
  /// and reads the recorder's environment.
  ///
  /// - Parameter source: the source of samples; by default, the configured one. Kernel events can
  ///   only be matched to that `/proc`, so with another source the recorder only takes samples.
  package init(
    _ configuration: RecorderConfiguration, logger: Logger, source: (any SampleSource)?
  ) throws(RecorderError) {
    precondition(
      (1...RecorderConfiguration.longestInterval).contains(configuration.interval),
      "an interval is above zero, and a year at most")
    self.configuration = configuration
    diagnostics = StartupDiagnostics(logger)
    statistics = RecordingStatistics(logger, interval: configuration.interval)
    retention = RetentionWork(logger, configuration.limits, interval: configuration.interval)
    let root: ProcRoot
    let identity: IdentitySource
    do throws(ProcfsError) {
      root = try ProcRoot(path: configuration.procRoot)
      identity = source?.identity ?? IdentitySource.probe(root)
      environment = try RecorderEnvironment(root, identity)
    } catch { throw .procfs(error) }
    var sources = RecorderSources()
    if let source {
      self.source = source
    } else {
      (self.source, sources.refusalOfSamples) = try SourceChoice.make(
        configuration, root, environment, identity)
    }
    sources.samples = self.source is BPFSource ? .bpf : self.source is ProcfsSource ? .proc : nil
    host = HostIdentity(root, files: Self.hostRoot(configuration, root))
    events =
      source != nil
      ? nil
      : try EventRecording.make(configuration, root, environment, identity, &diagnostics, &sources)
    self.sources = sources
    pins =
      source != nil
      ? nil
      : configuration.pinsEvery.map {
        BackgroundPinScan(root, configuration.procRoot, identity, every: $0)
      }
    names = try Self.makeNameLookup(configuration, root, diagnostics)
    do throws(HistoryError) {
      writer = try HistoryWriter(path: configuration.database, limits: configuration.limits)
    } catch { throw .history(error) }
  }

  /// How namespaces are distinguished.
  package var identity: IdentitySource { source.identity }

  /// Whether the recorder listens to kernel events.
  package var hasEvents: Bool { events != nil }

  /// Reads the state of the history file.
  package func fileState() throws(HistoryError) -> FileState { try writer.fileState() }

  /// The limits of age and size of the history.
  package var limits: RetentionLimits { configuration.limits }

  /// How many rows retention has removed since the recorder began.
  package var removedRows: Int { retention.removedRows }

  /// The CPU time of retention since the recorder began, in nanoseconds.
  package var retentionTime: Int64 { retention.cpuTime }

  /// The session of a dead recorder that was closed when the history file was opened; nil if there was
  /// none.
  package var closedSession: HistoryWriter.ClosedSession? { writer.closedSession }

  /// Records until the configured number of samples, a stop signal or a failure. SIGINT, SIGTERM, SIGQUIT
  /// and, unless it is ignored, SIGHUP end the session in order.
  ///
  /// May be called only once, because a source reports each process once.
  ///
  /// - Parameter onSample: called after each sample that was written.
  public func run(
    onSample: (SampleReport) -> Void = { _ in }
  ) throws(RecorderError) -> RecordingSummary {
    try run(pulse: nil, onPulse: {}, onSample: onSample)
  }

  /// Records as the other `run` does, and calls `onPulse` at least once in each `pulse` nanoseconds as long as the
  /// recorder does its work, as a sign of life for a service manager, which may restart a recorder that hangs. Never
  /// calls `onPulse` if `pulse` is nil.
  package func run(
    pulse: Int64?, onPulse: () -> Void, onSample: (SampleReport) -> Void
  ) throws(RecorderError) -> RecordingSummary {
    precondition(!hasRun, "a recorder runs once")
    hasRun = true
    if pulse != nil { pulseDue = .min }
    let eventLoop: EventLoop
    do throws(Errno) { eventLoop = try EventLoop() } catch { throw .eventLoop(error) }
    // Keeps the signals blocked until the session has ended, so that another signal does not interrupt the end.
    defer { withExtendedLifetime(eventLoop) {} }
    installPauseHandlers(eventLoop)
    defer { removePauseHandlers() }
    let started = ClockReading.now()
    try begin(started)
    diagnostics.begin(environment, identity: source.identity)
    let schedule = Schedule(start: started.boot, interval: configuration.interval)
    do throws(RecorderError) {
      try record(eventLoop, schedule, onSample) { () in
        guard let pulse else { return }
        let now = ClockReading.now().boot
        guard now >= pulseDue else { return }
        pulseDue = now + pulse / 2
        onPulse()
      }
    } catch {
      end(.failed)
      throw error
    }
    let summary = statistics.summary
    let hasFailed = summary.lostFile != nil || summary.hasRecordedNothing
    end(hasFailed ? .failed : summary.signal == nil ? .completed : .stopped)
    return statistics.summary
  }

  /// Makes long passes and writes collect events at their pauses, so that no ring overflows meanwhile, and makes a stop
  /// signal cancel a pass.
  private func installPauseHandlers(_ eventLoop: EventLoop) {
    let events = self.events
    let collect = { if let events { events.collect() } }
    writer.onPause = collect
    (source as? BPFSource)?.onPause = collect
    guard let source = source as? ProcfsSource else { return }
    source.pauses.onPause = collect
    source.pauses.isCancelled = { eventLoop.pendingStop() != nil }
  }

  private func removePauseHandlers() {
    writer.onPause = nil
    (source as? BPFSource)?.onPause = nil
    guard let source = source as? ProcfsSource else { return }
    source.pauses.onPause = nil
    source.pauses.isCancelled = nil
  }

  private func begin(_ started: ClockReading) throws(RecorderError) {
    do throws(HistoryError) {
      try writer.beginSession(
        SessionInfo(
          bootID: environment.bootID, ticksPerSecond: Int64(ClockTick.perSecond),
          recorderPID: getpid(), program: configuration.program,
          interval: configuration.interval, identity: source.identity.rawValue,
          procRoot: environment.procRoot, machineID: host.machineID, hostName: host.name,
          recorderPIDNamespaceInode: environment.ownPIDNamespaceInode,
          shownPIDNamespace: environment.shownPIDNamespace,
          timeNamespaceInode: environment.timeNamespaceInode,
          bootOffset: environment.bootOffset,
          hidePID: environment.hidePID?.rawValue, hasEvents: hasEvents,
          source: sources.samples, eventSource: sources.events,
          shortLived: configuration.shortLived,
          commandLines: configuration.commandLines,
          started: started))
    } catch { throw .history(error) }
  }

  private func end(_ end: SessionEnd) {
    do throws(HistoryError) {
      try writer.endSession(end)
      if statistics.summary.lostFile != nil { try writer.checkpoint() }
    } catch { statistics.summary.endFailure = error }
  }
}

/// A recorder's report after each sample.
public struct SampleReport: Sendable {
  /// The number of samples of this session in the history file.
  public var number: Int
  /// The time at which the sample began.
  package var time: ClockReading
  /// The duration of the sample, in nanoseconds.
  public var took: Int64
  /// The counts of the processes and namespaces in the sample.
  package var counts: ProcessSample.Counts
  /// The number of processes that appeared, changed or disappeared since the previous sample; 0 in the
  /// first.
  public var changes: Int
  /// The totals since the recorder began.
  package var totals: RecordingTotals
}
