// Scans for what keeps namespaces in being: bind mounts, open files, sockets.
//
// A scan goes through the open files of every process (PinScanner+Descriptors.swift), its sockets
// among them (PinScanner+Sockets.swift), then reads the mounts of each mount namespace once
// (PinScanner+Mounts.swift), and of those found thereby that nobody is in
// (PinScanner+EmptyMounts.swift). Nothing is opened for reading before it is known to be a
// namespace, and no file system but proc and nsfs is asked anything: a dead server or a hostile FUSE
// cannot make a scan wait. No namespace file stays open.
//
// A thread that has open files or a mount namespace apart from its process's is not looked at.

internal import CLinux
internal import Glibc
package import NamespaceModel
internal import SystemPackage

/// Finds the namespaces that something pins. To be used by one thread at a time.
package final class PinScanner {
  let root: ProcRoot
  let identity: IdentitySource
  let proof: NamespaceProof
  let reader = PinLinkReader()
  var names = PinNames()
  var relations: PinRelations
  var sockets = SocketNamespaces()
  var descriptors = PIDListing(lowest: 0)
  var hidden = HiddenMounts()
  /// Where namespaces are mounted, as far as earlier scans and the scanner's own mounts show.
  var mountPaths = MountPaths()
  /// Whether a process has the number here that this `/proc` shows: only then it can be asked for a
  /// copy of a socket.
  let showsOwnNumbers: Bool
  private var listing = PIDListing()
  private(set) var pins: Set<NamespacePin> = []
  var result = PinScan(start: ClockReading(wall: 0, boot: 0, monotonic: 0))

  /// A scanner of the processes in `root`; `identity` says how namespaces are told apart.
  package init(root: ProcRoot, identity: IdentitySource) {
    self.root = root
    // A tree laid down by hand has no ids.
    self.identity = root.isProc ? identity : .continuity
    proof = NamespaceProof(source: self.identity)
    let shown = root.isProc ? root.shownPIDNamespace(identity)?.inode : nil
    showsOwnNumbers = shown != nil && shown == root.ownNamespaceInode(.pid)
    relations = PinRelations(source: self.identity)
  }

  /// Looks at every process and every mount namespace once.
  ///
  /// What may not be looked at is counted, what is gone meanwhile is no matter. Throws when `/proc`
  /// cannot be listed, or when no more files can be opened; the next scan may do again.
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
      var found = try lookAtFiles(of: process)
      // A process whose main thread has exited has no files by that.
      if found.isEmpty, descriptors.pids.isEmpty, let survivor = process.survivor() {
        process = survivor
        found = try lookAtFiles(of: process)
      }
      if pid == own { ownPins = found } else { found.forEach { add($0.pin) } }
      if let inode = try mountNamespace(of: process) { members[inode, default: []].append(pid) }
    }
    try lookAtMounts(of: members)
    settleHidden()
    lookAtEmptyMountNamespaces(besides: Set(members.keys))
    // What another thread of the recorder only just had open is not kept by it.
    if let own, !ownPins.isEmpty, let process = try open(own) {
      ownPins.filter { isStillOpen($0, process) }.forEach { add($0.pin) }
    }
    names.finish()
    sockets.finish()
    result.pins = Array(pins)
    result.related = relations.keep(Set(pins.map(\.namespace)))
    result.end = .now()
    return result
  }

  func add(_ pin: NamespacePin) { pins.insert(pin) }

  /// Opens a process. Nil when it is gone, or may not be looked at, which is counted.
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

  /// The inode number of a process's mount namespace; nil when it has none any more, or it may not
  /// be read.
  private func mountNamespace(of process: PinProcess) throws(ProcfsError) -> UInt64? {
    switch reader.read("ns/mnt", in: process.directory) {
    case .namespace(.mnt, let inode): return inode
    case .failed(let errno) where errno.isGone: return nil
    default:
      deny(process.pid)
      return nil
    }
  }

  /// Counts a process that cannot be looked at, once: processes are looked at in ascending order.
  func deny(_ pid: Int32) {
    guard pid != lastDenied || result.denied == 0 else { return }
    lastDenied = pid
    result.denied += 1
    result.firstDenied = result.firstDenied ?? pid
  }
  private var lastDenied: Int32 = 0

  /// Throws for an error that all that follows would meet as well.
  func check(_ errno: Errno, _ operation: String, _ name: String) throws(ProcfsError) {
    switch errno {
    case .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noMemory:
      throw ProcfsError(
        operation: operation, path: "\(root.path)/\(name)", cause: .system(errno))
    default: return
    }
  }

  /// The PID that this `/proc` shows the scanner itself as; nil when it shows none.
  private var ownPID: Int32? {
    guard root.isProc, case .success(let text) = root.read("self/stat") else { return nil }
    return StatLine(text)?.pid
  }
}
