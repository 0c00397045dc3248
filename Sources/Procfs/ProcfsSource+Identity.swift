// Determines, after all links of a pass have been read, the namespace that each inode number denoted.

internal import NamespaceModel
internal import SystemPackage

extension ProcfsSource {
  /// Ensures that each link read in this pass points at the slot of the namespace that it pointed at
  /// when it was read.
  func verifyIdentities() throws(ProcfsError) {
    guard identity != .continuity else { return try verifyByContinuity() }
    for number in slots.seen(in: pass) where try !isStill(number) {
      try identifyThroughEveryHolder(of: number)
    }
  }

  /// Returns whether the inode number, now that the pass is over, still denotes the namespace that it
  /// denoted before. If it does, it denoted that namespace at every read in between.
  private func isStill(_ number: UInt32) throws(ProcfsError) -> Bool {
    let slot = slots[number]
    guard let link = NamespaceLink(rawValue: slot.holderLink),
      case .success(let now) = try withDirectory(
        of: entries[Int(slot.holder)],
        { NamespaceFile.identify(link.fileName, in: $0, by: identity) })
    else { return false }
    return now.inode == slot.inode && now.id == slot.kernelID
  }

  /// Reads the inode number and the id again through each link that returned this inode number. The answers
  /// replace the earlier ones: they too were read during the pass.
  private func identifyThroughEveryHolder(of number: UInt32) throws(ProcfsError) {
    for index in entries.indices where entries[index].pendingChange != .gone {
      for link in NamespaceLink.allCases where entries[index].links[Int(link.rawValue)] == number {
        let answer = try withDirectory(of: entries[index]) {
          NamespaceFile.identify(link.fileName, in: $0, by: identity)
        }
        var codes = entries[index].links
        switch answer {
        case .success(let named):
          codes[Int(link.rawValue)] = slot(for: named, link: link, holder: index)
        case .failure(let errno) where !errno.isGone && !errno.isDenied:
          throw ProcfsError(
            operation: "identify",
            path: "\(root.path)/\(entries[index].folder)/ns/\(link.fileName)",
            cause: .system(errno))
        case .failure(let errno):
          guard try isThere(index) else {
            entries[index].pendingChange = .gone
            continue
          }
          if errno.isDenied {
            entries[index].isDenied = true
            codes[Int(link.rawValue)] = ProcessEntry.code(.denied)
          } else if link == .pidForChildren {
            codes[Int(link.rawValue)] = ProcessEntry.code(.pending)
          } else {
            ProcessEntry.setZombie(&codes)
          }
        case nil:
          entries[index].pendingChange = .gone
          continue
        }
        setLinks(index, to: codes)
      }
    }
  }

  private func isThere(_ index: Int) throws(ProcfsError) -> Bool {
    try withDirectory(of: entries[index], FactsReader.exists) ?? false
  }

  /// Returns the states to report for the links of a process.
  func states(of entry: ProcessEntry, initial: [NamespaceType: UInt64]) -> [LinkState] {
    NamespaceLink.allCases.map { link in
      let code = entry.links[Int(link.rawValue)]
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
    guard let kthreadd = entries.first(where: { $0.pid == 2 }), kthreadd.isKernelThread else {
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
