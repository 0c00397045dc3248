internal import Glibc
internal import NamespaceModel
internal import SystemPackage

/// Reads who a process is, from a held `ns` directory: its siblings are reached by `..`, which
/// stays with the process when its PID is used again.
enum FactsReader {
  /// What is known of a process that may not be looked at.
  static let unknown = ProcessDescription(comm: nil, uid: nil, cgroup: nil)

  /// What never changes, or nil when the process is gone.
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

  /// The line of `stat`. What is a failure here is that the process is gone, or denied; anything
  /// else is thrown.
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

  /// What may change. A part that cannot be read now is left unknown: it proves nothing, and a
  /// process on its way out has none of it.
  ///
  /// - Parameter isProc: whether it is below a proc file system, where the owner of the folder of a
  ///   process is its effective user (`pid_getattr` of fs/proc/base.c), for a tenth of the price of
  ///   `status`.
  static func description(in directory: Int32, isProc: Bool) -> ProcessDescription {
    var description = unknown
    if case .success(let text) = SmallFile.read("../stat", in: directory),
      let stat = StatLine(text)
    {
      description.comm = stat.comm
      description.parentPID = stat.parentPID
    }
    description.uid = isProc ? owner(of: directory) : status(in: directory)?.uid
    if case .success(var text) = SmallFile.read("../cgroup", in: directory) {
      if text.last == 0x0A { text.removeLast() }
      description.cgroup = text
    }
    return description
  }

  /// The effective user and the cgroup of a process, by its number; nil when it is gone.
  static func userAndCgroup(of pid: Int32, root: ProcRoot) -> ProcessDescription? {
    var status = Glibc.stat()
    guard fstatat(root.descriptor, "\(pid)", &status, 0) == 0,
      case .success(var cgroup) = SmallFile.read("\(pid)/cgroup", in: root.descriptor)
    else { return nil }
    if cgroup.last == 0x0A { cgroup.removeLast() }
    return ProcessDescription(comm: nil, uid: status.st_uid, cgroup: cgroup)
  }

  private static func owner(of directory: Int32) -> UInt32? {
    var status = Glibc.stat()
    return fstatat(directory, "..", &status, 0) == 0 ? status.st_uid : nil
  }

  /// The process that a number belongs to as one of its threads: `/proc/TID` is there too, although
  /// it is not listed (`proc_tid(5)`). Nil for a process.
  static func processOfThread(_ pid: Int32, in directory: Int32) -> Int32? {
    status(in: directory)?.tgid.flatMap { $0 == pid ? nil : $0 }
  }

  private static func status(in directory: Int32) -> StatusText? {
    guard case .success(let text) = SmallFile.read("../status", in: directory) else { return nil }
    return StatusText(text)
  }

  /// Whether a process or thread is there and has not begun to exit; also where that may not be read.
  static func isRunning(in directory: Int32) -> Bool {
    switch SmallFile.read("../stat", in: directory) {
    case .success(let text): StatLine(text)?.isExiting != true
    case .failure(let errno): !errno.isGone
    }
  }

  /// Whether the process is still there, be it as a zombie.
  static func exists(in directory: Int32) -> Bool {
    guard case .failure(let errno) = SmallFile.read("../stat", in: directory) else { return true }
    return !errno.isGone
  }
}
