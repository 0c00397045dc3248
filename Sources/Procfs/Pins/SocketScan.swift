internal import CLinux
internal import Glibc
internal import NamespaceModel
internal import SystemPackage

/// Finds the sockets of each process that belong to a net namespace other than the process's own.
final class SocketScan {
  private let findings: PinFindings
  private var namespaces = SocketNamespaces()
  /// Whether the PIDs of this `/proc` are those of the scanner's own pid namespace. Only then can the scanner use a PID
  /// to copy a socket of the process.
  private let showsOwnPIDs: Bool

  init(findings: PinFindings) {
    self.findings = findings
    let root = findings.root
    let shown = root.isProc ? root.shownPIDNamespace(findings.identity)?.inode : nil
    showsOwnPIDs = shown != nil && shown == root.ownNamespaceInode(.pid)
  }

  /// Starts a scan.
  func begin() { namespaces.begin() }

  /// Ends a complete scan.
  func finish() { namespaces.finish() }

  /// Scans sockets, given their descriptors in ascending order.
  ///
  /// A socket of a known net namespace costs three calls: to duplicate the descriptor, to read the cookie of
  /// the net namespace, and to close the duplicate.
  func scan(_ numbers: [Int32], of process: PinProcess) throws(ProcfsError) {
    guard showsOwnPIDs, !numbers.isEmpty else { return }
    let pidfd = clinux_pidfd_open(process.pid)
    guard pidfd >= 0 else { return try refuseSockets(process) }
    defer { close(pidfd) }
    // Only this check proves that the pidfd refers to this process, and not to a later one with the
    // same PID.
    guard process.isThere else { return }
    var scanned: Set<UInt64> = []
    var reported: Set<ObservedNamespace> = []
    var own: RelationReader.Identity?
    for number in numbers {
      let socket = clinux_pidfd_getfd(pidfd, number)
      if socket < 0 {
        // The process has closed the descriptor meanwhile.
        if Errno.last == .badFileDescriptor { continue }
        return try refuseSockets(process)
      }
      defer { close(socket) }
      var value: UInt64 = 0
      let hasCookie = clinux_netns_cookie(socket, &value) == 0
      // If the file is not a socket, it is skipped: on another file the ioctl for the namespace may have any effect.
      guard hasCookie || errno == ENOPROTOOPT else { continue }
      let cookie = hasCookie ? value : nil
      if let cookie, !scanned.insert(cookie).inserted { continue }
      guard let found = namespaces.namespace(of: socket, cookie: cookie, by: findings.identity)
      else {
        continue
      }
      own = own ?? process.namespace(.net, by: findings.identity, findings.reader)
      guard let own else { return }
      // The process is in one of the two namespaces and the socket in the other, so both exist: equal
      // inode numbers denote the same namespace.
      if own.inode == found.inode { continue }
      let namespace = findings.name(.net, found.inode, id: found.id)
      guard reported.insert(namespace).inserted else { continue }
      relate(namespace, ofSocket: socket)
      findings.add(
        NamespacePin(
          namespace: namespace,
          holder: .socket(
            pid: process.pid, startTicks: process.stat?.startTicks, number: number)))
    }
  }

  private func refuseSockets(_ process: PinProcess) throws(ProcfsError) {
    let errno = Errno.last
    if errno.isGone { return }
    try findings.check(errno, "copy a socket of", "\(process.pid)")
    findings.countDeniedSockets()
  }

  private func relate(_ namespace: ObservedNamespace, ofSocket socket: Int32) {
    guard !findings.knowsRelations(of: namespace) else { return }
    let file = clinux_socket_namespace(socket)
    guard file >= 0 else { return }
    defer { close(file) }
    findings.relate(namespace, opened: file)
  }
}
