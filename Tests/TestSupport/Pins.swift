internal import CTestSupport
internal import Foundation
internal import Glibc

/// The mounts that a test makes. They are unmounted when the test ends.
public final class TestMounts {
  private var paths: [String] = []
  /// Folders that hold mounts; they are released after the mounts have been undone.
  private var folders: [TemporaryFolder] = []

  /// A mount that failed.
  public struct Failure: Error {
    /// The path of the mount.
    public let path: String
    /// The reason.
    public let errno: Int32
  }

  /// Starts without mounts.
  public init() { ProcessOwner.own(self) }

  deinit { for path in paths.reversed() { umount2(path, Int32(MNT_DETACH)) } }

  /// Makes a folder that is a private mount of itself, so that mounts in it do not propagate to other mount
  /// namespaces.
  public func privateFolder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    folders.append(folder)
    try bind(folder.path, folder.path)
    guard mount(nil, folder.path, nil, UInt(MS_PRIVATE), nil) == 0 else {
      throw Failure(path: folder.path, errno: Glibc.errno)
    }
    return folder
  }

  /// Bind-mounts a file or folder on another.
  public func bind(_ source: String, _ target: String) throws {
    guard mount(source, target, nil, UInt(MS_BIND), nil) == 0 else {
      throw Failure(path: target, errno: Glibc.errno)
    }
    paths.append(target)
  }

  /// Makes an empty file and bind-mounts another one on it.
  public func bind(_ source: String, onNew target: String) throws {
    try Data().write(to: URL(fileURLWithPath: target))
    try bind(source, target)
  }

  /// Undoes the last mount.
  public func undoLast() throws {
    guard let path = paths.popLast(), umount2(path, Int32(MNT_DETACH)) == 0 else {
      throw Failure(path: "the last mount", errno: Glibc.errno)
    }
  }
}

/// A process in a mount namespace in which a namespace is mounted inside a FUSE file system whose server is stopped.
/// Every access to that mount blocks.
public final class StuckFuse {
  /// The PID of the process.
  public let pid: Int32
  /// The path at which the namespace is mounted.
  public let pin: String
  private var server: Int32 = -1

  /// Mounts the FUSE file system at `folder`, and in it the namespace `file`. Throws the errno where the kernel
  /// refuses to mount a FUSE file system.
  public init(_ folder: String, file: String) throws {
    pin = "\(folder)/pin"
    pid = ctest_stuck_fuse(folder, file, &server)
    guard pid > 0 else { throw TestMounts.Failure(path: folder, errno: -pid) }
    try ProcessOwner.ownProcess(self)
  }

  /// Whether stat(2) on `pin` blocks.
  public var makesWait: Bool { ctest_stat_waits(pid, pin) == 1 }

  deinit {
    guard pid > 0 else { return }
    kill(server, SIGKILL)
    kill(pid, SIGKILL)
    _ = ctest_reap(pid)
  }
}

/// Asks the kernel about namespaces.
public enum KernelNamespace {
  /// Returns whether the namespace with this kernel ID still exists; nil if the kernel cannot answer.
  public static func exists(_ id: UInt64, flag: Int32, inode: UInt64) -> Bool? {
    switch ctest_namespace_exists(id, UInt32(bitPattern: flag), UInt32(truncatingIfNeeded: inode)) {
    case 0: false
    case 1: true
    default: nil
    }
  }

  /// Returns the inode number of a namespace file; nil where there is no such file.
  public static func inode(_ path: String) -> UInt64? {
    var status = stat()
    return stat(path, &status) == 0 ? UInt64(status.st_ino) : nil
  }
}

/// Runs `body` on a new thread that has become the user nobody; returns nil when that is refused.
public func asNobody<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result? {
  await withCheckedContinuation { continuation in
    Thread.detachNewThread {
      continuation.resume(returning: ctest_become_nobody() == 0 ? body() : nil)
    }
  }
}
