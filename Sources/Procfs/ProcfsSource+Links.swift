// The ten links of one process: the path that every process takes in every pass, and the one
// taken when something differs.

internal import Glibc
internal import NamespaceModel
internal import SystemPackage

extension ProcfsSource {
  /// Reads the links of a process. Returns false when it is gone.
  func readLinks(_ index: Int, in directory: Int32) throws(ProcfsError) -> Bool {
    if linksAreUnchanged(index, in: directory) { return true }
    return try resolveLinks(index, in: directory)
  }

  /// Reads ten links and compares each with what it was.
  private func linksAreUnchanged(_ index: Int, in directory: Int32) -> Bool {
    // What was observed or changed in a pass that failed has confirmed nothing yet.
    let confirms = entries[index].news == .none
    if entries[index].news == .appeared, entries[index].links[0] >= ProcessEntry.firstUnread {
      return false
    }
    let home = entries[index].links[Int(NamespaceLink.pid.rawValue)]
    // Once known, it need not be read again: a process is in one pid namespace for life
    // (pid_namespaces(7)), and that it still lives the others show. A tree laid down for a test may
    // have it otherwise.
    let pidNamespaceIsCached = root.isProc && home < ProcessEntry.firstUnread
    for link in NamespaceLink.allCases where link != .pid || !pidNamespaceIsCached {
      let place = Int(link.rawValue)
      let code = entries[index].links[place]
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
        // A zombie shows its pid and user namespace until it is reaped; then nothing is as it was.
        guard same else { return false }
      case .malformed: return false
      }
    }
    if pidNamespaceIsCached { find(home, at: .pid, of: index, confirms: confirms) }
    return true
  }

  /// A link of a process leads where it did.
  @inline(__always)
  private func find(_ code: UInt32, at link: NamespaceLink, of index: Int, confirms: Bool) {
    if confirms {
      slots.confirm(code, in: pass, holder: index, link: link.rawValue)
    } else {
      slots.mark(code, in: pass, holder: index, link: link.rawValue)
    }
  }

  /// Reads the links anew and finds out what each of them means. Returns false when the process
  /// is gone.
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

    // A link of a process that dies in the middle of the read says EACCES or ENOENT
    // (proc_ns_readlink and proc_ns_dir_lookup of fs/proc/namespaces.c).
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

  /// Takes the codes over; a process that had others is reported as changed.
  func setLinks(_ index: Int, to codes: InlineArray<10, UInt32>) {
    let differs = codes.indices.contains { codes[$0] != entries[index].links[$0] }
    if differs, entries[index].news == .none { entries[index].news = .changed }
    if differs { entries[index].hasNoThreadsLeft = false }
    if differs, entries[index].thread?.isTask == false, entries[index].news != .appeared,
      earlierLinks[entries[index].token] == nil
    {
      earlierLinks[entries[index].token] = entries[index].links
    }
    entries[index].links = codes
  }

  /// The slot of a link that was read as `inode`. A number that is new in this pass is identified
  /// at once, with the inode number of that same moment; the rest is settled at the end.
  private func resolve(
    _ link: NamespaceLink, _ inode: UInt64, of holder: Int, in directory: Int32
  ) -> Result<UInt32, Errno> {
    let was = entries[holder].links[Int(link.rawValue)]
    if entries[holder].news == .none, was < ProcessEntry.firstUnread, slots[was].inode == inode {
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

  /// The slot of an identity that the kernel just gave. The slot that had the inode number before
  /// is of a namespace that is no more, if its id is another.
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
