internal import NSHistory
internal import NamespaceBPF
internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

/// The choice of the source of kernel events.
enum EventChoice {
  typealias Kind = SessionInfo.EventSource

  /// An open source of events.
  struct Opened {
    let kind: Kind
    let feed: any EventFeed
    /// The size in bytes of the ring of each processor.
    let ringBytes: Int
    /// Why BPF programs do not report changes of namespaces; nil if they do, or if the source is perf.
    var refusalOfMoves: SourceRefusal?
    /// Why the source is not BPF; nil if it is, or if the configuration asks for perf.
    var refusalOfBPF: SourceRefusal?
  }

  /// Opens the wanted source of events; for `auto` and `on`, the one by BPF, or the one by perf where that is not
  /// possible. Throws the reason if none is possible.
  static func open(
    _ configuration: RecorderConfiguration, _ root: ProcRoot, _ environment: RecorderEnvironment,
    _ identity: IdentitySource
  ) throws(RecorderError) -> Opened {
    if let reason = reasonEventsAreUnusable(root, environment) { throw .eventsUseless(reason) }
    switch configuration.events {
    case .bpf:
      do throws(SourceRefusal) {
        return try bpf(configuration, root, environment, identity)
      } catch {
        throw .eventsRefused("\(error.fact); \(error.remedy)", isPermission: error.isPermission)
      }
    case .auto, .on:
      do throws(SourceRefusal) {
        return try bpf(configuration, root, environment, identity)
      } catch { return try perf(configuration, refusalOfBPF: error) }
    case .perf, .off: return try perf(configuration, refusalOfBPF: nil)
    }
  }

  private static func perf(
    _ configuration: RecorderConfiguration, refusalOfBPF: SourceRefusal?
  ) throws(RecorderError) -> Opened {
    let listener = try listener(.all, configuration)
    return Opened(
      kind: .perf, feed: listener, ringBytes: listener.ringBytes, refusalOfBPF: refusalOfBPF)
  }

  /// Opens the rings of perf for kernel events.
  private static func listener(
    _ records: EventListener.Records, _ configuration: RecorderConfiguration
  ) throws(RecorderError) -> EventListener {
    do throws(EventsError) {
      return try EventListener(
        records, ringBytes: configuration.eventRing, shrinks: configuration.events == .auto,
        memory: EventListener.memoryLimit)
    } catch { throw .events(error) }
  }

  /// Loads the event programs, and opens the rings of perf for the records that the programs do not write.
  private static func bpf(
    _ configuration: RecorderConfiguration, _ root: ProcRoot, _ environment: RecorderEnvironment,
    _ identity: IdentitySource
  ) throws(SourceRefusal) -> Opened {
    try SourceChoice.requireHost(root, environment, identity)
    let probe = TaskProbe(root: root, identity: identity)
    // kthreadd never ends and never changes its namespaces.
    guard let links = probe.links(of: 2, NamespaceLink.allCases, whileRunning: false) else {
      throw .useless(
        fact: "\(environment.procRoot) does not show kthreadd (PID 2)",
        remedy: "record on the host")
    }
    let host = ObservedSet(links: zip(NamespaceLink.allCases, links).map { LinkState($0, $1) })
    let programs: EventPrograms
    do throws(BPFError) {
      programs = try EventPrograms(ringBytes: ringBytes(configuration))
    } catch { throw .bpf(error) }
    do throws(RecorderError) {
      let listener = try listener(.namesAndMoves, configuration)
      return Opened(
        kind: .bpf,
        feed: BPFEvents(
          programs, listener, host: host,
          supported: Set(NamespaceType.allCases.filter(root.supports))),
        ringBytes: listener.ringBytes, refusalOfMoves: programs.refusalOfMoves.map { .bpf($0) })
    } catch { throw .useless(fact: "\(error)", remedy: "events by BPF need those of perf too") }
  }

  /// The size in bytes of the ring of the programs, which is one for all processors: a power of two of pages.
  private static func ringBytes(_ configuration: RecorderConfiguration) -> Int {
    let wanted = min(
      configuration.eventRing * EventListener.possibleProcessorCount, EventListener.memoryLimit,
      1 << 30)
    var bytes = 1 << 16
    while bytes < wanted { bytes *= 2 }
    return bytes
  }

  /// Returns why kernel events cannot be matched to the samples; nil if they can.
  private static func reasonEventsAreUnusable(
    _ root: ProcRoot, _ environment: RecorderEnvironment
  ) -> String? {
    guard root.isProc else { return "\(environment.procRoot) is no proc file system" }
    guard let shown = environment.shownPIDNamespace?.inode,
      shown == environment.ownPIDNamespaceInode
    else {
      return """
        \(environment.procRoot) shows the processes of another pid namespace than the recorder's \
        own, in whose numbers events come
        """
    }
    let isShifted = environment.timeNamespaceInode.map { !InitialNamespace.hasFixedInode($0) }
    guard isShifted != true else {
      return "the recorder is in a time namespace of its own, and events come by the initial clock"
    }
    return nil
  }
}
