internal import Glibc
internal import Containers
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
  private let configuration: RecorderConfiguration
  private let source: any SampleSource
  /// Sets what the source reads and where it pauses; nil for a source that the recorder did not choose.
  private let control: (any PassControl)?
  /// Where the samples and the events come from.
  package let sources: RecorderSources
  private let writer: HistoryWriter
  private let environment: RecorderEnvironment
  private let host: HostIdentity
  /// The event recording; nil if the recorder only takes samples.
  private let events: EventRecording?
  private let scans: BackgroundScans
  private let logger: Logger
  private var diagnostics: StartupDiagnostics
  /// The loop; nil until the recorder runs.
  private var loop: RecordingLoop?

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
    self.logger = logger
    diagnostics = StartupDiagnostics(logger)
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
      control = nil
      events = nil
    } else {
      let chosen = try SourceChoice.make(configuration, root, environment, identity)
      self.source = chosen.source
      control = chosen.source
      sources.samples = chosen.source.kind
      sources.refusalOfSamples = chosen.refusalOfBPF
      events = try EventRecording.make(
        configuration, root, environment, identity, &diagnostics, &sources)
    }
    self.sources = sources
    let hostRoot = Self.hostRoot(configuration, root)
    host = HostIdentity(root, files: hostRoot)
    let pins =
      source != nil
      ? nil
      : configuration.pinsEvery.map {
        BackgroundPinScan(root, configuration.procRoot, identity, every: $0)
      }
    scans = BackgroundScans(pins, try Self.makeNameLookup(configuration, hostRoot, diagnostics))
    do throws(HistoryError) {
      writer = try HistoryWriter(path: configuration.database, limits: configuration.limits)
    } catch { throw .history(error) }
  }

  /// Returns the path of the host's root directory: the configured one, or the parent of the `/proc` that
  /// is read; nil if neither is known.
  private static func hostRoot(_ configuration: RecorderConfiguration, _ root: ProcRoot) -> String?
  {
    if let given = configuration.hostRoot { return given }
    let path = root.realPath
    guard path.hasSuffix("/proc") else { return nil }
    return path == "/proc" ? "/" : String(path.dropLast("/proc".count))
  }

  /// Returns the lookup of container names; nil if the host's root directory is not known, or was not
  /// configured and cannot be opened. Containers are then recorded by id only.
  private static func makeNameLookup(
    _ configuration: RecorderConfiguration, _ hostRoot: String?, _ diagnostics: StartupDiagnostics
  ) throws(RecorderError) -> BackgroundNameLookup? {
    guard let hostRoot else { return nil }
    do throws(ContainerNamesError) { return try BackgroundNameLookup(hostRoot) } catch {
      guard configuration.hostRoot == nil else { throw .containerNames(error) }
      diagnostics.log("\(error); names of containers are not looked up")
      return nil
    }
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
  package var removedRows: Int { loop?.retention.removedRows ?? 0 }

  /// The CPU time of retention since the recorder began, in nanoseconds.
  package var retentionTime: Int64 { loop?.retention.cpuTime ?? 0 }

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
    precondition(loop == nil, "a recorder runs once")
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
    let loop = RecordingLoop(
      configuration, source: source, control: control, writer: writer, events: events, scans: scans,
      eventLoop: eventLoop, scheduler: Scheduler(schedule, pulse: pulse), diagnostics: diagnostics,
      statistics: RecordingStatistics(logger, interval: configuration.interval),
      retention: RetentionWork(logger, configuration.limits, interval: configuration.interval))
    self.loop = loop
    do throws(RecorderError) { try loop.run(onPulse: onPulse, onSample: onSample) } catch {
      _ = end(.failed, loop.summary)
      throw error
    }
    let summary = loop.summary
    let hasFailed = summary.lostFile != nil || summary.hasRecordedNothing
    return end(hasFailed ? .failed : summary.signal == nil ? .completed : .stopped, summary)
  }

  /// Makes long passes and writes collect events at their pauses, so that no ring overflows meanwhile, and makes a stop
  /// signal cancel a pass.
  private func installPauseHandlers(_ eventLoop: EventLoop) {
    let events = self.events
    let collect = { if let events { events.collect() } }
    writer.onPause = collect
    control?.setPauses(collect, isCancelled: { eventLoop.pendingStop() != nil })
  }

  private func removePauseHandlers() {
    writer.onPause = nil
    control?.setPauses(nil, isCancelled: nil)
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

  /// Ends the session, and returns the summary with the failure to do so, if there was one.
  private func end(_ end: SessionEnd, _ summary: RecordingSummary) -> RecordingSummary {
    var summary = summary
    do throws(HistoryError) {
      try writer.endSession(end)
      if summary.lostFile != nil { try writer.checkpoint() }
    } catch { summary.endFailure = error }
    return summary
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
