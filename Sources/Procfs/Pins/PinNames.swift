internal import NamespaceModel

/// Names the namespaces that scans find, so that the same one has the same name in every scan.
struct PinNames {
  private struct Key: Hashable {
    let type: NamespaceType
    let inode: UInt64
  }

  /// Samples count their sightings from 1 and events from 2^40, and neither comes near it.
  static let firstSighting: UInt64 = 1 << 41

  private var kept: [Key: UInt64] = [:]
  private var given: [Key: UInt64] = [:]
  private var next = Self.firstSighting
  private var varying: [NamespaceType: UInt64] = [:]
  private var ids: [Key: (id: UInt64, since: UInt64)] = [:]
  private var named: Set<Key> = []
  /// Counts the tables of mounts that were read, over all scans.
  var step: UInt64 = 0

  /// A scan begins; `varying` are the inode numbers of the initial net and mnt namespaces.
  mutating func begin(varying: [NamespaceType: UInt64]) {
    self.varying = varying
    given = [:]
    named = []
  }

  /// A scan that ran to its end is over: a number that was not in it will be another namespace.
  mutating func finish() {
    kept = given
    ids = ids.filter { named.contains($0.key) }
  }

  /// The id that a number already had before the table of this step was read, as far as is known.
  ///
  /// If its namespace is in being still, it is what the number meant in that table.
  func idBefore(_ step: UInt64, _ type: NamespaceType, _ inode: UInt64) -> UInt64? {
    ids[Key(type: type, inode: inode)].flatMap { $0.since < step ? $0.id : nil }
  }

  /// Whether an id is known that the number may have had only since.
  func hasIDOnlySince(_ step: UInt64, _ type: NamespaceType, _ inode: UInt64) -> Bool {
    ids[Key(type: type, inode: inode)].map { $0.since >= step } ?? false
  }

  /// The namespace of an inode number. Without an id a number is one namespace for as long as
  /// every scan finds it pinned; the fixed number of an initial one needs no generation.
  mutating func name(_ type: NamespaceType, _ inode: UInt64, id: UInt64?) -> ObservedNamespace {
    var inodeGeneration: UInt64 = 0
    let key = Key(type: type, inode: inode)
    if let id {
      if ids[key]?.id != id { ids[key] = (id, step) }
      named.insert(key)
    } else if !InitialNamespace.hasFixedInode(inode) {
      if let known = given[key] ?? kept[key] {
        inodeGeneration = known
      } else {
        inodeGeneration = next
        next += 1
      }
      given[key] = inodeGeneration
    }
    return known(type, inode, id: id, inodeGeneration: inodeGeneration)
  }

  /// The same where no pin was seen: nil without an id, unless the number says it all.
  func nameUnpinned(_ type: NamespaceType, _ inode: UInt64, id: UInt64?) -> ObservedNamespace? {
    guard id != nil || InitialNamespace.hasFixedInode(inode) else { return nil }
    return known(type, inode, id: id, inodeGeneration: 0)
  }

  private func known(
    _ type: NamespaceType, _ inode: UInt64, id: UInt64?, inodeGeneration: UInt64
  ) -> ObservedNamespace {
    ObservedNamespace(
      type: type, inode: inode, kernelID: id, inodeGeneration: inodeGeneration,
      isInitial: InitialNamespace.isInitial(
        type, inode, hasKernelID: id != nil, varying: varying))
  }
}
