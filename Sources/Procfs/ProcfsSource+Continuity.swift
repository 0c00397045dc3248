// Which namespace each inode number of a pass was, on a kernel that gives namespaces no id.
//
// A number is one namespace from one read of a process's link to the next, if both gave it. So a
// process whose link gave it in the pass before, in this pass and once more when this pass is over
// vouches for all links that gave it in this pass: it is the namespace that it was. That one read
// is what a number costs. Otherwise the links are looked at in the order in which they were read:
//
// - up to the last of a process that had it in the pass before, it is the namespace that it was;
// - from the first on that still gives it when the pass is over, it is one namespace;
// - where the two do not meet, nobody vouches for those in between, and each has its own.

internal import NamespaceModel

extension ProcfsSource {
  /// Makes sure that links point at one slot only where they were proven to be one namespace.
  func settleByContinuity() throws(ProcfsError) {
    var doubtful: [UInt32] = []
    for number in slots.seen(in: pass) where try !isVouchedFor(slots[number]) {
      doubtful.append(number)
    }
    guard !doubtful.isEmpty else { return }
    var readers: [UInt32: [Reader]] = [:]
    for number in doubtful { readers[number] = [] }
    for index in entries.indices where entries[index].news != .gone {
      for link in NamespaceLink.allCases {
        readers[entries[index].links[Int(link.rawValue)]]?.append(
          Reader(index: index, link: link, isSteady: entries[index].news == .none))
      }
    }
    for (number, readers) in readers { try split(number, among: readers) }
  }

  /// A link of a process that gave a number in this pass.
  private struct Reader {
    let index: Int
    let link: NamespaceLink
    /// Whether all links of the process gave in the pass before what they gave in this one.
    let isSteady: Bool
  }

  private func isVouchedFor(_ slot: NamespaceSlots.Slot) throws(ProcfsError) -> Bool {
    if InitialNamespace.hasFixedInode(slot.inode) { return true }
    guard slot.confirmed == pass, let link = NamespaceLink(rawValue: slot.holderLink) else {
      return false
    }
    return try stillGives(slot.inode, Int(slot.holder), link)
  }

  private func stillGives(
    _ inode: UInt64, _ index: Int, _ link: NamespaceLink
  ) throws(ProcfsError) -> Bool {
    try withDirectory(of: entries[index]) { reader.read(link, in: $0) } == .inode(inode)
  }

  private func split(_ number: UInt32, among readers: [Reader]) throws(ProcfsError) {
    let slot = slots[number]
    var lasting: [Int] = []
    for (place, reader) in readers.enumerated()
    where try stillGives(slot.inode, reader.index, reader.link) {
      lasting.append(place)
    }
    if lasting.contains(where: { readers[$0].isSteady }) { return }
    let unproven = readers.lastIndex(where: \.isSteady).map { $0 + 1 } ?? 0
    let first = lasting.first ?? readers.count
    // All of it is one namespace: what it was, or one that was first met in this pass.
    if first < unproven || (first == 0 && slot.born == pass) { return }
    for reader in readers[unproven..<first] { point([reader], at: slot) }
    point(readers[first...], at: slot)
    if unproven == 0 { slots.abandon(number) }
  }

  /// Gives readers of a number a slot of their own, in place of the one they shared with others.
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
