internal import CLinux
internal import Glibc

/// Detects whether something was mounted or unmounted, without reading the mount table: poll(2) on a
/// mountinfo file reports it (`proc_pid_mountinfo(5)`).
package final class MountMonitor {
  private let descriptor: Int32
  /// The name of the directory in `/proc` whose mountinfo file the monitor watches: `1` or `self`.
  private let process: String

  /// Watches the mount namespace of PID 1, which has the mounts of ip-netns(8), or the reader's own if
  /// that of PID 1 may not be read. Nil if neither can be read.
  package init?(root: ProcRoot) {
    guard root.isProc else { return nil }
    let first = openat(root.descriptor, "1/mountinfo", O_RDONLY | O_CLOEXEC)
    process = first >= 0 ? "1" : "self"
    descriptor =
      first >= 0 ? first : openat(root.descriptor, "self/mountinfo", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    // Earlier mounts do not count as a change.
    _ = hasChanged()
  }

  deinit { close(descriptor) }

  /// Returns whether something was mounted or unmounted since the last call.
  package func hasChanged() -> Bool {
    var file = pollfd(fd: descriptor, events: Int16(POLLPRI), revents: 0)
    return poll(&file, 1, 0) > 0 && file.revents & Int16(POLLPRI | POLLERR) != 0
  }

  /// Reads the current mount table; nil if it cannot be read.
  func table(in root: ProcRoot) -> MountInfo? {
    guard
      case .success(let text) = SmallFile.read(
        "\(process)/mountinfo", in: root.descriptor, limit: 1 << 28)
    else { return nil }
    return MountInfo(text)
  }

  /// Opens the directory that the paths of the mount table are relative to. If that is not permitted,
  /// opens the reader's own root, in which the paths lead to the same mounts on most machines.
  func openRoot(in root: ProcRoot) -> Int32 {
    let found = openat(root.descriptor, "\(process)/root", CLINUX_O_PATH_DIRECTORY)
    return found >= 0 ? found : open("/", CLINUX_O_PATH_DIRECTORY)
  }
}
