internal import NSHistory
internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

extension EventRecording {
  /// Opens the event listener as configured; returns nil if only samples are taken.
  static func make(
    _ configuration: RecorderConfiguration, _ root: ProcRoot, _ environment: RecorderEnvironment,
    _ identity: IdentitySource, _ diagnostics: inout StartupDiagnostics
  ) throws(RecorderError) -> EventRecording? {
    guard configuration.events != .off else { return nil }
    do throws(RecorderError) {
      let listener = try listener(configuration, root, environment)
      if listener.ringBytes < configuration.eventRing {
        diagnostics.smallRing = (listener.ringBytes, configuration.eventRing)
      }
      let mounts = NamespaceMounts(root: root, identity: identity)
      return EventRecording(
        listener,
        TaskProbe(
          root: root, identity: identity, readsCommandLines: configuration.commandLines),
        readsTime: root.supports(.time),
        mounted: { mounts?.id(of: $0, $1) })
    } catch {
      guard configuration.events == .auto else { throw error }
      diagnostics.noEvents =
        switch error {
        case .eventsUseless(let reason): "not listening to the kernel's events: \(reason)"
        default: "\(error)"
        }
      return nil
    }
  }

  /// Opens the rings for kernel events; throws the reason if they cannot be opened or used.
  static func listener(
    _ configuration: RecorderConfiguration, _ root: ProcRoot, _ environment: RecorderEnvironment
  ) throws(RecorderError) -> EventListener {
    if let reason = reasonEventsAreUnusable(root, environment) { throw .eventsUseless(reason) }
    do throws(EventsError) {
      return try EventListener(
        ringBytes: configuration.eventRing, shrinks: configuration.events == .auto,
        memory: EventListener.memoryLimit)
    } catch { throw .events(error) }
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
