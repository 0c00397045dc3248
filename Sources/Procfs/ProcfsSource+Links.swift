// Reads the ten links of one process: the fast path, which every process takes in every pass, and the
// slow path for a process whose links differ from those of the last pass.

internal import Glibc
internal import NamespaceModel
internal import SystemPackage

extension ProcfsSource {
  /// Reads the links of a process. Returns false if the process has exited.
  func readLinks(_ index: Int, in directory: Int32) throws(ProcfsError) -> Bool {
    if linksAreUnchanged(index, in: directory) { return true }
    return try resolveLinks(index, in: directory)
  }

  /// Reads the links and compares each with its previous value.
  private func linksAreUnchanged(_ index: Int, in directory: Int32) -> Bool {
    // An entry that a failed pass added or changed does not confirm any slot yet.
    let confirms = entries[index].pendingChange == .none
    if entries[index].pendingChange == .appeared,
      entries[index].links[0] >= ProcessEntry.firstUnread
    {
      return false
    }
    let pidCode = entries[index].links[Int(NamespaceLink.pid.rawValue)]
    // A process is in one pid namespace for life (pid_namespaces(7)), so a known pid link is not read
    // again; the other links show that the process still exists. A directory tree made for a test may
    // change the pid link.
    let pidNamespaceIsCached = root.isProc && pidCode < ProcessEntry.firstUnread
    for link in NamespaceLink.allCases where link != .pid || !pidNamespaceIsCached {
      let linkIndex = Int(link.rawValue)
      let code = entries[index].links[linkIndex]
      switch reader.read(link, in: directory) {
      case .inode(let inode):
        guard code < ProcessEntry.firstUnread, slots[code].inode == inode else { return false }
        find(code, at: link, of: index, confirms: confirms)
      case .failed(let errno):
        guard let reason = ProcessEntry.unread(code) else { return false }
        let same =
          switch Errno(rawValue: errno) {
          case let errno where errno.isDenied: reason == .denied
          case let errno where errno.isGone: reason != .denied
          default: false
          }
        // The links pid and user of a zombie stay readable until it is reaped; after that, they fail as
        // well, and the links differ from the previous ones.
        guard same else { return false }
      case .malformed: return false
      }
    }
    if pidNamespaceIsCached { find(pidCode, at: .pid, of: index, confirms: confirms) }
    return true
  }

  /// Notes that a link of a process still points at the slot `code`, and, if `confirms` is true, that it
  /// confirms the slot.
  @inline(__always)
  private func find(_ code: UInt32, at link: NamespaceLink, of index: Int, confirms: Bool) {
    if confirms {
      slots.confirm(code, in: pass, holder: index, link: link.rawValue)
    } else {
      slots.mark(code, in: pass, holder: index, link: link.rawValue)
    }
  }

  /// Reads the links again and determines the code of each. Returns false if the process has exited.
  private func resolveLinks(_ index: Int, in directory: Int32) throws(ProcfsError) -> Bool {
    var codes = entries[index].links
    var missing: [NamespaceLink] = []
    var denied: [NamespaceLink] = []
    for link in NamespaceLink.allCases {
      var reading = reader.read(link, in: directory)
      if case .inode(let inode) = reading {
        supported.insert(link)
        switch resolve(link, inode, of: index, in: directory) {
        case .success(let code): codes[Int(link.rawValue)] = code
        case .failure(let errno): reading = .failed(errno.rawValue)
        }
      }
      switch reading {
      case .inode: break
      case .malformed: throw failure(index, link, .malformed)
      case .failed(let number):
        let errno = Errno(rawValue: number)
        if errno.isGone {
          missing.append(link)
        } else if errno.isDenied {
          denied.append(link)
        } else {
          throw failure(index, link, .system(errno))
        }
      }
    }

    // If a process exits during the read, its links return EACCES or ENOENT (proc_ns_readlink and
    // proc_ns_dir_lookup of fs/proc/namespaces.c).
    if !(missing.isEmpty && denied.isEmpty), !FactsReader.exists(in: directory) { return false }
    let isExiting = missing.contains { $0 != .pidForChildren && supported.contains($0) }
    for link in missing {
      codes[Int(link.rawValue)] = ProcessEntry.code(
        isExiting ? .zombie : link == .pidForChildren ? .pending : .unsupported)
    }
    for link in denied { codes[Int(link.rawValue)] = ProcessEntry.code(.denied) }
    entries[index].isDenied = !denied.isEmpty
    if isExiting { ProcessEntry.setZombie(&codes) }
    setLinks(index, to: codes)
    return true
  }

  /// Stores the codes of the links, and marks the process as changed if they differ from the previous
  /// ones.
  func setLinks(_ index: Int, to codes: InlineArray<10, UInt32>) {
    let differs = codes.indices.contains { codes[$0] != entries[index].links[$0] }
    if differs, entries[index].pendingChange == .none { entries[index].pendingChange = .changed }
    if differs { entries[index].hasNoThreadsLeft = false }
    if differs, entries[index].thread?.isTask == false, entries[index].pendingChange != .appeared,
      earlierLinks[entries[index].token] == nil
    {
      earlierLinks[entries[index].token] = entries[index].links
    }
    entries[index].links = codes
  }

  /// Returns the slot of a link that was read as `inode`. A number that is new in this pass is
  /// identified at once, by a call that returns the id and the inode number of the same moment; the
  /// other numbers are verified at the end of the pass.
  private func resolve(
    _ link: NamespaceLink, _ inode: UInt64, of holder: Int, in directory: Int32
  ) -> Result<UInt32, Errno> {
    let was = entries[holder].links[Int(link.rawValue)]
    if entries[holder].pendingChange == .none, was < ProcessEntry.firstUnread,
      slots[was].inode == inode
    {
      slots.confirm(was, in: pass, holder: holder, link: link.rawValue)
      return .success(was)
    }
    if let known = slots.number(link.type, inode) {
      slots.mark(known, in: pass, holder: holder, link: link.rawValue)
      return .success(known)
    }
    guard identity != .continuity else {
      return .success(
        slots.make(link.type, inode, kernelID: nil, in: pass, holder: holder, link: link))
    }
    return NamespaceFile.identify(link.fileName, in: directory, by: identity).map {
      slot(for: $0, link: link, holder: holder)
    }
  }

  /// Returns the slot of an identity that the kernel just returned. If the slot that had the inode
  /// number before has another id, the namespace of that slot no longer exists.
  func slot(for named: NamespaceFile.Identity, link: NamespaceLink, holder: Int) -> UInt32 {
    if let known = slots.number(link.type, named.inode), slots[known].kernelID == named.id {
      slots.mark(known, in: pass, holder: holder, link: link.rawValue)
      return known
    }
    return slots.make(
      link.type, named.inode, kernelID: named.id, in: pass, holder: holder, link: link)
  }

  private func failure(
    _ index: Int, _ link: NamespaceLink, _ cause: ProcfsError.Cause
  ) -> ProcfsError {
    ProcfsError(
      operation: "read", path: "\(root.path)/\(entries[index].folder)/ns/\(link.fileName)",
      cause: cause)
  }
}
