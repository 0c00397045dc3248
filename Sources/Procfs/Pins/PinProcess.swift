internal import CLinux
internal import Glibc
internal import NamespaceModel
internal import SystemPackage

/// A process during a scan. Its directory in `/proc`, opened with `O_PATH`, still refers to the same
/// process after the kernel reuses the PID.
final class PinProcess {
  let pid: Int32
  let directory: Int32

  /// Opens the directory of the process; throws the error of openat(2).
  init(_ pid: Int32, in root: ProcRoot) throws(Errno) {
    self.pid = pid
    directory = openat(root.descriptor, "\(pid)", CLINUX_O_PATH_DIRECTORY)
    guard directory >= 0 else { throw .last }
  }

  /// Creates a process whose files are read through the directory of one of its threads.
  private init(_ process: PinProcess, threadDirectory: Int32) {
    pid = process.pid
    directory = threadDirectory
    stat = process.stat
  }

  deinit { close(directory) }

  /// Returns the same process, to be read through a thread that has outlived the main thread: after its
  /// exit, the main thread has no open files and no mount namespace. Returns nil if the main thread has not
  /// exited, or if no other thread exists.
  func survivor() -> PinProcess? {
    guard let stat, Self.isZombie(stat) else { return nil }
    let tasks = openat(directory, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard tasks >= 0 else { return nil }
    defer { close(tasks) }
    var threads = PIDListing()
    guard threads.refresh(tasks) else { return nil }
    for tid in threads.pids where tid != pid {
      let thread = openat(tasks, "\(tid)", CLINUX_O_PATH_DIRECTORY)
      guard thread >= 0 else { continue }
      guard case .success(let text) = SmallFile.read("stat", in: thread),
        let line = StatLine(text), !Self.isZombie(line)
      else {
        close(thread)
        continue
      }
      return PinProcess(self, threadDirectory: thread)
    }
    return nil
  }

  private static func isZombie(_ stat: StatLine) -> Bool {
    stat.state == UInt8(ascii: "Z") || stat.state == UInt8(ascii: "X")
  }

  /// The `stat` line of the process, read at most once; nil if it cannot be read.
  lazy var stat: StatLine? = {
    guard case .success(let text) = SmallFile.read("stat", in: directory) else { return nil }
    return StatLine(text)
  }()

  /// Whether the process has not been reaped yet: until it is, no other process can have its PID.
  var isThere: Bool { faccessat(directory, "stat", F_OK, 0) == 0 }

  /// Returns one of the process's own namespaces, with the kernel's id if there is one; nil if it
  /// cannot be read.
  func namespace(
    _ type: NamespaceType, by source: IdentitySource, _ reader: PinLinkReader
  ) -> RelationReader.Identity? {
    let link = "ns/\(type)"
    guard source == .continuity else {
      switch NamespaceFile.identify(link, in: directory, by: source) {
      case .success(let named): return (named.inode, named.id)
      case .failure: return nil
      }
    }
    guard case .namespace(type, let inode) = reader.read(link, in: directory) else { return nil }
    return (inode, nil)
  }
}
