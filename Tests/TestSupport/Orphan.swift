internal import CTestSupport
internal import Glibc

/// A process in new namespaces whose maker, and that one's parent, exit at once.
public final class Orphan {
  /// Its PID.
  public let pid: Int32

  /// Starts one in new namespaces of these `CLONE_NEW*` flags.
  public init(in flags: Int32) throws {
    pid = ctest_orphan(flags)
    guard pid > 0 else { throw TestProcess.Failure(order: "orphan", errno: -pid) }
    try ProcessOwner.ownProcess(self)
  }

  deinit { kill(pid, SIGKILL) }
}
