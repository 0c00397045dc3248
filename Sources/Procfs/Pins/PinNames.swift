internal import NamespaceModel

/// Names the namespaces that scans find, so that the same one has the same name in every scan.
struct PinNames {
  private struct Key: Hashable {
    let type: NamespaceType
    let inode: UInt64
  }

  /// Samples count their sightings from 1, and never come near it.
  static let firstSighting: UInt64 = 1 << 40

  private var kept: [Key: UInt64] = [:]
  private var given: [Key: UInt64] = [:]
  private var next = Self.firstSighting
  private var varying: [NamespaceType: UInt64] = [:]

  /// A scan begins; `varying` are the inode numbers of the initial net and mnt namespaces.
  mutating func begin(varying: [NamespaceType: UInt64]) {
    self.varying = varying
    given = [:]
  }

  /// A scan that ran to its end is over: a number that was not in it will be another namespace.
  mutating func finish() { kept = given }

  /// The namespace of an inode number. Without an id a number is one namespace for as long as
  /// every scan finds it pinned; the fixed number of an initial one needs no sighting.
  mutating func name(_ type: NamespaceType, _ inode: UInt64, id: UInt64?) -> ObservedNamespace {
    var sighting: UInt64 = 0
    if id == nil, !InitialNamespace.hasFixedInode(inode) {
      let key = Key(type: type, inode: inode)
      if let known = given[key] ?? kept[key] {
        sighting = known
      } else {
        sighting = next
        next += 1
      }
      given[key] = sighting
    }
    return known(type, inode, id: id, sighting: sighting)
  }

  /// The same where no pin was seen: nil without an id, unless the number says it all.
  func nameUnpinned(_ type: NamespaceType, _ inode: UInt64, id: UInt64?) -> ObservedNamespace? {
    guard id != nil || InitialNamespace.hasFixedInode(inode) else { return nil }
    return known(type, inode, id: id, sighting: 0)
  }

  private func known(
    _ type: NamespaceType, _ inode: UInt64, id: UInt64?, sighting: UInt64
  ) -> ObservedNamespace {
    ObservedNamespace(
      type: type, inode: inode, kernelID: id, sighting: sighting,
      isInitial: InitialNamespace.isInitial(
        type, inode, hasKernelID: id != nil, varying: varying))
  }
}
