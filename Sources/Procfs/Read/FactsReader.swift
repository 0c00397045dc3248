internal import Glibc
internal import NamespaceModel
internal import SystemPackage

/// A description, and the address of the arguments (`StatLine.argumentStart`) that was read with it.
typealias ReadDescription = (description: ProcessDescription, argumentStart: UInt64?)

/// Reads the facts (`ProcessFacts`) and the description (`ProcessDescription`) of a process through its open
/// `/proc/PID/ns` directory. The reader reaches the other files of the process by `..`, which still refers to the
/// same process after the kernel reuses its PID.
enum FactsReader {
  /// The description of a process that the reader may not read.
  static let unknown = ProcessDescription(comm: nil, uid: nil, cgroup: nil)

  /// Reads the facts that never change; nil if the process has exited.
  static func facts(
    _ pid: Int32, in directory: Int32, root: ProcRoot
  ) throws(ProcfsError) -> ProcessFacts? {
    let stat: StatLine
    switch try self.stat(pid, in: directory, root: root) {
    case .success(let line): stat = line
    case .failure(let errno) where errno.isDenied: return ProcessFacts(unreadable: pid)
    case .failure: return nil
    }
    return ProcessFacts(
      pid: pid, startTicks: stat.startTicks, parentPID: stat.parentPID,
      isKernelThread: stat.isKernelThread, nspid: status(in: directory)?.nspid ?? [])
  }

  /// Reads the line of `stat`. The returned failure means that the process has exited or that
  /// permission is denied; any other error is thrown.
  static func stat(
    _ pid: Int32, in directory: Int32, root: ProcRoot
  ) throws(ProcfsError) -> Result<StatLine, Errno> {
    let path = "\(root.path)/\(pid)/stat"
    switch SmallFile.read("../stat", in: directory) {
    case .success(let text):
      guard let line = StatLine(text) else {
        throw ProcfsError(operation: "read", path: path, cause: .malformed)
      }
      return .success(line)
    case .failure(let errno) where errno.isGone || errno.isDenied: return .failure(errno)
    case .failure(let errno):
      throw ProcfsError(operation: "read", path: path, cause: .system(errno))
    }
  }

  /// Reads the description, which may change, and the address of the arguments (`StatLine.argumentStart`). A part that
  /// cannot be read stays nil, which does not mean that it changed: an exiting process has none of the parts.
  ///
  /// - Parameters:
  ///   - isProc: whether the directory is in a proc file system. The owner of a process's
  ///     directory is then its effective user (`pid_getattr` of fs/proc/base.c), and reading the owner
  ///     costs a tenth of reading `status`.
  ///   - readsCommandLine: whether the program includes the command line.
  ///   - known: the description as last read. If `stat` shows no exec since then, the program stays nil.
  static func description(
    in directory: Int32, isProc: Bool, readsCommandLine: Bool,
    since known: KnownDescriptions.Known? = nil
  ) -> ReadDescription {
    var description = unknown
    var argumentStart: UInt64?
    if case .success(let text) = SmallFile.read("../stat", in: directory),
      let stat = StatLine(text)
    {
      description.comm = stat.comm
      description.parentPID = stat.parentPID
      argumentStart = stat.argumentStart
      if !stat.isKernelThread, !stat.isExiting {
        description.login = Login(
          uid: ProgramReader.loginUID("../", in: directory), session: stat.session,
          terminal: stat.terminal)
      }
      if !stat.isKernelThread, !stat.isExiting,
        known?.hasProgram(of: stat, withCommandLine: readsCommandLine) != true
      {
        description.program = ProgramReader.program(
          "../", in: directory, readsCommandLine: readsCommandLine)
      }
    }
    description.uid = isProc ? owner(of: directory) : status(in: directory)?.uid
    if case .success(var text) = SmallFile.read("../cgroup", in: directory) {
      if text.last == 0x0A { text.removeLast() }
      description.cgroup = text
    }
    return (description, argumentStart)
  }

  /// Reads the effective user and the cgroup of a process, given its PID; nil if they cannot be read, as
  /// after its exit.
  ///
  /// - Parameters:
  ///   - hasExecuted: whether the process has just executed a program: then the function also reads the program and the
  ///     login.
  ///   - readsCommandLine: whether the program includes the command line.
  static func afterEvent(
    of pid: Int32, hasExecuted: Bool, readsCommandLine: Bool, root: ProcRoot
  ) -> ProcessDescription? {
    var status = Glibc.stat()
    guard fstatat(root.descriptor, "\(pid)", &status, 0) == 0,
      case .success(var cgroup) = SmallFile.read("\(pid)/cgroup", in: root.descriptor)
    else { return nil }
    if cgroup.last == 0x0A { cgroup.removeLast() }
    var description = ProcessDescription(comm: nil, uid: status.st_uid, cgroup: cgroup)
    if hasExecuted {
      description.program = ProgramReader.program(
        "\(pid)/", in: root.descriptor, readsCommandLine: readsCommandLine)
      if case .success(let line) = SmallFile.read("\(pid)/stat", in: root.descriptor),
        let stat = StatLine(line), !stat.isExiting
      {
        description.login = Login(
          uid: ProgramReader.loginUID("\(pid)/", in: root.descriptor), session: stat.session,
          terminal: stat.terminal)
      }
    }
    return description
  }

  private static func owner(of directory: Int32) -> UInt32? {
    var status = Glibc.stat()
    return fstatat(directory, "..", &status, 0) == 0 ? status.st_uid : nil
  }

  /// Returns the PID of the process that a thread belongs to: `/proc/TID` exists for threads too,
  /// although `/proc` does not list it (`proc_tid(5)`). Nil if `pid` is a process.
  static func processOfThread(_ pid: Int32, in directory: Int32) -> Int32? {
    status(in: directory)?.tgid.flatMap { $0 == pid ? nil : $0 }
  }

  private static func status(in directory: Int32) -> StatusText? {
    guard case .success(let text) = SmallFile.read("../status", in: directory) else { return nil }
    return StatusText(text)
  }

  /// Returns whether a process or thread exists and has not begun to exit; true also if `stat` may not
  /// be read.
  static func isRunning(in directory: Int32) -> Bool {
    switch SmallFile.read("../stat", in: directory) {
    case .success(let text): StatLine(text)?.isExiting != true
    case .failure(let errno): !errno.isGone
    }
  }

  /// Returns whether the process still exists, including as a zombie.
  static func exists(in directory: Int32) -> Bool {
    guard case .failure(let errno) = SmallFile.read("../stat", in: directory) else { return true }
    return !errno.isGone
  }
}
