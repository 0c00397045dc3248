internal import Glibc
internal import NamespaceModel
internal import SystemPackage

/// Reads the relations of the namespaces that are new in a pass: the owner of each, and the namespace in which it was
/// created.
///
/// The scan reads them once for each namespace, by ioctl_nsfs(2) on its file, and opens the file only for that time,
/// because an open file keeps a namespace alive. A relation is nil if the kernel does not permit the reader to know it.
struct RelationScan {
  private let table: ProcessTable
  private let links: LinkCache
  private let identity: IdentitySource
  /// What was found and is not reported yet. A namespace is scanned once, so the relations stay here if the pass fails
  /// afterwards.
  private var found: [NamespaceRelations] = []

  init(table: ProcessTable, links: LinkCache, identity: IdentitySource) {
    self.table = table
    self.links = links
    self.identity = identity
  }

  /// Returns the relations that were found since the last call.
  mutating func take() -> [NamespaceRelations] {
    defer { found.removeAll() }
    return found
  }

  /// Reads the relations of new namespaces, and of the namespaces that these relations reveal.
  mutating func read() throws(ProcfsError) {
    let initial = links.initialInodes()
    for number in links.unrelatedSlots() {
      let slot = links[number]
      guard let link = NamespaceLink(rawValue: slot.holderLink) else { continue }
      let name = link.fileName
      let file = try table.withDirectory(of: table.entries[Int(slot.holder)]) { directory in
        openat(
          directory, UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self),
          O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      }
      // If the holder has exited or changed its namespaces meanwhile, the next pass uses another
      // holder.
      guard let file, file >= 0 else { continue }
      defer { close(file) }
      guard let opened = RelationReader.identify(file, by: identity) else { continue }
      // If the kernel refuses to return the id of an open file, later passes cannot read it either.
      if opened.inode == slot.inode, opened.id == nil || opened.id == slot.kernelID {
        links.setRelated(number)
      }
      guard opened.inode == slot.inode, opened.id == slot.kernelID else { continue }
      relate(
        ObservedNamespace(
          type: slot.type, inode: slot.inode, kernelID: slot.kernelID,
          inodeGeneration: slot.inodeGeneration,
          isInitial: InitialNamespace.isInitial(
            slot.type, slot.inode, hasKernelID: slot.kernelID != nil, varying: initial)),
        file)
    }
  }

  private mutating func relate(_ namespace: ObservedNamespace, _ file: Int32) {
    let relations = RelationReader.read(namespace, file, by: identity) { relative($0, $1, $2) }
    if !relations.isEmpty { found.append(relations) }
  }

  /// Returns the namespace of an open file; nil if it cannot be distinguished from others with its inode number. For a
  /// namespace that has no process, the function also reads the relations of that namespace.
  private mutating func relative(
    _ type: NamespaceType, _ file: Int32, _ identity: RelationReader.Identity
  ) -> ObservedNamespace? {
    if let known = links.number(type, identity.inode), links[known].seen == table.pass.number,
      identity.id == nil || links[known].kernelID == identity.id
    {
      let slot = links[known]
      return ObservedNamespace(
        type: type, inode: slot.inode, kernelID: slot.kernelID,
        inodeGeneration: slot.inodeGeneration,
        isInitial: InitialNamespace.hasFixedInode(slot.inode))
    }
    guard identity.id != nil || InitialNamespace.hasFixedInode(identity.inode) else { return nil }
    let namespace = ObservedNamespace(
      type: type, inode: identity.inode, kernelID: identity.id, inodeGeneration: 0,
      isInitial: InitialNamespace.hasFixedInode(identity.inode))
    if !found.contains(where: { $0.namespace == namespace }) { relate(namespace, file) }
    return namespace
  }
}
