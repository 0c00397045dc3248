// Finds the namespaces among the open files of one process.

internal import CLinux
internal import Glibc
internal import NamespaceModel
internal import SystemPackage

/// An open namespace file that a scan found.
struct DescriptorPin {
  let pin: NamespacePin
  let number: Int32
}

extension PinScanner {
  /// Returns the namespaces that a process has open. Also scans its sockets.
  func scanFiles(of process: PinProcess) throws(ProcfsError) -> [DescriptorPin] {
    let folder = openat(process.directory, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0, descriptors.refresh(folder) else {
      let errno = Errno.last
      if folder >= 0 { close(folder) }
      if !errno.isGone {
        try check(errno, "list", "\(process.pid)/fd")
        deny(process.pid)
      }
      return []
    }
    defer { close(folder) }
    var found: [DescriptorPin] = []
    var sockets: [Int32] = []
    for number in descriptors.pids {
      switch reader.read("\(number)", in: folder) {
      case .other: break
      case .socket: sockets.append(number)
      case .namespace(let type, let inode):
        if let namespace = try prove(number, in: folder, type, inode, process) {
          found.append(pin(namespace, number, process))
        }
      case .path(let count):
        guard mountPaths.mayContain(count), mountPaths.contains(reader.path(count)) else {
          continue
        }
        fallthrough
      case .root:
        if let (type, inode) = fileOfMount(number, in: folder, process),
          let namespace = try prove(number, in: folder, type, inode, process)
        {
          found.append(pin(namespace, number, process))
        }
      // The process has closed the descriptor meanwhile.
      case .failed(let errno) where errno.isGone: break
      case .failed:
        deny(process.pid)
        return found
      }
    }
    if root.isProc, !sockets.isEmpty { try scanSockets(sockets, of: process) }
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
    guard root.isProc else { return names.name(type, inode, id: nil) }
    var (type, inode) = (type, inode)
    // The process may reuse the descriptor for another file between two calls.
    for _ in 0..<3 {
      switch proof.ask("\(number)", in: folder, type, inode) {
      case .proven(let id):
        let namespace = names.name(type, inode, id: id)
        if !relations.knows(namespace) { relate(namespace, "\(number)", in: folder) }
        return namespace
      case .failed(let errno):
        if errno.isGone { return nil }
        try check(errno, "identify", "\(process.pid)/fd/\(number)")
        deny(process.pid)
        return nil
      case .other:
        guard case .namespace(let nextType, let next) = reader.read("\(number)", in: folder) else {
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
    relate(namespace, file)
  }

  /// Reads the relations of a namespace through a descriptor that was opened with `O_PATH`, if its file is
  /// this namespace.
  func relate(_ namespace: ObservedNamespace, _ file: Int32) {
    guard !relations.knows(namespace) else { return }
    NamespaceProof.withReopened(file) { file in
      guard let now = RelationReader.identify(file, by: identity),
        now.inode == namespace.inode, now.id == namespace.kernelID,
        clinux_namespace_flag(file) == namespace.type.cloneFlag
      else { return }
      relations.ask(namespace, file, names: names)
    }
  }

  /// Returns whether a descriptor of a process still refers to the same namespace.
  func isStillOpen(_ found: DescriptorPin, _ process: PinProcess) -> Bool {
    let namespace = found.pin.namespace
    let answer = proof.ask(
      "fd/\(found.number)", in: process.directory, namespace.type, namespace.inode)
    return answer == .proven(id: namespace.kernelID)
  }
}
