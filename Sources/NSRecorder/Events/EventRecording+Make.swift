internal import NSHistory
internal import NamespaceEvents
internal import NamespaceModel
internal import Procfs

extension EventRecording {
  /// Begins to listen, as the configuration wants it; nil where only samples are to be taken.
  static func make(
    _ configuration: RecorderConfiguration, _ root: ProcRoot, _ surroundings: Surroundings,
    _ identity: IdentitySource, _ notices: inout Notices
  ) throws(RecorderError) -> EventRecording? {
    guard configuration.events != .off else { return nil }
    if let reason = uselessness(root, surroundings) {
      guard configuration.events == .auto else { throw .eventsUseless(reason) }
      notices.noEvents = "not listening to the kernel's events: \(reason)"
      return nil
    }
    do throws(EventsError) {
      return EventRecording(
        try EventListener(ringBytes: configuration.eventRing),
        TaskProbe(root: root, identity: identity), readsTime: root.supports(.time))
    } catch {
      guard configuration.events == .auto else { throw .events(error) }
      notices.noEvents = "\(error)"
      return nil
    }
  }

  /// Why what the kernel tells would not fit to what samples show; nil where it does.
  private static func uselessness(
    _ root: ProcRoot, _ surroundings: Surroundings
  ) -> String? {
    guard root.isProc else { return "\(surroundings.procRoot) is no proc file system" }
    guard let shown = surroundings.shownPIDNamespace?.inode,
      shown == surroundings.ownPIDNamespaceInode
    else {
      return """
        \(surroundings.procRoot) shows the processes of another pid namespace than the recorder's \
        own, in whose numbers events come
        """
    }
    let isShifted = surroundings.timeNamespaceInode.map { !InitialNamespace.hasFixedInode($0) }
    guard isShifted != true else {
      return "the recorder is in a time namespace of its own, and events come by the initial clock"
    }
    return nil
  }
}
