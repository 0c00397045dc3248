// How the namespaces that a pass met for the first time hang together: who owns them, and what they
// were made in. Asked once for each, by ioctl_nsfs(2) on its file, which is open for that long only:
// an open file keeps a namespace alive. What may not be known stays unknown.

internal import CLinux
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
      guard let identity = identify(file) else { continue }
      // Where the kernel refuses the id of an open file, no later pass will have it either.
      if identity.inode == slot.inode, identity.id == nil || identity.id == slot.kernelID {
        slots.setRelated(number)
      }
      guard identity.inode == slot.inode, identity.id == slot.kernelID else { continue }
      relate(
        ObservedNamespace(
          type: slot.type, inode: slot.inode, kernelID: slot.kernelID, sighting: slot.sighting,
          isInitial: InitialNamespace.isInitial(
            slot.type, slot.inode, hasKernelID: slot.kernelID != nil, varying: initial)),
        file)
    }
  }

  private static func pointer(_ name: StaticString) -> UnsafePointer<CChar> {
    UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
  }

  private func relate(_ namespace: ObservedNamespace, _ file: Int32) {
    var relations = NamespaceRelations(
      namespace: namespace, owner: nil, parent: nil, ownerUID: nil)
    relations.owner = relative(.user, clinux_namespace_owner(file))
    switch namespace.type {
    case .pid: relations.parent = relative(.pid, clinux_namespace_parent(file))
    case .user:
      relations.parent = relations.owner
      var uid: UInt32 = 0
      if clinux_namespace_owner_uid(file, &uid) == 0 { relations.ownerUID = uid }
    default: break
    }
    if relations.owner != nil || relations.parent != nil || relations.ownerUID != nil {
      related.append(relations)
    }
  }

  /// The namespace that an open file is, which is closed here; nil when it cannot be told from
  /// others of its inode number. One that no process is in is asked for its own relations.
  private func relative(_ type: NamespaceType, _ file: Int32) -> ObservedNamespace? {
    guard file >= 0 else { return nil }
    defer { close(file) }
    guard let identity = identify(file) else { return nil }
    if let known = slots.number(type, identity.inode), slots[known].seen == pass,
      identity.id == nil || slots[known].kernelID == identity.id
    {
      let slot = slots[known]
      return ObservedNamespace(
        type: type, inode: slot.inode, kernelID: slot.kernelID, sighting: slot.sighting,
        isInitial: InitialNamespace.hasFixedInode(slot.inode))
    }
    guard identity.id != nil || InitialNamespace.hasFixedInode(identity.inode) else { return nil }
    let namespace = ObservedNamespace(
      type: type, inode: identity.inode, kernelID: identity.id, sighting: 0,
      isInitial: InitialNamespace.hasFixedInode(identity.inode))
    if !related.contains(where: { $0.namespace == namespace }) { relate(namespace, file) }
    return namespace
  }

  private func identify(_ file: Int32) -> (inode: UInt64, id: UInt64?)? {
    var status = stat()
    guard fstat(file, &status) == 0 else { return nil }
    var id: UInt64 = 0
    let hasID = identity != .continuity && clinux_namespace_id(file, &id) == 0
    return (UInt64(status.st_ino), hasID ? id : nil)
  }
}
