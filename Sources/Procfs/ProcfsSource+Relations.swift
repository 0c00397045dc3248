// How the namespaces that a pass met for the first time hang together: who owns them, and what they
// were made in. Asked once for each, by ioctl_nsfs(2) on its file, which is open for that long only:
// an open file keeps a namespace alive. What may not be known stays unknown.

internal import Glibc
internal import NamespaceModel
internal import SystemPackage

extension ProcfsSource {
  /// Asks for the relations of namespaces that are new, and of those that come to light thereby.
  func askRelations() throws(ProcfsError) {
    let initial = initialInodes()
    for number in slots.unrelated(in: pass) {
      let slot = slots[number]
      guard let link = NamespaceLink(rawValue: slot.holderLink) else { continue }
      let name = link.fileName
      let file = try withDirectory(of: entries[Int(slot.holder)]) { directory in
        openat(directory, Self.pointer(name), O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      }
      // Where the holder is gone or moved meanwhile, the next pass has another.
      guard let file, file >= 0 else { continue }
      defer { close(file) }
      guard let identity = RelationQuestions.identify(file, by: self.identity) else {
        continue
      }
      // Where the kernel refuses the id of an open file, no later pass will have it either.
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
    let relations = RelationQuestions.ask(namespace, file, by: identity, relative: relative)
    if !relations.isEmpty { related.append(relations) }
  }

  /// The namespace that an open file is; nil when it cannot be told from others of its inode
  /// number. One that no process is in is asked for its own relations.
  private func relative(
    _ type: NamespaceType, _ file: Int32, _ identity: RelationQuestions.Identity
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
