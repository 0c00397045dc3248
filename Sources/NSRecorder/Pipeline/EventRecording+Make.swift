internal import NamespaceModel
internal import Procfs

extension EventRecording {
  /// Opens the source of events as configured, and notes it in `sources`; returns nil if only samples are taken.
  static func make(
    _ configuration: RecorderConfiguration, _ root: ProcRoot, _ environment: RecorderEnvironment,
    _ identity: IdentitySource, _ diagnostics: inout StartupDiagnostics,
    _ sources: inout RecorderSources
  ) throws(RecorderError) -> EventRecording? {
    guard configuration.events != .off else { return nil }
    do throws(RecorderError) {
      let opened = try EventChoice.open(configuration, root, environment, identity)
      if opened.ringBytes < configuration.eventRing {
        diagnostics.smallRing = (opened.ringBytes, configuration.eventRing)
      }
      sources.events = opened.kind
      sources.refusalOfEvents = opened.refusalOfBPF
      sources.refusalOfMoves = opened.refusalOfMoves
      let mounts = NamespaceMounts(root: root, identity: identity)
      return EventRecording(
        opened.feed,
        TaskProbe(
          root: root, identity: identity, readsCommandLines: configuration.commandLines),
        kind: opened.kind, readsTime: root.supports(.time), mounted: { mounts?.id(of: $0, $1) })
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
}
