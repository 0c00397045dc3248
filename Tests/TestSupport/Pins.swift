internal import CTestSupport
internal import Foundation
internal import Glibc

/// Mounts of a test, which are gone when it is over.
public final class TestMounts {
  private var paths: [String] = []
  /// Removed only when nothing is mounted in them any more.
  private var folders: [TemporaryFolder] = []

  /// A mount that failed.
  public struct Failure: Error {
    /// Where.
    public let path: String
    /// Why.
    public let errno: Int32
  }

  /// None yet.
  public init() { ProcessOwner.own(self) }

  deinit { for path in paths.reversed() { umount2(path, Int32(MNT_DETACH)) } }

  /// Makes a folder that is mounted on itself, so that what is mounted in it is seen in no other
  /// mount namespace.
  public func privateFolder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    folders.append(folder)
    try bind(folder.path, folder.path)
    guard mount(nil, folder.path, nil, UInt(MS_PRIVATE), nil) == 0 else {
      throw Failure(path: folder.path, errno: Glibc.errno)
    }
    return folder
  }

  /// Mounts a file or folder at another.
  public func bind(_ source: String, _ target: String) throws {
    guard mount(source, target, nil, UInt(MS_BIND), nil) == 0 else {
      throw Failure(path: target, errno: Glibc.errno)
    }
    paths.append(target)
  }

  /// Makes a file, and mounts another there.
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

/// A process in a mount namespace where a namespace is mounted in a FUSE whose server has stopped.
public final class StuckFuse {
  /// Its PID.
  public let pid: Int32
  /// Where the namespace is mounted.
  public let pin: String
  private var server: Int32 = -1

  /// Starts it: mounts `file` below `folder`. Fails with what the kernel refuses a FUSE with.
  public init(_ folder: String, file: String) throws {
    pin = "\(folder)/pin"
    pid = ctest_stuck_fuse(folder, file, &server)
    guard pid > 0 else { throw TestMounts.Failure(path: folder, errno: -pid) }
    try ProcessOwner.ownProcess(self)
  }

  /// Whether who asks for the file waits.
  public var makesWait: Bool { ctest_stat_waits(pid, pin) == 1 }

  deinit {
    guard pid > 0 else { return }
    kill(server, SIGKILL)
    kill(pid, SIGKILL)
    _ = ctest_reap(pid)
  }
}

/// Namespaces, as the kernel knows them.
public enum KernelNamespace {
  /// Returns whether the namespace with a kernel id still exists; nil if the kernel cannot answer.
  public static func exists(_ id: UInt64, flag: Int32, inode: UInt64) -> Bool? {
    switch ctest_namespace_exists(id, UInt32(bitPattern: flag), UInt32(truncatingIfNeeded: inode)) {
    case 0: false
    case 1: true
    default: nil
    }
  }

  /// The inode number of a namespace file; nil where there is none.
  public static func inode(_ path: String) -> UInt64? {
    var status = stat()
    return stat(path, &status) == 0 ? UInt64(status.st_ino) : nil
  }
}

/// Runs `body` on a thread of its own that has given up root; nil when that is refused.
public func asNobody<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result? {
  await withCheckedContinuation { continuation in
    Thread.detachNewThread {
      continuation.resume(returning: ctest_become_nobody() == 0 ? body() : nil)
    }
  }
}
