// Scans for pins: bind mounts, open files and sockets that keep namespaces alive.
//
// A scan reads the open files of every process (PinScanner+Descriptors.swift) and its sockets
// (PinScanner+Sockets.swift). Then it reads the mounts of each mount namespace once
// (PinScanner+Mounts.swift), also of the pinned mount namespaces that have no process
// (PinScanner+EmptyMounts.swift). The scanner opens no file for reading before it knows that the file is
// a namespace, and sends requests to no file system but proc and nsfs, so that neither a dead server nor
// a hostile FUSE file system can block a scan. The scanner leaves no namespace file open.
//
// The scanner does not find what only a single thread has: open files or a mount namespace that the thread does not
// share with its process.

internal import CLinux
internal import Glibc
package import NamespaceModel
internal import SystemPackage

/// Finds pinned namespaces. Only one thread at a time may use a scanner.
package final class PinScanner {
  let root: ProcRoot
  let identity: IdentitySource
  let proof: NamespaceProof
  let reader = PinLinkReader()
  var names = PinIdentities()
  var relations: PinRelations
  var sockets = SocketNamespaces()
  var descriptors = PIDListing(lowest: 0)
  var hidden = HiddenMounts()
  /// The paths of namespace mounts that the previous scan, this scan, and the scanner's own mount table show.
  var mountPaths = MountPaths()
  /// Whether the PIDs of this `/proc` are those of the scanner's own pid namespace. Only then can the
  /// scanner use a PID to copy a socket of the process.
  let showsOwnPIDs: Bool
  private var listing = PIDListing()
  private(set) var pins: Set<NamespacePin> = []
  var result = PinScan(start: ClockReading.zero)

  /// A scanner of the processes in `root`; `identity` says how the scanner distinguishes namespaces.
  package init(root: ProcRoot, identity: IdentitySource) {
    self.root = root
    // A directory tree that is no real procfs has no kernel ids.
    self.identity = root.isProc ? identity : .continuity
    proof = NamespaceProof(source: self.identity)
    let shown = root.isProc ? root.shownPIDNamespace(identity)?.inode : nil
    showsOwnPIDs = shown != nil && shown == root.ownNamespaceInode(.pid)
    relations = PinRelations(source: self.identity)
  }

  /// Scans every process and every mount namespace once.
  ///
  /// The scan counts the processes that it may not read, and ignores those that exit meanwhile. Throws
  /// when `/proc` cannot be listed, or when no more files can be opened; a later scan may succeed.
  package func scan() throws(ProcfsError) -> PinScan {
    result = PinScan(start: .now())
    pins.removeAll()
    hidden.mounts.removeAll()
    names.begin(varying: root.kthreaddInodes())
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
      if found.isEmpty, descriptors.pids.isEmpty, let survivor = process.survivor() {
        process = survivor
        found = try scanFiles(of: process)
      }
      if pid == own { ownPins = found } else { found.forEach { add($0.pin) } }
      if let inode = try mountNamespace(of: process) { members[inode, default: []].append(pid) }
    }
    try scanMounts(of: members)
    resolveHiddenMounts()
    scanEmptyMountNamespaces(besides: Set(members.keys))
    // A namespace file that another thread of the recorder had open only briefly is not a pin.
    if let own, !ownPins.isEmpty, let process = try open(own) {
      ownPins.filter { isStillOpen($0, process) }.forEach { add($0.pin) }
    }
    names.finish()
    sockets.finish()
    result.pins = Array(pins)
    result.related = relations.retain(Set(pins.map(\.namespace)))
    result.end = .now()
    return result
  }

  func add(_ pin: NamespacePin) { pins.insert(pin) }

  /// Opens a process. Returns nil if it has exited, or if the scanner may not read it, which `deny`
  /// counts.
  private func open(_ pid: Int32) throws(ProcfsError) -> PinProcess? {
    do throws(Errno) {
      let process = try PinProcess(pid, in: root)
      result.processes += 1
      return process
    } catch {
      if !error.isGone {
        try check(error, "open", "\(pid)")
        deny(pid)
      }
      return nil
    }
  }

  /// Returns the inode number of a process's mount namespace; nil if the process has none any more, or
  /// if the scanner may not read it.
  private func mountNamespace(of process: PinProcess) throws(ProcfsError) -> UInt64? {
    switch reader.read("ns/mnt", in: process.directory) {
    case .namespace(.mnt, let inode): return inode
    case .failed(let errno) where errno.isGone: return nil
    default:
      deny(process.pid)
      return nil
    }
  }

  /// Counts a process that the scanner may not read. A process that is denied again is not counted again:
  /// the scan visits the processes one by one, so it is then the last one that was counted.
  func deny(_ pid: Int32) {
    guard pid != lastDenied || result.denied == 0 else { return }
    lastDenied = pid
    result.denied += 1
    result.firstDenied = result.firstDenied ?? pid
  }
  private var lastDenied: Int32 = 0

  /// Throws if every following operation would fail with the same error, as without a free descriptor or
  /// memory.
  func check(_ errno: Errno, _ operation: String, _ name: String) throws(ProcfsError) {
    switch errno {
    case .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory:
      throw ProcfsError(
        operation: operation, path: "\(root.path)/\(name)", cause: .system(errno))
    default: return
    }
  }

  /// The scanner's own PID in this `/proc`; nil if this `/proc` does not show the scanner.
  private var ownPID: Int32? {
    guard root.isProc, case .success(let text) = root.read("self/stat") else { return nil }
    return StatLine(text)?.pid
  }
}
