internal import Glibc
internal import NamespaceModel
internal import SystemPackage

/// The namespaces at which the links of all tasks pointed when they were last read.
///
/// It reads the ten links of one task: on the fast path, which every task takes in every pass, it only compares each
/// link with its last value; on the slow path it determines the namespace of each link of a task that has changed.
final class LinkCache {
  private let table: ProcessTable
  private let identity: IdentitySource
  private let reader = LinkReader()
  private var slots = NamespaceSlots()
  private var supported: Set<NamespaceLink>
  /// The links that a thread had in the last finished pass, for each thread that is no task of its own and whose links
  /// have changed in this pass.
  private var earlierLinks: [ProcessToken: InlineArray<10, UInt32>] = [:]

  init(table: ProcessTable, identity: IdentitySource) {
    self.table = table
    self.identity = identity
    supported = table.root.ownLinks()
  }

  // MARK: Reading

  /// Reads the links of a task. Returns false if the task has exited.
  func read(_ index: Int, in directory: Int32) throws(ProcfsError) -> Bool {
    if isUnchanged(index, in: directory) { return true }
    return try resolve(index, in: directory)
  }

  /// Reads the links and compares each with its previous value.
  private func isUnchanged(_ index: Int, in directory: Int32) -> Bool {
    // An entry that a failed pass added or changed does not confirm any slot yet.
    let confirms = table.entries[index].pendingChange == .none
    if table.entries[index].pendingChange == .appeared,
      table.entries[index].links[0] >= ProcessEntry.firstUnread
    {
      return false
    }
    let pidCode = table.entries[index].links[Int(NamespaceLink.pid.rawValue)]
    // A process is in one pid namespace for life (pid_namespaces(7)), so a known pid link is not read
    // again; the other links show that the process still exists. A directory tree made for a test may
    // change the pid link.
    let pidNamespaceIsCached = table.root.isProc && pidCode < ProcessEntry.firstUnread
    for link in NamespaceLink.allCases where link != .pid || !pidNamespaceIsCached {
      let code = table.entries[index].links[Int(link.rawValue)]
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

  /// Notes that a link of a task still points at the slot `code`, and, if `confirms` is true, that it confirms the slot.
  @inline(__always)
  private func find(_ code: UInt32, at link: NamespaceLink, of index: Int, confirms: Bool) {
    if confirms {
      slots.confirm(code, in: table.pass.number, holder: index, link: link.rawValue)
    } else {
      slots.mark(code, in: table.pass.number, holder: index, link: link.rawValue)
    }
  }

  /// Reads the links again and determines the code of each. Returns false if the task has exited.
  private func resolve(_ index: Int, in directory: Int32) throws(ProcfsError) -> Bool {
    var codes = table.entries[index].links
    var missing: [NamespaceLink] = []
    var denied: [NamespaceLink] = []
    for link in NamespaceLink.allCases {
      var reading = reader.read(link, in: directory)
      if case .inode(let inode) = reading {
        supported.insert(link)
        switch slot(of: link, inode, holder: index, in: directory) {
        case .success(let code): codes[Int(link.rawValue)] = code
        case .failure(let errno): reading = .failed(errno.rawValue)
        }
      }
      switch reading {
      case .inode: break
      case .malformed: throw failure("read", index, link, .malformed)
      case .failed(let number):
        let errno = Errno(rawValue: number)
        if errno.isGone {
          missing.append(link)
        } else if errno.isDenied {
          denied.append(link)
        } else {
          throw failure("read", index, link, .system(errno))
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
    table.entries[index].isDenied = !denied.isEmpty
    if isExiting { ProcessEntry.setZombie(&codes) }
    setLinks(index, to: codes)
    return true
  }

  /// Returns the slot of a link that was read as `inode`. A number that is new in this pass is identified at once, by a
  /// call that returns the id and the inode number of the same moment; the other numbers are verified at the end of the
  /// pass (`IdentityResolver`).
  private func slot(
    of link: NamespaceLink, _ inode: UInt64, holder: Int, in directory: Int32
  ) -> Result<UInt32, Errno> {
    let was = table.entries[holder].links[Int(link.rawValue)]
    if table.entries[holder].pendingChange == .none, was < ProcessEntry.firstUnread,
      slots[was].inode == inode
    {
      slots.confirm(was, in: table.pass.number, holder: holder, link: link.rawValue)
      return .success(was)
    }
    if let known = slots.number(link.type, inode) {
      slots.mark(known, in: table.pass.number, holder: holder, link: link.rawValue)
      return .success(known)
    }
    guard identity != .continuity else {
      return .success(makeSlot(link.type, inode, kernelID: nil, holder: holder, link: link))
    }
    return NamespaceFile.identify(link.fileName, in: directory, by: identity).map {
      slot(for: $0, link: link, holder: holder)
    }
  }

  /// Returns the slot of an identity that the kernel just returned. If the slot that had the inode number before has
  /// another id, the namespace of that slot no longer exists.
  func slot(for named: NamespaceFile.Identity, link: NamespaceLink, holder: Int) -> UInt32 {
    if let known = slots.number(link.type, named.inode), slots[known].kernelID == named.id {
      slots.mark(known, in: table.pass.number, holder: holder, link: link.rawValue)
      return known
    }
    return makeSlot(link.type, named.inode, kernelID: named.id, holder: holder, link: link)
  }

  /// Creates a slot. From now on, the inode number denotes this slot.
  func makeSlot(
    _ type: NamespaceType, _ inode: UInt64, kernelID: UInt64?, holder: Int, link: NamespaceLink
  ) -> UInt32 {
    slots.make(
      type, inode, kernelID: kernelID, in: table.pass.number, holder: holder, link: link)
  }

  /// Reads one link of a task again; nil if the task has exited.
  func readAgain(_ link: NamespaceLink, of index: Int) throws(ProcfsError) -> LinkReader.Reading? {
    try table.withDirectory(of: table.entries[index]) { reader.read(link, in: $0) }
  }

  /// Returns the error of a system call on a link.
  func failure(
    _ operation: String, _ index: Int, _ link: NamespaceLink, _ cause: ProcfsError.Cause
  ) -> ProcfsError {
    ProcfsError(
      operation: operation,
      path: "\(table.root.path)/\(table.entries[index].folder)/ns/\(link.fileName)", cause: cause)
  }

  // MARK: Changes

  /// Stores the codes of the links, and marks the task as changed if they differ from the previous ones.
  func setLinks(_ index: Int, to codes: InlineArray<10, UInt32>) {
    let entry = table.entries[index]
    guard codes.indices.contains(where: { codes[$0] != entry.links[$0] }) else { return }
    if entry.pendingChange == .none { table.entries[index].pendingChange = .changed }
    table.entries[index].hasNoThreadsLeft = false
    if entry.thread?.isTask == false, entry.pendingChange != .appeared,
      earlierLinks[entry.token] == nil
    {
      earlierLinks[entry.token] = entry.links
    }
    table.entries[index].links = codes
  }

  /// Returns the links that a thread had in the last finished pass, if they have changed in this pass.
  func linksBefore(_ thread: ProcessEntry) -> InlineArray<10, UInt32>? {
    earlierLinks[thread.token]
  }

  /// Ends a pass: forgets the namespaces at which no link points any more. Returns how many are left.
  func endPass() -> Int {
    earlierLinks.removeAll()
    return slots.forgetUnseen(in: table.pass.number)
  }

  // MARK: Slots

  /// Returns the numbers of the slots at which a link pointed in this pass.
  func slotsInUse() -> [UInt32] { slots.seen(in: table.pass.number) }

  /// Returns the numbers of the slots at which a link pointed in this pass and whose relations are not known.
  func unrelatedSlots() -> [UInt32] { slots.unrelated(in: table.pass.number) }

  subscript(slot: UInt32) -> NamespaceSlots.Slot { slots[slot] }

  /// Returns the number of the slot that an inode number denotes; nil if there is none.
  func number(_ type: NamespaceType, _ inode: UInt64) -> UInt32? { slots.number(type, inode) }

  /// Marks the relations of a slot as read.
  func setRelated(_ slot: UInt32) { slots.setRelated(slot) }

  /// Forgets, at the end of the pass, a slot at which no link points any more, although one did earlier in this pass.
  func abandon(_ slot: UInt32) { slots.abandon(slot) }

  // MARK: States

  /// Returns the states to report for links with these codes.
  func states(
    _ codes: InlineArray<10, UInt32>, initial: [NamespaceType: UInt64]
  ) -> [LinkState] {
    NamespaceLink.allCases.map { link in
      let code = codes[Int(link.rawValue)]
      if let reason = ProcessEntry.unread(code) { return .unread(reason) }
      let slot = slots[code]
      return .namespace(
        ObservedNamespace(
          type: slot.type, inode: slot.inode, kernelID: slot.kernelID,
          inodeGeneration: slot.inodeGeneration,
          isInitial: InitialNamespace.isInitial(
            slot.type, slot.inode, hasKernelID: slot.kernelID != nil, varying: initial)))
    }
  }

  /// Returns the inode numbers of the initial net and mnt namespaces, which vary by kernel, as read
  /// from kthreadd. kthreadd is PID 2 in every proc that shows the initial pid namespace.
  func initialInodes() -> [NamespaceType: UInt64] {
    guard let kthreadd = table.entries.first(where: { $0.pid == 2 }), kthreadd.isKernelThread else {
      return [:]
    }
    var found: [NamespaceType: UInt64] = [:]
    for link in [NamespaceLink.mnt, .net] {
      let code = kthreadd.links[Int(link.rawValue)]
      if ProcessEntry.unread(code) == nil { found[link.type] = slots[code].inode }
    }
    return found
  }
}
