internal import CLinux
internal import Glibc
internal import NamespaceModel
internal import SystemPackage

/// An open namespace file that a scan found.
struct DescriptorPin {
  let pin: NamespacePin
  let number: Int32
}

/// Finds the namespaces among the open files of each process.
///
/// The link of a descriptor that was opened by the path of a mount (`/run/netns/NAME`) reads as that path. After the
/// mount is gone (`ip netns delete NAME`), the link reads as `/`, like that of an open root directory.
final class DescriptorScan {
  private let findings: PinFindings
  private let mountPaths: MountPaths
  private var descriptors = PIDListing(lowest: 0)

  init(findings: PinFindings, mountPaths: MountPaths) {
    self.findings = findings
    self.mountPaths = mountPaths
  }

  /// The open files of one process.
  struct Files {
    var pins: [DescriptorPin] = []
    /// The descriptors of sockets, in ascending order.
    var sockets: [Int32] = []
    /// Whether the process has any open file.
    var hasDescriptors = false
  }

  /// Returns the namespaces that a process has open, and the descriptors of its sockets.
  func scan(_ process: PinProcess) throws(ProcfsError) -> Files {
    let folder = openat(process.directory, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0, descriptors.refresh(folder) else {
      let errno = Errno.last
      if folder >= 0 { close(folder) }
      if !errno.isGone {
        try findings.check(errno, "list", "\(process.pid)/fd")
        findings.deny(process.pid)
      }
      return Files()
    }
    defer { close(folder) }
    var found = Files(hasDescriptors: !descriptors.pids.isEmpty)
    for number in descriptors.pids {
      switch findings.reader.read("\(number)", in: folder) {
      case .other: break
      case .socket: found.sockets.append(number)
      case .namespace(let type, let inode):
        if let namespace = try prove(number, in: folder, type, inode, process) {
          found.pins.append(pin(namespace, number, process))
        }
      case .path(let count):
        guard mountPaths.mayContain(count), mountPaths.contains(findings.reader.path(count)) else {
          continue
        }
        fallthrough
      case .root:
        if let (type, inode) = fileOfMount(number, in: folder, process),
          let namespace = try prove(number, in: folder, type, inode, process)
        {
          found.pins.append(pin(namespace, number, process))
        }
      // The process has closed the descriptor meanwhile.
      case .failed(let errno) where errno.isGone: break
      case .failed:
        findings.deny(process.pid)
        return found
      }
    }
    return found
  }

  private func pin(
    _ namespace: ObservedNamespace, _ number: Int32, _ process: PinProcess
  ) -> DescriptorPin {
    DescriptorPin(
      pin: NamespacePin(
        namespace: namespace,
        holder: .descriptor(
          pid: process.pid, startTicks: process.stat?.startTicks, number: number,
          comm: process.stat?.comm)),
      number: number)
  }

  /// Returns the namespace that a descriptor refers to; nil if it refers to another file, or was
  /// closed.
  private func prove(
    _ number: Int32, in folder: Int32, _ type: NamespaceType, _ inode: UInt64,
    _ process: PinProcess
  ) throws(ProcfsError) -> ObservedNamespace? {
    guard findings.root.isProc else { return findings.name(type, inode, id: nil) }
    var (type, inode) = (type, inode)
    // The process may reuse the descriptor for another file between two calls.
    for _ in 0..<3 {
      switch findings.proof.ask("\(number)", in: folder, type, inode) {
      case .proven(let id):
        let namespace = findings.name(type, inode, id: id)
        if !findings.knowsRelations(of: namespace) { relate(namespace, "\(number)", in: folder) }
        return namespace
      case .failed(let errno):
        if errno.isGone { return nil }
        try findings.check(errno, "identify", "\(process.pid)/fd/\(number)")
        findings.deny(process.pid)
        return nil
      case .other:
        guard
          case .namespace(let nextType, let next) = findings.reader.read("\(number)", in: folder)
        else {
          return nil
        }
        (type, inode) = (nextType, next)
      }
    }
    return nil
  }

  private func relate(_ namespace: ObservedNamespace, _ name: String, in folder: Int32) {
    let file = openat(folder, name, CLINUX_O_PATH)
    guard file >= 0 else { return }
    defer { close(file) }
    findings.relate(namespace, path: file)
  }

  /// Returns whether a descriptor of a process still refers to the same namespace.
  func isStillOpen(_ found: DescriptorPin, _ process: PinProcess) -> Bool {
    let namespace = found.pin.namespace
    let answer = findings.proof.ask(
      "fd/\(found.number)", in: process.directory, namespace.type, namespace.inode)
    return answer == .proven(id: namespace.kernelID)
  }

  /// Returns the namespace that an open file is, for a descriptor whose link reads as the path of a mount or
  /// as `/`; nil if the file is anything else.
  private func fileOfMount(
    _ number: Int32, in folder: Int32, _ process: PinProcess
  ) -> (NamespaceType, UInt64)? {
    guard findings.root.isProc, hasNamespaceInode(number, process) else { return nil }
    if findings.identity == .fileHandle {
      var handle = clinux_namespace_handle()
      guard clinux_namespace_handle(folder, "\(number)", &handle) == 0 else { return nil }
      return NamespaceType(cloneFlag: Int32(bitPattern: handle.type)).map {
        ($0, UInt64(handle.inode))
      }
    }
    let file = openat(folder, "\(number)", CLINUX_O_PATH)
    guard file >= 0 else { return nil }
    defer { close(file) }
    return NamespaceProof.withReopened(file) { file -> (NamespaceType, UInt64)? in
      guard let inode = RelationReader.identify(file, by: .continuity)?.inode,
        let type = NamespaceType(cloneFlag: clinux_namespace_flag(file))
      else { return nil }
      return (type, inode)
    } ?? nil
  }

  /// Returns whether `/proc/PID/fdinfo` reports an inode number of an open file that a namespace may
  /// have (`include/uapi/linux/nsfs.h`, `proc_alloc_inum`). The kernel reports this number without a
  /// request to the file system; such a request would block on the root directory of a dead server.
  /// Before Linux 5.14 the kernel does not report it.
  private func hasNamespaceInode(_ number: Int32, _ process: PinProcess) -> Bool {
    guard case .success(let text) = SmallFile.read("fdinfo/\(number)", in: process.directory),
      let line = text.split(separator: UInt8(ascii: "\n")).first(where: {
        $0.starts(with: "ino:".utf8)
      }),
      let inode = UInt64(
        String(decoding: line.dropFirst(4).drop { $0 == 0x20 || $0 == 0x09 }, as: UTF8.self))
    else { return false }
    return (0xEFFF_FF00...0xFFFF_FFFF).contains(inode)
  }
}
