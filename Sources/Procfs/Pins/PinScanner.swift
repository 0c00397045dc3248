internal import Glibc
package import NamespaceModel
internal import SystemPackage

/// Finds pinned namespaces: those that bind mounts, open files and sockets keep alive. Only one thread at a time may use
/// a scanner.
///
/// A scan reads the open files of every process (`DescriptorScan`) and its sockets (`SocketScan`). Then it reads the
/// mounts of each mount namespace once, also of the pinned mount namespaces that have no process (`MountScan`). The
/// scanner opens no file for reading before it knows that the file is a namespace, and sends requests to no file system
/// but proc and nsfs, so that neither a dead server nor a hostile FUSE file system can block a scan. The scanner leaves
/// no namespace file open.
///
/// The scanner does not find what only a single thread has: open files or a mount namespace that the thread does not
/// share with its process.
package final class PinScanner {
  private let root: ProcRoot
  let findings: PinFindings
  /// The paths of namespace mounts that the previous scan, this scan, and the scanner's own mount table show.
  private let mountPaths = MountPaths()
  let descriptors: DescriptorScan
  let sockets: SocketScan
  let mounts: MountScan
  private var listing = PIDListing()

  /// A scanner of the processes in `root`; `identity` says how the scanner distinguishes namespaces.
  package init(root: ProcRoot, identity: IdentitySource) {
    self.root = root
    // A directory tree that is no real procfs has no kernel ids.
    findings = PinFindings(root: root, identity: root.isProc ? identity : .continuity)
    descriptors = DescriptorScan(findings: findings, mountPaths: mountPaths)
    sockets = SocketScan(findings: findings)
    mounts = MountScan(findings: findings, mountPaths: mountPaths)
  }

  /// Scans every process and every mount namespace once.
  ///
  /// The scan counts the processes that it may not read, and ignores those that exit meanwhile. Throws
  /// when `/proc` cannot be listed, or when no more files can be opened; a later scan may succeed.
  package func scan() throws(ProcfsError) -> PinScan {
    findings.begin()
    mounts.begin()
    sockets.begin()
    mountPaths.begin(own: root)
    try listing.refresh(root)
    let own = ownPID
    var ownPins: [DescriptorPin] = []
    var members: [UInt64: [Int32]] = [:]
    for pid in listing.pids {
      guard var process = try open(pid) else { continue }
      var found = try scanFiles(of: process)
      // The descriptor directory of a process is empty once its main thread has exited: read it through
      // another thread.
      if !found.hasDescriptors, let survivor = process.survivor() {
        process = survivor
        found = try scanFiles(of: process)
      }
      if pid == own { ownPins = found.pins } else { found.pins.forEach { findings.add($0.pin) } }
      if let inode = try mountNamespace(of: process) { members[inode, default: []].append(pid) }
    }
    try mounts.scan(members)
    mounts.resolveHidden()
    mounts.scanEmpty(besides: Set(members.keys))
    // A namespace file that another thread of the recorder had open only briefly is not a pin.
    if let own, !ownPins.isEmpty, let process = try open(own) {
      ownPins.filter { descriptors.isStillOpen($0, process) }.forEach { findings.add($0.pin) }
    }
    sockets.finish()
    return findings.finish()
  }

  private func scanFiles(of process: PinProcess) throws(ProcfsError) -> DescriptorScan.Files {
    let found = try descriptors.scan(process)
    try sockets.scan(found.sockets, of: process)
    return found
  }

  /// Opens a process. Returns nil if it has exited, or if the scanner may not read it, which `deny`
  /// counts.
  private func open(_ pid: Int32) throws(ProcfsError) -> PinProcess? {
    do throws(Errno) {
      let process = try PinProcess(pid, in: root)
      findings.countProcess()
      return process
    } catch {
      if !error.isGone {
        try findings.check(error, "open", "\(pid)")
        findings.deny(pid)
      }
      return nil
    }
  }

  /// Returns the inode number of a process's mount namespace; nil if the process has none any more, or
  /// if the scanner may not read it.
  private func mountNamespace(of process: PinProcess) throws(ProcfsError) -> UInt64? {
    switch findings.reader.read("ns/mnt", in: process.directory) {
    case .namespace(.mnt, let inode): return inode
    case .failed(let errno) where errno.isGone: return nil
    default:
      findings.deny(process.pid)
      return nil
    }
  }

  /// The scanner's own PID in this `/proc`; nil if this `/proc` does not show the scanner.
  private var ownPID: Int32? {
    guard root.isProc, case .success(let text) = root.read("self/stat") else { return nil }
    return StatLine(text)?.pid
  }
}
