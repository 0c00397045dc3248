internal import CTestSupport
internal import Foundation
internal import Glibc

/// A process that calls `unshare`, `setns` and the like, or exits, when a test says so. It runs
/// Tests/CTestSupport/test_process.c.
public final class TestProcess {
  /// Its PID.
  public let pid: Int32
  private let control: Int32
  /// The child of the test that has to be reaped: the process itself, or the process that adopted it and waits for
  /// it.
  private let child: Int32
  private var isAlive = true
  private var isReaped = false

  /// An order of the test that failed.
  public struct Failure: Error {
    /// The letter of the order and its argument.
    public let order: String
    /// The reason.
    public let errno: Int32
  }

  /// Starts a process in new namespaces of these `CLONE_NEW*` flags.
  public init(in flags: Int32 = 0) throws {
    var control: Int32 = -1
    pid = ctest_process(UInt64(UInt32(bitPattern: flags)), &control)
    guard pid > 0 else { throw Failure(order: "fork", errno: Glibc.errno) }
    self.control = control
    child = pid
    try ProcessOwner.ownProcess(self)
  }

  /// Starts a process as a daemon starts: another process makes new namespaces of these `CLONE_NEW*` flags, forks,
  /// and exits at once.
  public init(asDaemonIn flags: Int32) throws {
    var control: Int32 = -1
    var reaper: Int32 = -1
    pid = ctest_daemon(UInt64(UInt32(bitPattern: flags)), &control, &reaper)
    guard pid > 0 else { throw Failure(order: "daemon", errno: Glibc.errno) }
    self.control = control
    child = reaper
    try ProcessOwner.ownProcess(self)
  }

  /// Starts a process with the given PID, which was freed just before, or with another PID when that one cannot be
  /// had.
  ///
  /// The kernel gives a new process the PID after `ns_last_pid` (`proc_sys_kernel(5)`). The old value is restored
  /// afterwards, so that no other process gets the PID after ours.
  public convenience init(preferring pid: Int32) throws {
    let lastPID = URL(fileURLWithPath: "/proc/sys/kernel/ns_last_pid")
    let before = try Data(contentsOf: lastPID)
    try Data("\(pid - 1)".utf8).write(to: lastPID)
    defer { try? before.write(to: lastPID) }
    try self.init()
  }

  /// Starts a process with the given PID, which was freed just before; returns nil when that PID cannot be had.
  public static func reusing(_ pid: Int32) throws -> TestProcess? {
    for _ in 0..<50 {
      let process = try TestProcess(preferring: pid)
      if process.pid == pid { return process }
      try process.exit()
    }
    return nil
  }

  deinit {
    if isAlive { kill(pid, SIGKILL) }
    if !isReaped { _ = ctest_reap(child) }
    close(control)
  }

  /// Makes new namespaces of these `CLONE_NEW*` flags and moves the process into them.
  public func unshare(_ flags: Int32) throws { try order("u", Int64(flags)) }

  /// Starts a child of the process and returns its PID. The child does nothing, ends by itself after a minute, and is
  /// not reaped.
  public func startChild() throws -> Int32 { try order("f", 0) }

  /// Hides the arguments of the process, as they are in the middle of an exec, or shows them again.
  public func showArguments(_ areShown: Bool) throws { try order("a", areShown ? 1 : 0) }

  /// Starts a child by `vfork`, and returns its PID. It executes `/bin/sleep`, ends by itself after a minute, and is not
  /// reaped.
  public func startChildByVfork() throws -> Int32 { try order("v", 0) }

  /// Starts a child of the test itself (`CLONE_PARENT`), and returns its PID. It does nothing, and ends by itself after a
  /// minute; `endSibling` ends it.
  public func startSibling() throws -> Int32 { try order("p", 0) }

  /// Ends and reaps a process that `startSibling` started.
  public static func endSibling(_ pid: Int32) throws {
    kill(pid, SIGKILL)
    guard ctest_reap(pid) == 0 else { throw Failure(order: "reap", errno: Glibc.errno) }
  }

  /// Opens the uts namespace of another process, leaves it open, and returns the descriptor.
  public func openUTS(of pid: Int32) throws -> Int32 { try order("o", Int64(pid)) }

  /// Makes a socket, leaves it open, and returns its descriptor.
  public func makeSocket() throws -> Int32 { try order("k", 0) }

  /// Starts the second thread, and returns its TID. There can be only one.
  public func startThread() throws -> Int32 { try order("t", 0) }

  /// The second thread makes new namespaces and moves into them.
  public func unshareInThread(_ flags: Int32) throws { try order("U", Int64(flags)) }

  /// The second thread enters the net namespace of another process.
  public func enterNetworkInThread(of pid: Int32) throws { try order("J", Int64(pid)) }

  /// The second thread enters those namespaces of these `CLONE_NEW*` flags in which the main thread is.
  public func returnThread(_ flags: Int32) throws { try order("b", Int64(flags)) }

  /// The second thread ends.
  public func endThread() throws { try order("e", 0) }

  /// The second thread executes /bin/sleep, which replaces the whole process. The process can then only be ended.
  ///
  /// Returns when the program runs: the process answers before it executes it.
  public func execInThread() throws {
    try order("x", 0)
    try eventually("/bin/sleep in \(pid)") {
      // For a moment during the exec there is no such file.
      (try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8)) == "sleep\n"
    }
  }

  /// The main thread exits and the second one goes on. For readers of /proc/PID the process is then a zombie.
  public func exitMainThread() throws { try order("l", 0) }

  /// Enters those namespaces of another process that these `CLONE_NEW*` flags name.
  public func enter(_ pid: Int32, _ flags: Int32) throws {
    try order("n", Int64(flags))
    try order("s", Int64(pid))
  }

  /// Kills the process, and reaps it unless it has to stay a zombie.
  public func exit(reap: Bool = true) throws {
    guard isAlive else { return }
    kill(pid, SIGKILL)
    isAlive = false
    if reap {
      try self.reap()
    } else {
      // Waits until the process is a zombie, without reaping it.
      var info = siginfo_t()
      waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT)
    }
  }

  /// Reaps the zombie that `exit(reap: false)` left.
  public func reap() throws {
    guard ctest_reap(child) == 0 else { throw Failure(order: "reap", errno: Glibc.errno) }
    isReaped = true
    ProcessOwner.drop(self)
  }

  @discardableResult
  private func order(_ what: Character, _ argument: Int64) throws -> Int32 {
    let code = what.asciiValue.map { CChar($0) } ?? 0
    let answer = ctest_order(control, code, argument)
    guard answer >= 0 else { throw Failure(order: "\(what) \(argument)", errno: -answer) }
    return answer
  }
}

/// The `CLONE_NEW*` flags of sched.h.
public enum CloneFlag {
  /// A new net namespace.
  public static let net: Int32 = 0x4000_0000
  /// A new ipc namespace.
  public static let ipc: Int32 = 0x0800_0000
  /// A new uts namespace.
  public static let uts: Int32 = 0x0400_0000
  /// A new cgroup namespace.
  public static let cgroup: Int32 = 0x0200_0000
  /// A new mnt namespace.
  public static let mnt: Int32 = 0x0002_0000
  /// A new user namespace.
  public static let user: Int32 = 0x1000_0000
  /// A new pid namespace.
  public static let pid: Int32 = 0x2000_0000
  /// A new time namespace.
  public static let time: Int32 = 0x0000_0080
}

/// A process of the user nobody that makes namespaces as fast as it can.
public final class Hammer {
  /// Its PID.
  public let pid: Int32

  /// Starts the process, which makes namespaces for some milliseconds and then waits.
  public init(milliseconds: Int32) throws {
    pid = ctest_hammer(milliseconds)
    guard pid > 0 else { throw TestProcess.Failure(order: "hammer", errno: -pid) }
    try ProcessOwner.ownProcess(self)
  }

  deinit {
    kill(pid, SIGKILL)
    _ = ctest_reap(pid)
  }
}
