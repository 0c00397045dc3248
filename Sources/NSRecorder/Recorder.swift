internal import Glibc
public import Logging
package import NSHistory
internal import NamespaceEvents
internal import NamespaceModel
package import Procfs
internal import SystemPackage

/// Takes samples on a schedule and writes each into a history, until a signal or a count ends it.
///
///     let recorder = try Recorder(.init(database: "history.db", samples: 3), logger: logger)
///     let summary = try recorder.run { report in print(report.counts.processes) }
public final class Recorder {
  let configuration: RecorderConfiguration
  let source: any SampleSource
  let writer: HistoryWriter
  private let surroundings: RecorderEnvironment
  /// Nil where only samples are taken.
  let events: EventRecording?
  /// Nil where pins are not looked for.
  let pins: PinWatch?
  /// Nil where names of containers are not looked up.
  let names: NameWatch?
  var notices: StartupDiagnostics
  private let host: HostIdentity
  var outcomes: Outcomes
  private var hasRun = false
  /// A sample that was taken and is not complete: events of its time may be on their way.
  var pending: ProcessSample?
  /// Whether the next sample is taken before its time, to look once more.
  var looksAgain = false
  /// Before when no sample is taken because events need one: the last one failed.
  var notBefore: Int64 = .min
  /// When the next sample is due, and when events are to be written; on the boot clock.
  var sampleDue: Int64 = .min
  /// How long after it was due the last sample was begun.
  var behind: Int64 = 0
  var eventsDue: Int64 = .max
  /// When scans beside the loop are to be begun or taken over.
  var scansDue: Int64 = .max

  /// A recorder of the configured `/proc`: opens the file, and closes what a dead recorder left open in it.
  public convenience init(
    _ configuration: RecorderConfiguration, logger: Logger
  ) throws(RecorderError) {
    try self.init(configuration, logger: logger, source: nil)
  }

  /// Opens the file, closes what a dead recorder left open in it, and looks around.
  ///
  /// - Parameter source: where samples come from; by default, the configured `/proc`. Only to that the
  ///   kernel's events fit, so of another nothing is reported but its samples.
  package init(
    _ configuration: RecorderConfiguration, logger: Logger, source: (any SampleSource)?
  ) throws(RecorderError) {
    precondition(
      (1...RecorderConfiguration.longestInterval).contains(configuration.interval),
      "an interval is above zero, and a year at most")
    self.configuration = configuration
    notices = StartupDiagnostics(logger)
    outcomes = Outcomes(logger, interval: configuration.interval)
    let root: ProcRoot
    do throws(ProcfsError) {
      root = try ProcRoot(path: configuration.procRoot)
      let source = source ?? ProcfsSource(root: root)
      surroundings = try RecorderEnvironment(root, source.identity)
      self.source = source
    } catch { throw .procfs(error) }
    host = HostIdentity(root, files: Self.hostRoot(configuration, root))
    events =
      source != nil
      ? nil
      : try EventRecording.make(
        configuration, root, surroundings, self.source.identity, &notices)
    let identity = self.source.identity
    pins =
      source != nil
      ? nil
      : configuration.pinsEvery.map { PinWatch(root, configuration.procRoot, identity, every: $0) }
    names = try Self.nameWatch(configuration, root, notices)
    do throws(HistoryError) {
      writer = try HistoryWriter(path: configuration.database)
    } catch { throw .history(error) }
  }

  /// How namespaces are told apart.
  package var identity: IdentitySource { source.identity }

  /// Whether it listens to the kernel's events.
  package var hasEvents: Bool { events != nil }

  /// The dead session that was closed when the file was opened, if there was one.
  package var closedSession: HistoryWriter.ClosedSession? { writer.closedSession }

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
    let wakeups: EventLoop
    do throws(Errno) { wakeups = try EventLoop() } catch { throw .wakeups(error) }
    // Until the session has ended: another signal must not cut that short.
    defer { withExtendedLifetime(wakeups) {} }
    doWithoutDelay(wakeups)
    defer { stopPausing() }
    let started = ClockReading.now()
    try begin(started)
    notices.begin(surroundings, identity: source.identity)
    let schedule = Schedule(start: started.boot, interval: configuration.interval)
    do throws(RecorderError) {
      try record(wakeups, schedule, onSample)
    } catch {
      end(.failed)
      throw error
    }
    let summary = outcomes.summary
    let hasFailed = summary.lostFile != nil || summary.hasRecordedNothing
    end(hasFailed ? .failed : summary.signal == nil ? .completed : .stopped)
    return outcomes.summary
  }

  /// Has a long pass or write drain the events meanwhile, and a pass end early when a signal has come.
  private func doWithoutDelay(_ wakeups: EventLoop) {
    let events = self.events
    let collect = { if let events { events.collect() } }
    writer.onPause = collect
    guard let source = source as? ProcfsSource else { return }
    source.onPause = collect
    source.isCancelled = { wakeups.pendingStop() != nil }
  }

  private func stopPausing() {
    writer.onPause = nil
    guard let source = source as? ProcfsSource else { return }
    source.onPause = nil
    source.isCancelled = nil
  }

  private func begin(_ started: ClockReading) throws(RecorderError) {
    do throws(HistoryError) {
      try writer.beginSession(
        SessionInfo(
          bootID: surroundings.bootID, ticksPerSecond: Int64(ClockTick.perSecond),
          recorderPID: getpid(), program: configuration.program,
          interval: configuration.interval, identity: source.identity.rawValue,
          procRoot: surroundings.procRoot, machineID: host.machineID, hostName: host.name,
          recorderPIDNamespaceInode: surroundings.ownPIDNamespaceInode,
          shownPIDNamespace: surroundings.shownPIDNamespace,
          timeNamespaceInode: surroundings.timeNamespaceInode,
          bootOffset: surroundings.bootOffset,
          hidePID: surroundings.hidePID?.rawValue, hasEvents: hasEvents,
          shortLived: configuration.shortLived, started: started))
    } catch { throw .history(error) }
  }

  private func end(_ end: SessionEnd) {
    do throws(HistoryError) {
      try writer.endSession(end)
      if outcomes.summary.lostFile != nil { try writer.settle() }
    } catch { outcomes.summary.endFailure = error }
  }
}
