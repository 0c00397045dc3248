internal import NamespaceModel

/// Names each namespace that scans find: gives it the `ObservedNamespace` value that identifies it. A namespace has the
/// same name in every scan that finds it.
struct PinIdentities {
  private struct Key: Hashable {
    let type: NamespaceType
    let inode: UInt64
  }

  /// The first inode generation (`ObservedNamespace.inodeGeneration`) that scans assign. Samples count theirs
  /// from 1 and events from 2^40, and neither reaches this value.
  static let firstGeneration: UInt64 = 1 << 41

  /// The inode generations that the previous scan and the current one assigned.
  private var previous: [Key: UInt64] = [:]
  private var current: [Key: UInt64] = [:]
  private var next = Self.firstGeneration
  private var varying: [NamespaceType: UInt64] = [:]
  private var ids: [Key: (id: UInt64, since: UInt64)] = [:]
  private var named: Set<Key> = []
  /// The number of mount tables read so far, over all scans. It orders the reads of tables and of ids.
  var step: UInt64 = 0

  /// Starts a scan; `varying` are the inode numbers of the initial net and mnt namespaces.
  mutating func begin(varying: [NamespaceType: UInt64]) {
    self.varying = varying
    current = [:]
    named = []
  }

  /// Ends a complete scan. If an inode number that this scan did not find appears later, it counts as that
  /// of another namespace.
  mutating func finish() {
    previous = current
    ids = ids.filter { named.contains($0.key) }
  }

  /// Returns the id that an inode number is known to have had before a mount table was read.
  ///
  /// If the namespace with this id still exists, the inode number in that table denotes it.
  ///
  /// - Parameter step: the value of `step` at the read of the table.
  func idBefore(_ step: UInt64, _ type: NamespaceType, _ inode: UInt64) -> UInt64? {
    ids[Key(type: type, inode: inode)].flatMap { $0.since < step ? $0.id : nil }
  }

  /// Returns whether the known id of an inode number became known only at this step or later.
  func hasIDOnlySince(_ step: UInt64, _ type: NamespaceType, _ inode: UInt64) -> Bool {
    ids[Key(type: type, inode: inode)].map { $0.since >= step } ?? false
  }

  /// Returns the namespace with an inode number. Without an id, the number denotes one namespace as
  /// long as every scan finds it pinned; the fixed inode number of an initial namespace needs no
  /// generation.
  mutating func name(_ type: NamespaceType, _ inode: UInt64, id: UInt64?) -> ObservedNamespace {
    var inodeGeneration: UInt64 = 0
    let key = Key(type: type, inode: inode)
    if let id {
      if ids[key]?.id != id { ids[key] = (id, step) }
      named.insert(key)
    } else if !InitialNamespace.hasFixedInode(inode) {
      if let known = current[key] ?? previous[key] {
        inodeGeneration = known
      } else {
        inodeGeneration = next
        next += 1
      }
      current[key] = inodeGeneration
    }
    return known(type, inode, id: id, inodeGeneration: inodeGeneration)
  }

  /// Returns the namespace with an inode number, if the scan did not find the namespace through a pin.
  /// Returns nil without an id, unless the inode number is fixed and so identifies the namespace.
  func identifyWithoutPin(_ type: NamespaceType, _ inode: UInt64, id: UInt64?) -> ObservedNamespace?
  {
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
