internal import CTestSupport
internal import Foundation
internal import Glibc

/// A process that does what a test tells it to: `unshare`, `setns`, exit.
public final class TestProcess {
  /// Its PID.
  public let pid: Int32
  private let control: Int32
  /// The child of the test that is to be reaped: the process itself, or the one that waits for it.
  private let child: Int32
  private var isAlive = true
  private var isReaped = false

  /// An order that failed.
  public struct Failure: Error {
    /// What the puppet was reported.
    public let order: String
    /// Why it could not.
    public let errno: Int32
  }

  /// Starts one, in new namespaces of these `CLONE_NEW*` flags.
  public init(in flags: Int32 = 0) throws {
    var control: Int32 = -1
    pid = ctest_puppet(UInt64(UInt32(bitPattern: flags)), &control)
    guard pid > 0 else { throw Failure(order: "fork", errno: Glibc.errno) }
    self.control = control
    child = pid
    try ProcessOwner.ownProcess(self)
  }

  /// Starts one as a daemon is started: a process makes new namespaces of these `CLONE_NEW*` flags,
  /// forks, and exits at once.
  public init(asDaemonIn flags: Int32) throws {
    var control: Int32 = -1
    var keeper: Int32 = -1
    pid = ctest_daemon(UInt64(UInt32(bitPattern: flags)), &control, &keeper)
    guard pid > 0 else { throw Failure(order: "daemon", errno: Glibc.errno) }
    self.control = control
    child = keeper
    try ProcessOwner.ownProcess(self)
  }

  /// Starts one with a PID that was just given back, or with another PID when that cannot be had.
  ///
  /// The kernel gives out the number behind `ns_last_pid` (`proc_sys_kernel(5)`), which is then set
  /// back, so that the next process of somebody else is not given a number of ours.
  public convenience init(preferring pid: Int32) throws {
    let lastPID = URL(fileURLWithPath: "/proc/sys/kernel/ns_last_pid")
    let before = try Data(contentsOf: lastPID)
    try Data("\(pid - 1)".utf8).write(to: lastPID)
    defer { try? before.write(to: lastPID) }
    try self.init()
  }

  /// Starts one with a PID that was just given back; nil when it cannot be had.
  public static func reusing(_ pid: Int32) throws -> TestProcess? {
    for _ in 0..<50 {
      let puppet = try TestProcess(preferring: pid)
      if puppet.pid == pid { return puppet }
      try puppet.exit()
    }
    return nil
  }

  deinit {
    if isAlive { kill(pid, SIGKILL) }
    if !isReaped { _ = ctest_reap(child) }
    close(control)
  }

  /// Leaves its namespaces of these `CLONE_NEW*` flags for new ones.
  public func unshare(_ flags: Int32) throws { try order("u", Int64(flags)) }

  /// Starts a child of its own, which does nothing, ends by itself after a minute, and is not reaped.
  /// Gives its PID.
  public func startChild() throws -> Int32 { try order("f", 0) }

  /// Opens the uts namespace of another process, which stays open. Gives its descriptor.
  public func openUTS(of pid: Int32) throws -> Int32 { try order("o", Int64(pid)) }

  /// Makes a socket, which stays open. Gives its descriptor.
  public func makeSocket() throws -> Int32 { try order("k", 0) }

  /// Starts a second thread, of which there can be one. Gives its number.
  public func startThread() throws -> Int32 { try order("t", 0) }

  /// Its second thread leaves namespaces for new ones.
  public func unshareInThread(_ flags: Int32) throws { try order("U", Int64(flags)) }

  /// Its second thread enters the network of a process.
  public func enterNetworkInThread(of pid: Int32) throws { try order("J", Int64(pid)) }

  /// Its second thread returns to the namespaces of these `CLONE_NEW*` flags that its main one is in.
  public func returnThread(_ flags: Int32) throws { try order("b", Int64(flags)) }

  /// Its second thread ends.
  public func endThread() throws { try order("e", 0) }

  /// Its second thread executes a program that sleeps, called "sleep": the process goes on as that,
  /// and can be told nothing but to end.
  public func execInThread() throws { try order("x", 0) }

  /// Its main thread exits, and it goes on as its second: it is a zombie for all that looks at its PID.
  public func exitMainThread() throws { try order("l", 0) }

  /// Enters another process's namespaces of these `CLONE_NEW*` flags.
  public func enter(_ pid: Int32, _ flags: Int32) throws {
    try order("n", Int64(flags))
    try order("s", Int64(pid))
  }

  /// Ends, and is reaped unless it is to stay as a zombie.
  public func exit(reap: Bool = true) throws {
    guard isAlive else { return }
    kill(pid, SIGKILL)
    isAlive = false
    if reap {
      try self.reap()
    } else {
      // Wait until it is a zombie, and leave it one.
      var info = siginfo_t()
      waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT)
    }
  }

  /// Reaps the zombie that `exit(reap: false)` has left.
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

/// `CLONE_NEW*` of sched.h.
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

/// A process of nobody's that makes namespaces as fast as it can.
public final class Hammer {
  /// Its PID.
  public let pid: Int32

  /// Starts one that does so for some milliseconds, and then waits.
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
