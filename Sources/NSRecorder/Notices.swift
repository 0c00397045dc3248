internal import Logging
internal import NamespaceModel
internal import Procfs

/// What a person must know of a recording before relying on it; each is said once.
struct Notices {
  private let logger: Logger
  private var saidDenied = false
  private var saidUnheld = false

  init(_ logger: Logger) { self.logger = logger }

  /// What is known before the first sample.
  func begin(_ surroundings: Surroundings, identity: IdentitySource) {
    if let inode = surroundings.pidNamespaceInode, !surroundings.showsInitialPIDNamespace {
      logger.notice(
        """
        not in the initial pid namespace but in pid:[\(inode)]: processes outside of it are not \
        seen, and PIDs are those of this namespace
        """)
    }
    switch surroundings.hidePID {
    case .off: break
    case .noAccess:
      logger.notice(
        """
        \(surroundings.procRoot) is mounted with hidepid=1: processes of other users are recorded \
        as denied, without their names
        """)
    case .invisible, .ptraceable:
      logger.notice(
        """
        \(surroundings.procRoot) is mounted with hidepid=\(surroundings.hidePID.rawValue): \
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

  /// What samples show.
  mutating func sample(_ counts: ProcessSample.Counts) {
    if counts.denied > 0, !saidDenied {
      saidDenied = true
      logger.notice(
        """
        not permitted to read the namespaces of \(counts.denied) of \(counts.processes) \
        processes: answers about them are unknown (denied); CAP_SYS_PTRACE is needed
        """)
    }
    if counts.unheld > counts.denied, !saidUnheld {
      saidUnheld = true
      logger.notice(
        """
        the limit of open files is reached: \(counts.unheld) processes are followed by PID and \
        start time, at a higher cost; raise the hard limit (ulimit -Hn)
        """)
    }
  }
}
