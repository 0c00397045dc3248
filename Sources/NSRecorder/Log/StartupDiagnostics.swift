internal import Logging
internal import NamespaceModel
internal import Procfs

/// Logs the facts that limit a recording and that a user must know to rely on it, each fact once.
struct StartupDiagnostics {
  private let logger: Logger
  private var hasLoggedDenied = false
  private var hasLoggedUnheld = false
  private var hasTraceCapability = false
  /// Why the recorder takes samples only, although its configuration permits kernel events.
  var noEvents: String?
  /// The actual and the configured size of each event ring, in bytes, if the configured size was not
  /// available.
  var smallRing: (taken: Int, wanted: Int)?

  init(_ logger: Logger) { self.logger = logger }

  /// Logs what is known before the first sample.
  mutating func begin(_ environment: RecorderEnvironment, identity: IdentitySource) {
    hasTraceCapability = environment.hasTraceCapability
    if let noEvents {
      logger.notice(
        """
        \(noEvents). Recording samples only: what starts and ends between two of them is not seen
        """)
    }
    if let (taken, wanted) = smallRing {
      logger.notice(
        """
        the ring of each processor has \(taken >> 10) KiB for events, not \(wanted >> 10): more may not \
        be locked in memory, and a burst of events is lost sooner; CAP_IPC_LOCK, a higher \
        kernel.perf_event_mlock_kb or limit of locked memory (ulimit -l) helps, or a smaller --event-ring
        """)
    }
    if let shown = environment.shownPIDNamespace, shown.isInitial != true {
      logger.notice(
        """
        not in the initial pid namespace: \(environment.procRoot) shows the processes of \
        pid:[\(shown.inode)] only, under the PIDs that they have there
        """)
    }
    switch environment.hidePID {
    case .off: break
    case nil:
      logger.notice(
        """
        the mount of \(environment.procRoot) is not in this recorder's table of mounts: \
        processes may be hidden (hidepid) and not be seen
        """)
    case .noAccess:
      logger.notice(
        """
        \(environment.procRoot) is mounted with hidepid=1: processes of other users are recorded \
        as denied, without their names
        """)
    case .invisible, .ptraceable:
      logger.notice(
        """
        \(environment.procRoot) is mounted with hidepid=\(environment.hidePID?.rawValue ?? 0): \
        processes of other users may be there and not be seen
        """)
    }
    if identity == .continuity {
      logger.notice(
        """
        this kernel gives namespaces no id: an inode number that no process held from one sample \
        to the next is taken for a new namespace, and answers may say inode-may-be-reused
        """)
    }
  }

  /// Logs a message as a notice.
  func log(_ message: String) { logger.notice("\(message)") }

  /// Logs what the counts of a sample show: links that could not be read, and the limit of open files.
  mutating func sample(_ counts: ProcessSample.Counts) {
    if let pid = counts.firstDenied, !hasLoggedDenied {
      hasLoggedDenied = true
      let others = counts.denied > 1 ? " and \(counts.denied - 1) more" : ""
      let remedy =
        hasTraceCapability
        ? "CAP_SYS_PTRACE is there, so a security module or a sandbox refuses"
        : "to read them takes CAP_SYS_PTRACE: run the recorder as root"
      logger.notice(
        """
        not permitted to read the namespaces of PID \(pid)\(others), of \(counts.processes) \
        processes: answers about them are unknown (denied); \(remedy)
        """)
    }
    if counts.notHeldOpen > 0, !hasLoggedUnheld {
      hasLoggedUnheld = true
      logger.notice(
        """
        the limit of open files is reached: \(counts.notHeldOpen) processes are followed by PID and \
        start time, at a higher cost; raise the hard limit (ulimit -Hn)
        """)
    }
  }
}
