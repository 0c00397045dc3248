// Determines the namespace that each inode number of a pass denoted, on a kernel that reports no
// namespace ids.
//
// If two successive reads of one process's link return the same inode number, the number denoted one
// namespace from the first read to the second. So if a process's link returned the number in the
// previous pass, in this pass, and again at the end of this pass, then every link that returned the
// number in this pass points at the namespace of the previous pass. This check costs one read for each
// number. If the check fails, the source goes through the links in the order in which it read them:
//
// - links up to the last one of a process that had the number in the previous pass point at the
//   namespace of that pass;
// - links from the first one that still returns the number at the end of the pass point at one
//   namespace;
// - for the links between these two groups nothing proves that they share a namespace, so each gets a
//   slot of its own (`NamespaceSlots`).

internal import NamespaceModel

extension ProcfsSource {
  /// Ensures that two links point at the same slot only if they are proven to point at one namespace.
  func verifyByContinuity() throws(ProcfsError) {
    var unproven: [UInt32] = []
    for number in slots.seen(in: pass) where try !isConfirmed(slots[number]) {
      unproven.append(number)
    }
    guard !unproven.isEmpty else { return }
    var readers: [UInt32: [Reader]] = [:]
    for number in unproven { readers[number] = [] }
    for index in entries.indices where entries[index].pendingChange != .gone {
      for link in NamespaceLink.allCases {
        readers[entries[index].links[Int(link.rawValue)]]?.append(
          Reader(index: index, link: link, isSteady: entries[index].pendingChange == .none))
      }
    }
    for (number, readers) in readers { try split(number, among: readers) }
  }

  /// A link of a process that returned a given inode number in this pass.
  private struct Reader {
    let index: Int
    let link: NamespaceLink
    /// Whether all links of the process returned the same values in the previous pass as in this one.
    let isSteady: Bool
  }

  private func isConfirmed(_ slot: NamespaceSlots.Slot) throws(ProcfsError) -> Bool {
    if InitialNamespace.hasFixedInode(slot.inode) { return true }
    guard slot.confirmed == pass, let link = NamespaceLink(rawValue: slot.holderLink) else {
      return false
    }
    return try stillReturns(slot.inode, Int(slot.holder), link)
  }

  private func stillReturns(
    _ inode: UInt64, _ index: Int, _ link: NamespaceLink
  ) throws(ProcfsError) -> Bool {
    try withDirectory(of: entries[index]) { reader.read(link, in: $0) } == .inode(inode)
  }

  private func split(_ number: UInt32, among readers: [Reader]) throws(ProcfsError) {
    let slot = slots[number]
    var lasting: [Int] = []
    for (index, reader) in readers.enumerated()
    where try stillReturns(slot.inode, reader.index, reader.link) {
      lasting.append(index)
    }
    if lasting.contains(where: { readers[$0].isSteady }) { return }
    let unproven = readers.lastIndex(where: \.isSteady).map { $0 + 1 } ?? 0
    let first = lasting.first ?? readers.count
    // All links point at one namespace: that of the previous pass, or one that is new in this pass.
    if first < unproven || (first == 0 && slot.madeIn == pass) { return }
    for reader in readers[unproven..<first] { point([reader], at: slot) }
    point(readers[first...], at: slot)
    if unproven == 0 { slots.abandon(number) }
  }

  /// Points these links at a new slot with the inode number of the slot that they shared with other links.
  private func point(_ readers: some Collection<Reader>, at slot: NamespaceSlots.Slot) {
    guard let first = readers.first else { return }
    let new = slots.make(
      slot.type, slot.inode, kernelID: nil, in: pass, holder: first.index, link: first.link)
    for reader in readers {
      var codes = entries[reader.index].links
      codes[Int(reader.link.rawValue)] = new
      setLinks(reader.index, to: codes)
    }
  }
}
