internal import NamespaceModel
internal import SystemPackage

/// Determines, after all links of a pass have been read, the namespace that each inode number denoted.
///
/// The kernel reuses the inode number of a namespace as soon as the namespace dies, so the ids are read at the end. If a
/// number had the kernel id N at the end of the last pass and has it at the end of this one, N lived all the time
/// between, so every read of the number in this pass was of N. A number that is new in this pass is identified at its
/// first read, with inode and id from one call, and again at the end. If the second id differs, or no task is left in
/// the namespace, the resolver asks each task that read the number separately. If the kernel gives no id, the tasks that
/// stay in a namespace from pass to pass are the only proof (`ContinuityResolver`).
struct IdentityResolver {
  let table: ProcessTable
  let links: LinkCache
  let identity: IdentitySource

  /// Ensures that each link read in this pass points at the slot of the namespace that it pointed at when it was read.
  func verify() throws(ProcfsError) {
    guard identity != .continuity else {
      return try ContinuityResolver(table: table, links: links).verify()
    }
    for number in links.slotsInUse() where try !isStill(number) {
      try identifyThroughEveryHolder(of: number)
    }
  }

  /// Returns whether the inode number, now that the pass is over, still denotes the namespace that it denoted before. If
  /// it does, it denoted that namespace at every read in between.
  private func isStill(_ number: UInt32) throws(ProcfsError) -> Bool {
    let slot = links[number]
    guard let link = NamespaceLink(rawValue: slot.holderLink),
      case .success(let now) = try identify(link, of: Int(slot.holder))
    else { return false }
    return now.inode == slot.inode && now.id == slot.kernelID
  }

  /// Reads the inode number and the id of a link; nil if the task has exited.
  private func identify(
    _ link: NamespaceLink, of index: Int
  ) throws(ProcfsError) -> Result<NamespaceFile.Identity, Errno>? {
    try table.withDirectory(of: table.entries[index]) {
      NamespaceFile.identify(link.fileName, in: $0, by: identity)
    }
  }

  /// Reads the inode number and the id again through each link that returned this inode number. The answers replace the
  /// earlier ones: they too were read during the pass.
  private func identifyThroughEveryHolder(of number: UInt32) throws(ProcfsError) {
    for index in table.entries.indices where table.entries[index].pendingChange != .gone {
      for link in NamespaceLink.allCases
      where table.entries[index].links[Int(link.rawValue)] == number {
        let answer = try identify(link, of: index)
        var codes = table.entries[index].links
        switch answer {
        case .success(let named):
          codes[Int(link.rawValue)] = links.slot(for: named, link: link, holder: index)
        case .failure(let errno) where !errno.isGone && !errno.isDenied:
          throw links.failure("identify", index, link, .system(errno))
        case .failure(let errno):
          guard try isThere(index) else {
            table.entries[index].pendingChange = .gone
            continue
          }
          if errno.isDenied {
            table.entries[index].isDenied = true
            codes[Int(link.rawValue)] = ProcessEntry.code(.denied)
          } else if link == .pidForChildren {
            codes[Int(link.rawValue)] = ProcessEntry.code(.pending)
          } else {
            ProcessEntry.setZombie(&codes)
          }
        case nil:
          table.entries[index].pendingChange = .gone
          continue
        }
        links.setLinks(index, to: codes)
      }
    }
  }

  private func isThere(_ index: Int) throws(ProcfsError) -> Bool {
    try table.withDirectory(of: table.entries[index], FactsReader.exists) ?? false
  }
}
