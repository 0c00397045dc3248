internal import CLinux
internal import Glibc
internal import NamespaceModel
internal import SystemPackage

/// Finds the mounts of namespace files in each mount namespace, also in pinned mount namespaces that have no process.
final class MountScan {
  private let findings: PinFindings
  private let mountPaths: MountPaths
  private var hidden = HiddenMounts()

  init(findings: PinFindings, mountPaths: MountPaths) {
    self.findings = findings
    self.mountPaths = mountPaths
  }

  /// Starts a scan.
  func begin() { hidden.mounts.removeAll() }

  private enum Reading { case read, gone, failed }

  /// Reads the mounts of each mount namespace.
  ///
  /// - Parameter members: the PIDs of the processes in each mount namespace, by its inode number.
  func scan(_ members: [UInt64: [Int32]]) throws(ProcfsError) {
    let own = findings.root.isProc ? findings.root.ownNamespaceInode(.mnt) : nil
    for (inode, pids) in members.sorted(by: { $0.key < $1.key }) {
      if try readMounts(inode, pids, isOwn: inode == own) == .failed {
        findings.countUnreadMounts()
      }
    }
    // If the id of a mounted namespace became known only after a table was read, it can prove the namespace once
    // the table is read again.
    for inode in findings.tablesToReadAgain(hidden) {
      hidden.forget(inode)
      _ = try readMounts(inode, members[inode] ?? [], isOwn: inode == own)
    }
  }

  /// Reads the mounts through a process whose root directory shows all of them, or otherwise through
  /// any process.
  private func readMounts(
    _ inode: UInt64, _ pids: [Int32], isOwn: Bool
  ) throws(ProcfsError) -> Reading {
    var reading = Reading.gone
    for wantsWhole in [true, false] {
      for pid in pids {
        guard let process = try reopen(pid),
          findings.reader.isRoot("root", in: process.directory) == wantsWhole
        else { continue }
        switch try readMounts(inode, process, isOwn: isOwn) {
        case .read: return .read
        case .failed: reading = .failed
        case .gone: break
        }
      }
    }
    return reading
  }

  private func reopen(_ pid: Int32) throws(ProcfsError) -> PinProcess? {
    do throws(Errno) {
      let process = try PinProcess(pid, in: findings.root)
      return process.survivor() ?? process
    } catch {
      try findings.check(error, "open", "\(pid)")
      return nil
    }
  }

  private func readMounts(
    _ inode: UInt64, _ process: PinProcess, isOwn: Bool
  ) throws(ProcfsError) -> Reading {
    guard let before = process.namespace(.mnt, by: findings.identity, findings.reader),
      before.inode == inode
    else {
      return .gone
    }
    let step = findings.beginTable()
    // The mount table may be very long.
    let table: MountInfo
    switch SmallFile.read("mountinfo", in: process.directory, limit: 1 << 28) {
    case .success(let text): table = MountInfo(text)
    case .failure(let errno):
      try findings.check(errno, "read", "\(process.pid)/mountinfo")
      return errno.isGone ? .gone : .failed
    }
    guard !table.entries.isEmpty else { return .read }
    for entry in table.entries { mountPaths.add(entry.path) }
    let top = openRoot(of: process, table, isOwn: isOwn)
    defer { if top >= 0 { close(top) } }
    // The table belongs to this mount namespace if the process is in it both before and after the read.
    guard let after = process.namespace(.mnt, by: findings.identity, findings.reader),
      after == before
    else {
      return .gone
    }
    let mountNamespace = findings.nameWithoutPin(.mnt, inode, id: after.id)
    for entry in table.entries {
      if let namespace = identify(entry, below: top) {
        findings.add(
          NamespacePin(namespace: namespace, holder: .mount(path: entry.path, in: mountNamespace)))
      } else {
        hidden.mounts.append(
          HiddenMounts.Mount(
            entry: entry, table: inode, mountNamespace: mountNamespace, step: step))
      }
    }
    return .read
  }

  /// Opens the directory that the paths of a table are relative to; returns -1 if it is not safe to
  /// open.
  private func openRoot(of process: PinProcess, _ table: MountInfo, isOwn: Bool) -> Int32 {
    guard findings.root.isProc else { return -1 }
    if isOwn { return open("/", CLINUX_O_PATH_DIRECTORY) }
    guard !table.rootTypes.isEmpty, table.rootTypes.allSatisfy(LocalFileSystem.contains) else {
      return -1
    }
    return openat(process.directory, "root", CLINUX_O_PATH_DIRECTORY)
  }

  /// Returns the namespace of a mount; nil if another mount covers it, or if its path is not safe to
  /// walk.
  private func identify(_ entry: MountInfo.Entry, below top: Int32) -> ObservedNamespace? {
    let file = top < 0 ? -1 : entry.open(below: top)
    guard file >= 0 else { return nil }
    defer { close(file) }
    guard case .proven(let id) = findings.proof.ask(file, entry.type, entry.inode) else {
      return nil
    }
    let namespace = findings.name(entry.type, entry.inode, id: id)
    findings.relate(namespace, path: file)
    return namespace
  }

  /// Adds the pins of the mounts that could not be opened.
  func resolveHidden() {
    for mount in hidden.mounts {
      findings.add(
        NamespacePin(
          namespace: findings.name(mount),
          holder: .mount(path: mount.entry.path, in: mount.mountNamespace)))
    }
    hidden.mounts.removeAll()
  }

  /// Scans the pinned mount namespaces that have no process, and so no table in `/proc`: the kernel lists their mounts by
  /// the id of the mount namespace. Also scans those that mounts in them pin in turn, except the ones with
  /// these inode numbers.
  func scanEmpty(besides inodes: Set<UInt64>) {
    var done = inodes
    while let mountNamespace = findings.pins.lazy.map(\.namespace).first(where: {
      $0.type == .mnt && $0.kernelID != nil && !done.contains($0.inode)
    }) {
      done.insert(mountNamespace.inode)
      guard let id = mountNamespace.kernelID else { continue }
      let step = findings.beginTable()
      guard let entries = MountListing.entries(of: id) else {
        findings.countUnreadMounts()
        continue
      }
      hidden.mounts += entries.map {
        HiddenMounts.Mount(
          entry: $0, table: mountNamespace.inode, mountNamespace: mountNamespace, step: step)
      }
      resolveHidden()
    }
  }
}
