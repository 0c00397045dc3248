internal import NamespaceModel

/// The namespaces that the links of processes point at now. Each namespace has a slot, an entry of an array, and the
/// source stores for each link of a process the index of the slot, called the slot number.
///
/// In a sample without changes, a link costs one comparison and a few stores: no hashing and no allocation. A pass is
/// one reading of all processes.
struct NamespaceSlots {
  struct Slot {
    let type: NamespaceType
    let inode: UInt64
    let kernelID: UInt64?
    let inodeGeneration: UInt64
    /// The pass in which the slot was made.
    let madeIn: UInt64
    /// The last pass in which a link pointed here.
    var seen: UInt64
    /// The last pass in which a process pointed here that had also pointed here in the pass before: the
    /// process confirms that the namespace is still the same.
    var confirmed: UInt64 = 0
    /// The holder: the index in the source's `entries` of a process that pointed here in the last pass,
    /// preferably of one that had also pointed here in the pass before. The source reads the holder's link
    /// again at the end of a pass.
    var holder: Int32
    /// The code (`NamespaceLink`) of the link by which the holder pointed here.
    var holderLink: UInt8
    /// Whether the source has read the relations of the namespace to others.
    var isRelated = false
  }

  private struct Key: Hashable {
    var type: NamespaceType
    var inode: UInt64
  }

  private(set) var slots: ContiguousArray<Slot> = []
  private var numbers: [Key: UInt32] = [:]
  private var free: [UInt32] = []
  private var lastInodeGeneration: UInt64 = 0

  subscript(number: UInt32) -> Slot { slots[Int(number)] }

  /// Returns the number of the slot that a link with this inode number points at; nil if there is none.
  func number(_ type: NamespaceType, _ inode: UInt64) -> UInt32? {
    numbers[Key(type: type, inode: inode)]
  }

  /// Creates a slot. From now on, the inode number denotes this slot.
  mutating func make(
    _ type: NamespaceType, _ inode: UInt64, kernelID: UInt64?, in pass: UInt64,
    holder: Int, link: NamespaceLink
  ) -> UInt32 {
    if kernelID == nil { lastInodeGeneration += 1 }
    let slot = Slot(
      type: type, inode: inode, kernelID: kernelID,
      inodeGeneration: kernelID == nil ? lastInodeGeneration : 0, madeIn: pass, seen: pass,
      holder: Int32(holder), holderLink: link.rawValue)
    let number: UInt32
    if let reused = free.popLast() {
      number = reused
      slots[Int(reused)] = slot
    } else {
      number = UInt32(slots.count)
      slots.append(slot)
    }
    numbers[Key(type: type, inode: inode)] = number
    return number
  }

  /// Notes that a link points at a slot in this pass.
  @inline(__always)
  mutating func mark(_ number: UInt32, in pass: UInt64, holder: Int, link: UInt8) {
    slots[Int(number)].seen = pass
    guard slots[Int(number)].confirmed != pass else { return }
    slots[Int(number)].holder = Int32(truncatingIfNeeded: holder)
    slots[Int(number)].holderLink = link
  }

  /// Notes that a link points at a slot in this pass, and that it did so in the pass before.
  @inline(__always)
  mutating func confirm(_ number: UInt32, in pass: UInt64, holder: Int, link: UInt8) {
    slots[Int(number)].seen = pass
    slots[Int(number)].holder = Int32(truncatingIfNeeded: holder)
    slots[Int(number)].holderLink = link
    slots[Int(number)].confirmed = pass
  }

  /// Returns the numbers of the slots that a link pointed at in this pass.
  func seen(in pass: UInt64) -> [UInt32] {
    slots.indices.lazy.filter { slots[$0].seen == pass }.map(UInt32.init)
  }

  /// Returns the numbers of the slots that a link pointed at in this pass and whose relations are not known.
  func unrelated(in pass: UInt64) -> [UInt32] {
    slots.indices.lazy.filter { slots[$0].seen == pass && !slots[$0].isRelated }.map(UInt32.init)
  }

  /// Marks the relations of the slot as read, so that the source does not read them again.
  mutating func setRelated(_ number: UInt32) { slots[Int(number)].isRelated = true }

  /// Makes `forgetUnseen` free a slot that no link points at any more, although one did earlier in this pass.
  mutating func abandon(_ number: UInt32) { slots[Int(number)].seen = .max }

  /// Frees the slots that no link pointed at in this pass: if the inode number of such a slot appears
  /// again, the source has to identify its namespace again. Returns how many slots are in use.
  mutating func forgetUnseen(in pass: UInt64) -> Int {
    var left = 0
    for index in slots.indices {
      if slots[index].seen == pass {
        left += 1
      } else if slots[index].seen != Self.freed {
        let key = Key(type: slots[index].type, inode: slots[index].inode)
        if numbers[key] == UInt32(index) { numbers[key] = nil }
        slots[index].seen = Self.freed
        free.append(UInt32(index))
      }
    }
    return left
  }

  /// The value of `seen` in a free slot. Passes count from 1.
  private static let freed: UInt64 = 0
}
