// Properties of the reader as a /proc shows them: the namespaces of the reader, the pid namespace whose
// processes the /proc shows, and whether it shows all of these processes.

internal import CLinux
internal import Glibc
package import NamespaceModel
internal import SystemPackage

extension ProcRoot {
  /// Opens the reader's own `ns` directory, which the caller closes; -1 if it cannot be opened. A proc
  /// of another pid namespace may have no entry for the reader; the reader's usual `/proc` shows the
  /// same namespaces then.
  func openOwnNamespaces() -> Int32 {
    let directory = openat(descriptor, "self/ns", CLINUX_O_PATH_DIRECTORY)
    guard directory < 0, isProc else { return directory }
    return openat(AT_FDCWD, "/proc/self/ns", CLINUX_O_PATH_DIRECTORY)
  }

  /// Returns the inode number of one of the reader's own namespaces; nil if it cannot be read.
  package func ownNamespaceInode(_ link: NamespaceLink) -> UInt64? {
    let directory = openOwnNamespaces()
    guard directory >= 0 else { return nil }
    defer { close(directory) }
    return inode(link, in: directory)
  }

  /// Returns the links that the reader itself has: those of the types that the kernel supports.
  func ownLinks() -> Set<NamespaceLink> {
    let directory = openOwnNamespaces()
    guard directory >= 0 else { return [] }
    defer { close(directory) }
    let reader = LinkReader()
    return Set(
      NamespaceLink.allCases.filter { link in
        if case .failed = reader.read(link, in: directory) { false } else { true }
      })
  }

  /// Returns the offset of the reader's boot clock, and so of the start times that it reads, from the
  /// boot clock of the initial time namespace, in nanoseconds; nil if it cannot be determined.
  package func bootOffset() -> Int64? {
    guard let own = ownNamespaceInode(.time) else { return nil }
    if InitialNamespace.hasFixedInode(own) { return 0 }
    // `timens_offsets` holds the offsets of the time namespace of the reader's children.
    guard ownNamespaceInode(.timeForChildren) == own,
      case .success(let text) = SmallFile.read("/proc/self/timens_offsets", in: AT_FDCWD)
    else { return nil }
    return TimeOffsets(text)?.boot
  }

  /// Returns whether the kernel supports namespaces of a type.
  package func supports(_ type: NamespaceType) -> Bool { ownLinks().contains(type.link) }

  /// The release of the kernel, as in uname(2); nil if it cannot be read.
  package var kernelRelease: String? {
    guard case .success(let text) = read("sys/kernel/osrelease") else { return nil }
    return String(decoding: text.prefix { $0 > 0x20 && $0 < 0x7F }, as: UTF8.self)
  }

  private func inode(_ link: NamespaceLink, in directory: Int32) -> UInt64? {
    guard case .inode(let inode) = LinkReader().read(link, in: directory) else { return nil }
    return inode
  }

  /// Returns the pid namespace whose processes this root shows, with the PIDs that they have in it; nil
  /// if it cannot be determined.
  package func shownPIDNamespace(_ identity: IdentitySource) -> ObservedNamespace? {
    if showsKernelThreads { return Self.pidNamespace(InitialNamespace.pidInode, nil) }
    // PID 1 of this root is in that namespace, if the reader may read its link. A reader with only one
    // PID is in it too.
    let hasOnePID =
      if case .success(let text) = read("self/status") { StatusText(text)?.nspid.count == 1 } else {
        false
      }
    for name in hasOnePID ? ["1/ns", "self/ns"] : ["1/ns"] {
      let directory = openat(descriptor, name, CLINUX_O_PATH_DIRECTORY)
      guard directory >= 0 else { continue }
      defer { close(directory) }
      if case .success(let named) = NamespaceFile.identify("pid", in: directory, by: identity) {
        return Self.pidNamespace(named.inode, named.id)
      }
      if let inode = inode(.pid, in: directory) { return Self.pidNamespace(inode, nil) }
    }
    return nil
  }

  private static func pidNamespace(_ inode: UInt64, _ id: UInt64?) -> ObservedNamespace {
    // The fixed inode number identifies the initial pid namespace. Its id is left out because a later
    // read may fail to get it.
    let isInitial = InitialNamespace.hasFixedInode(inode)
    return ObservedNamespace(
      type: .pid, inode: inode, kernelID: isInitial ? nil : id, inodeGeneration: 0,
      isInitial: isInitial)
  }

  /// Whether this root shows kthreadd as PID 2: kernel threads are in the initial pid namespace only.
  var showsKernelThreads: Bool {
    guard case .success(let text) = read("2/stat") else { return false }
    return StatLine(text)?.isKernelThread == true
  }

  /// Returns the inode numbers of the initial net and mnt namespaces, which vary by kernel, as read
  /// from kthreadd. Empty if this root does not show kthreadd, or if the reader may not read its links.
  func kthreaddInodes() -> [NamespaceType: UInt64] {
    guard showsKernelThreads else { return [:] }
    let directory = openat(descriptor, "2/ns", CLINUX_O_PATH_DIRECTORY)
    guard directory >= 0 else { return [:] }
    defer { close(directory) }
    var found: [NamespaceType: UInt64] = [:]
    for link in [NamespaceLink.mnt, .net] { found[link.type] = inode(link, in: directory) }
    return found
  }

  /// The setting of `hidepid` on the mount of this root; nil if the reader's mount table does not
  /// contain the mount.
  package var hidePID: HidePID? {
    guard isProc else { return .off }
    var status = stat()
    // The mount table may be very long.
    guard fstat(descriptor, &status) == 0,
      case .success(let table) = SmallFile.read(
        "/proc/self/mountinfo", in: AT_FDCWD, limit: 1 << 30)
    else { return nil }
    var major: UInt32 = 0
    var minor: UInt32 = 0
    clinux_device_numbers(UInt64(status.st_dev), &major, &minor)
    return HidePID(mountinfo: table, device: "\(major):\(minor)")
  }

  /// The processes that the mount hides from this reader: none if the reader may trace every process
  /// (proc(5)). CAP_SYS_PTRACE in a user namespace other than the initial one does not suffice. Neither
  /// does it if a security module restricts the reader, in which case this root shows no kernel
  /// threads. Nil if `hidePID` is nil.
  package var hiddenFromReader: HidePID? {
    guard let hidden = hidePID, hidden != .off else { return hidePID }
    let isInInitial = ownNamespaceInode(.user).map(InitialNamespace.hasFixedInode) == true
    return isInInitial && hasTraceCapability && showsKernelThreads ? .off : hidden
  }

  /// Whether the reader has CAP_SYS_PTRACE (capabilities(7)); false if that cannot be read.
  package var hasTraceCapability: Bool {
    guard case .success(let text) = SmallFile.read("/proc/self/status", in: AT_FDCWD) else {
      return false
    }
    return StatusText(text)?.mayTrace == true
  }
}
