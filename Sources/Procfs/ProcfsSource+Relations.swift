// Reads the relations of the namespaces that are new in a pass: the owner of each, and the namespace in which it was
// created. The source reads them once for each namespace, by ioctl_nsfs(2) on its file, and opens the file only for
// that time, because an open file keeps a namespace alive. Relations that the kernel does not permit the reader to know
// stay nil.

internal import Glibc
internal import NamespaceModel
internal import SystemPackage

extension ProcfsSource {
  /// Reads the relations of new namespaces, and of the namespaces that these relations reveal.
  func readRelations() throws(ProcfsError) {
    let initial = initialInodes()
    for number in slots.unrelated(in: pass) {
      let slot = slots[number]
      guard let link = NamespaceLink(rawValue: slot.holderLink) else { continue }
      let name = link.fileName
      let file = try withDirectory(of: entries[Int(slot.holder)]) { directory in
        openat(directory, Self.pointer(name), O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      }
      // If the holder has exited or changed its namespaces meanwhile, the next pass uses another
      // holder.
      guard let file, file >= 0 else { continue }
      defer { close(file) }
      guard let identity = RelationReader.identify(file, by: self.identity) else {
        continue
      }
      // If the kernel refuses to return the id of an open file, later passes cannot read it either.
      if identity.inode == slot.inode, identity.id == nil || identity.id == slot.kernelID {
        slots.setRelated(number)
      }
      guard identity.inode == slot.inode, identity.id == slot.kernelID else { continue }
      relate(
        ObservedNamespace(
          type: slot.type, inode: slot.inode, kernelID: slot.kernelID,
          inodeGeneration: slot.inodeGeneration,
          isInitial: InitialNamespace.isInitial(
            slot.type, slot.inode, hasKernelID: slot.kernelID != nil, varying: initial)),
        file)
    }
  }

  private static func pointer(_ name: StaticString) -> UnsafePointer<CChar> {
    UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
  }

  private func relate(_ namespace: ObservedNamespace, _ file: Int32) {
    let relations = RelationReader.read(namespace, file, by: identity, relative: relative)
    if !relations.isEmpty { related.append(relations) }
  }

  /// Returns the namespace of an open file; nil if it cannot be distinguished from others with its
  /// inode number. For a namespace that has no process, the function also reads the relations of that
  /// namespace.
  private func relative(
    _ type: NamespaceType, _ file: Int32, _ identity: RelationReader.Identity
  ) -> ObservedNamespace? {
    if let known = slots.number(type, identity.inode), slots[known].seen == pass,
      identity.id == nil || slots[known].kernelID == identity.id
    {
      let slot = slots[known]
      return ObservedNamespace(
        type: type, inode: slot.inode, kernelID: slot.kernelID,
        inodeGeneration: slot.inodeGeneration,
        isInitial: InitialNamespace.hasFixedInode(slot.inode))
    }
    guard identity.id != nil || InitialNamespace.hasFixedInode(identity.inode) else { return nil }
    let namespace = ObservedNamespace(
      type: type, inode: identity.inode, kernelID: identity.id, inodeGeneration: 0,
      isInitial: InitialNamespace.hasFixedInode(identity.inode))
    if !related.contains(where: { $0.namespace == namespace }) { relate(namespace, file) }
    return namespace
  }
}
