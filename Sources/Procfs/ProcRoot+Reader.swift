// What a /proc tells of who reads it: in which namespaces the reader is itself, whose processes it
// is shown, and whether all of them.

internal import CLinux
internal import Glibc
package import NamespaceModel
internal import SystemPackage

extension ProcRoot {
  /// The reader's own `ns` directory, to be closed; -1 when it cannot be had. In another pid
  /// namespace's proc the reader may have no number, but its namespaces are the same in its own.
  func openOwnNamespaces() -> Int32 {
    let directory = openat(descriptor, "self/ns", CLINUX_O_PATH_DIRECTORY)
    guard directory < 0, isProc else { return directory }
    return openat(AT_FDCWD, "/proc/self/ns", CLINUX_O_PATH_DIRECTORY)
  }

  /// The inode number of one of the reader's own namespaces; nil when that cannot be read.
  package func ownNamespaceInode(_ link: NamespaceLink) -> UInt64? {
    let directory = openOwnNamespaces()
    guard directory >= 0 else { return nil }
    defer { close(directory) }
    return inode(link, in: directory)
  }

  /// The links that the reader has itself: those of the kernel.
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

  /// How far the reader's boot clock, and with it the start times that it is shown, are ahead of those
  /// of the initial time namespace, in nanoseconds; nil where that cannot be reported.
  package func bootOffset() -> Int64? {
    guard let own = ownNamespaceInode(.time) else { return nil }
    if InitialNamespace.hasFixedInode(own) { return 0 }
    // The file is about the time namespace of the reader's children.
    guard ownNamespaceInode(.timeForChildren) == own,
      case .success(let text) = SmallFile.read("/proc/self/timens_offsets", in: AT_FDCWD)
    else { return nil }
    return TimeOffsets(text)?.boot
  }

  /// Whether the kernel has namespaces of a type.
  package func supports(_ type: NamespaceType) -> Bool { ownLinks().contains(type.link) }

  /// The release of the kernel, as uname(2) has it; nil when it may not be read.
  package var kernelRelease: String? {
    guard case .success(let text) = read("sys/kernel/osrelease") else { return nil }
    return String(decoding: text.prefix { $0 > 0x20 && $0 < 0x7F }, as: UTF8.self)
  }

  private func inode(_ link: NamespaceLink, in directory: Int32) -> UInt64? {
    guard case .inode(let inode) = LinkReader().read(link, in: directory) else { return nil }
    return inode
  }

  /// The pid namespace whose processes are shown, under the numbers that they have in it; nil when
  /// that cannot be reported.
  package func shownPIDNamespace(_ identity: IdentitySource) -> ObservedNamespace? {
    if showsKernelThreads { return Self.pidNamespace(InitialNamespace.pidInode, nil) }
    // Its PID 1 is in it, if that may be asked. And so is the reader who has one number only.
    let hasOneNumber =
      if case .success(let text) = read("self/status") { StatusText(text)?.nspid.count == 1 } else {
        false
      }
    for name in hasOneNumber ? ["1/ns", "self/ns"] : ["1/ns"] {
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
    // The number of the initial one says it all; its id may not be readable the next time.
    let isInitial = InitialNamespace.hasFixedInode(inode)
    return ObservedNamespace(
      type: .pid, inode: inode, kernelID: isInitial ? nil : id, inodeGeneration: 0,
      isInitial: isInitial)
  }

  /// Whether kthreadd is there, as PID 2: kernel threads are in the initial pid namespace only.
  var showsKernelThreads: Bool {
    guard case .success(let text) = read("2/stat") else { return false }
    return StatLine(text)?.isKernelThread == true
  }

  /// The inode numbers of the initial net and mnt namespaces, which vary by kernel: those of
  /// kthreadd. Empty where it is not shown or may not be read.
  func kthreaddInodes() -> [NamespaceType: UInt64] {
    guard showsKernelThreads else { return [:] }
    let directory = openat(descriptor, "2/ns", CLINUX_O_PATH_DIRECTORY)
    guard directory >= 0 else { return [:] }
    defer { close(directory) }
    var found: [NamespaceType: UInt64] = [:]
    for link in [NamespaceLink.mnt, .net] { found[link.type] = inode(link, in: directory) }
    return found
  }

  /// What the mount of this root hides; nil when its mount is not in the reader's table of mounts.
  package var hidePID: HidePID? {
    guard isProc else { return .off }
    var status = stat()
    // A machine may have very many mounts.
    guard fstat(descriptor, &status) == 0,
      case .success(let table) = SmallFile.read(
        "/proc/self/mountinfo", in: AT_FDCWD, limit: 1 << 30)
    else { return nil }
    var major: UInt32 = 0
    var minor: UInt32 = 0
    clinux_device_numbers(UInt64(status.st_dev), &major, &minor)
    return HidePID(mountinfo: table, device: "\(major):\(minor)")
  }

  /// What the mount hides from this reader: nothing from one that may trace every process
  /// (proc(5)). CAP_SYS_PTRACE in a user namespace of its own is not that, and neither is one that a
  /// security module holds back, to which kernel threads are not shown. Nil where `hidePID` is.
  package var hiddenFromReader: HidePID? {
    guard let hidden = hidePID, hidden != .off else { return hidePID }
    let isInInitial = ownNamespaceInode(.user).map(InitialNamespace.hasFixedInode) == true
    return isInInitial && hasTraceCapability && showsKernelThreads ? .off : hidden
  }

  /// Whether the reader has CAP_SYS_PTRACE (capabilities(7)), as far as that can be read.
  package var hasTraceCapability: Bool {
    guard case .success(let text) = SmallFile.read("/proc/self/status", in: AT_FDCWD) else {
      return false
    }
    return StatusText(text)?.mayTrace == true
  }
}
