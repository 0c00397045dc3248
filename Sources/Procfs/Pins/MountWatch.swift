internal import CLinux
internal import Glibc

/// Finds out whether something was mounted or unmounted, without reading the mounts: poll(2) on a
/// mountinfo file tells it (`proc_pid_mountinfo(5)`).
package final class MountWatch {
  private let descriptor: Int32
  /// The directory of `/proc` in which the mountinfo file is: that of a process in the mount namespace.
  private let process: String

  /// Watches the mount namespace of PID 1, where mounts of ip-netns(8) are; where that may not be
  /// read, the reader's own. Nil where neither can be.
  package init?(root: ProcRoot) {
    guard root.isProc else { return nil }
    let first = openat(root.descriptor, "1/mountinfo", O_RDONLY | O_CLOEXEC)
    process = first >= 0 ? "1" : "self"
    descriptor =
      first >= 0 ? first : openat(root.descriptor, "self/mountinfo", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    // What was mounted before is no change.
    _ = hasChanged()
  }

  deinit { close(descriptor) }

  /// Whether a mount came or went since the last call.
  package func hasChanged() -> Bool {
    var file = pollfd(fd: descriptor, events: Int16(POLLPRI), revents: 0)
    return poll(&file, 1, 0) > 0 && file.revents & Int16(POLLPRI | POLLERR) != 0
  }

  /// The mounts as they are now; nil when they cannot be read.
  func table(in root: ProcRoot) -> MountInfo? {
    guard
      case .success(let text) = SmallFile.read(
        "\(process)/mountinfo", in: root.descriptor, limit: 1 << 28)
    else { return nil }
    return MountInfo(text)
  }

  /// Opens the directory that the paths of the mounts start at; where that may not be done, the reader's
  /// own root, where they lead to the same mounts on most machines.
  func openRoot(in root: ProcRoot) -> Int32 {
    let found = openat(root.descriptor, "\(process)/root", CLINUX_O_PATH_DIRECTORY)
    return found >= 0 ? found : open("/", CLINUX_O_PATH_DIRECTORY)
  }
}
