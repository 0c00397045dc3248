internal import NamespaceModel

/// Determines the namespace that each inode number of a pass denoted, on a kernel that reports no namespace ids.
///
/// If two successive reads of one task's link return the same inode number, the number denoted one namespace from the
/// first read to the second. So if a task's link returned the number in the previous pass, in this pass, and again at
/// the end of this pass, then every link that returned the number in this pass points at the namespace of the previous
/// pass. This check costs one read for each number. If the check fails, the resolver goes through the links in the order
/// in which they were read:
///
/// - links up to the last one of a task that had the number in the previous pass point at the namespace of that pass;
/// - links from the first one that still returns the number at the end of the pass point at one namespace;
/// - for the links between these two groups nothing proves that they share a namespace, so each gets a slot of its own
///   (`NamespaceSlots`).
struct ContinuityResolver {
  let table: ProcessTable
  let links: LinkCache

  /// Ensures that two links point at the same slot only if they are proven to point at one namespace.
  func verify() throws(ProcfsError) {
    var unproven: [UInt32] = []
    for number in links.slotsInUse() where try !isConfirmed(links[number]) {
      unproven.append(number)
    }
    guard !unproven.isEmpty else { return }
    var readers: [UInt32: [Reader]] = [:]
    for number in unproven { readers[number] = [] }
    for index in table.entries.indices where table.entries[index].pendingChange != .gone {
      for link in NamespaceLink.allCases {
        readers[table.entries[index].links[Int(link.rawValue)]]?.append(
          Reader(index: index, link: link, isSteady: table.entries[index].pendingChange == .none))
      }
    }
    for (number, readers) in readers { try split(number, among: readers) }
  }

  /// A link of a task that returned a given inode number in this pass.
  private struct Reader {
    let index: Int
    let link: NamespaceLink
    /// Whether all links of the task returned the same values in the previous pass as in this one.
    let isSteady: Bool
  }

  private func isConfirmed(_ slot: NamespaceSlots.Slot) throws(ProcfsError) -> Bool {
    if InitialNamespace.hasFixedInode(slot.inode) { return true }
    guard slot.confirmed == table.pass.number, let link = NamespaceLink(rawValue: slot.holderLink)
    else { return false }
    return try stillReturns(slot.inode, Int(slot.holder), link)
  }

  private func stillReturns(
    _ inode: UInt64, _ index: Int, _ link: NamespaceLink
  ) throws(ProcfsError) -> Bool {
    try links.readAgain(link, of: index) == .inode(inode)
  }

  private func split(_ number: UInt32, among readers: [Reader]) throws(ProcfsError) {
    let slot = links[number]
    var lasting: [Int] = []
    for (index, reader) in readers.enumerated()
    where try stillReturns(slot.inode, reader.index, reader.link) {
      lasting.append(index)
    }
    if lasting.contains(where: { readers[$0].isSteady }) { return }
    let unproven = readers.lastIndex(where: \.isSteady).map { $0 + 1 } ?? 0
    let first = lasting.first ?? readers.count
    // All links point at one namespace: that of the previous pass, or one that is new in this pass.
    if first < unproven || (first == 0 && slot.madeIn == table.pass.number) { return }
    for reader in readers[unproven..<first] { point([reader], at: slot) }
    point(readers[first...], at: slot)
    if unproven == 0 { links.abandon(number) }
  }

  /// Points these links at a new slot with the inode number of the slot that they shared with other links.
  private func point(_ readers: some Collection<Reader>, at slot: NamespaceSlots.Slot) {
    guard let first = readers.first else { return }
    let new = links.makeSlot(
      slot.type, slot.inode, kernelID: nil, holder: first.index, link: first.link)
    for reader in readers {
      var codes = table.entries[reader.index].links
      codes[Int(reader.link.rawValue)] = new
      links.setLinks(reader.index, to: codes)
    }
  }
}
