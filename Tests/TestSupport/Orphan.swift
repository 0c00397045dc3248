internal import CTestSupport
internal import Glibc

/// A process in new namespaces. The process that made them exits at once, and so does its parent, so that the
/// namespaces can be read from this process only.
public final class Orphan {
  /// The PID of the process.
  public let pid: Int32

  /// Starts the process in new namespaces of these `CLONE_NEW*` flags.
  public init(in flags: Int32) throws {
    pid = ctest_orphan(flags)
    guard pid > 0 else { throw TestProcess.Failure(order: "orphan", errno: -pid) }
    try ProcessOwner.ownProcess(self)
  }

  deinit { kill(pid, SIGKILL) }
}
