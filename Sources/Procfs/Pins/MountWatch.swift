internal import CLinux
internal import Glibc

/// Finds out whether something was mounted or unmounted, without reading the mounts: poll(2) on a
/// mountinfo file tells it (`proc_pid_mountinfo(5)`).
public final class MountWatch {
  private let descriptor: Int32

  /// Watches the mount namespace of PID 1, where mounts of ip-netns(8) are; where that may not be
  /// read, the reader's own. Nil where neither can be.
  public init?(root: ProcRoot) {
    guard root.isProc else { return nil }
    let first = openat(root.descriptor, "1/mountinfo", O_RDONLY | O_CLOEXEC)
    descriptor =
      first >= 0 ? first : open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    // What was mounted before is no change.
    _ = hasChanged()
  }

  deinit { close(descriptor) }

  /// Whether a mount came or went since the last call.
  public func hasChanged() -> Bool {
    var file = pollfd(fd: descriptor, events: Int16(POLLPRI), revents: 0)
    return poll(&file, 1, 0) > 0 && file.revents & Int16(POLLPRI | POLLERR) != 0
  }
}
