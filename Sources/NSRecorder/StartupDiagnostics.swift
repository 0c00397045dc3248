internal import Logging
internal import NamespaceModel
internal import Procfs

/// What a person must know of a recording before relying on it; each is said once.
struct StartupDiagnostics {
  private let logger: Logger
  private var saidDenied = false
  private var saidUnheld = false
  private var hasTraceCapability = false
  /// Why the kernel's events are not listened to, although they may be.
  var noEvents: String?
  /// How large the rings of the events are, in bytes, and how large they were to be, where that could
  /// not be had.
  var smallRing: (taken: Int, wanted: Int)?

  init(_ logger: Logger) { self.logger = logger }

  /// What is known before the first sample.
  mutating func begin(_ surroundings: RecorderEnvironment, identity: IdentitySource) {
    hasTraceCapability = surroundings.hasTraceCapability
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
    if let shown = surroundings.shownPIDNamespace, shown.isInitial != true {
      logger.notice(
        """
        not in the initial pid namespace: \(surroundings.procRoot) shows the processes of \
        pid:[\(shown.inode)] only, under the PIDs that they have there
        """)
    }
    switch surroundings.hidePID {
    case .off: break
    case nil:
      logger.notice(
        """
        the mount of \(surroundings.procRoot) is not in this recorder's table of mounts: \
        processes may be hidden (hidepid) and not be seen
        """)
    case .noAccess:
      logger.notice(
        """
        \(surroundings.procRoot) is mounted with hidepid=1: processes of other users are recorded \
        as denied, without their names
        """)
    case .invisible, .ptraceable:
      logger.notice(
        """
        \(surroundings.procRoot) is mounted with hidepid=\(surroundings.hidePID?.rawValue ?? 0): \
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

  /// What is said as it happens.
  func say(_ message: String) { logger.notice("\(message)") }

  /// What samples show.
  mutating func sample(_ counts: ProcessSample.Counts) {
    if let pid = counts.firstDenied, !saidDenied {
      saidDenied = true
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
    if counts.unheld > 0, !saidUnheld {
      saidUnheld = true
      logger.notice(
        """
        the limit of open files is reached: \(counts.unheld) processes are followed by PID and \
        start time, at a higher cost; raise the hard limit (ulimit -Hn)
        """)
    }
  }
}
