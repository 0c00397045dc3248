internal import Glibc
package import NamespaceModel
internal import SystemPackage

/// Reads the owners and parents of namespaces through tasks that are in them, on a kernel that gives namespaces ids.
package struct RelationProbe {
  private let root: ProcRoot
  private let identity: IdentitySource

  /// A probe of tasks in `root`.
  package init(root: ProcRoot, identity: IdentitySource) {
    self.root = root
    self.identity = identity
  }

  /// The result of a probe.
  package enum Reading: Sendable, Hashable {
    /// The relations of the namespace, after those of its ancestors that `isKnown` does not know. Empty if the kernel
    /// does not permit the reader to know any.
    case read([NamespaceRelations])
    /// The task has exited or is in another namespace now.
    case moved
  }

  /// Reads the relations of a namespace.
  ///
  /// - Parameters:
  ///   - task: the PID or TID of a task whose link points at the namespace.
  ///   - isKnown: returns whether the relations of a namespace have been read before.
  package func relations(
    of namespace: ObservedNamespace, task: Int32, _ link: NamespaceLink,
    isKnown: (ObservedNamespace) -> Bool
  ) -> Reading {
    // `/proc/TID` exists for threads too (`proc_tid(5)`).
    let file = openat(
      root.descriptor, "\(task)/ns/\(link.fileName)", O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { return Errno.last.isDenied ? .read([]) : .moved }
    defer { close(file) }
    guard let found = RelationReader.identify(file, by: identity) else { return .moved }
    guard found.inode == namespace.inode, found.id == namespace.kernelID else { return .moved }
    var related: [NamespaceRelations] = []
    relate(namespace, file, isKnown, &related)
    return .read(related)
  }

  private func relate(
    _ namespace: ObservedNamespace, _ file: Int32, _ isKnown: (ObservedNamespace) -> Bool,
    _ related: inout [NamespaceRelations]
  ) {
    var ancestors: [NamespaceRelations] = []
    let relations = RelationReader.read(namespace, file, by: identity) { type, file, found in
      let isInitial = InitialNamespace.hasFixedInode(found.inode)
      guard found.id != nil || isInitial else { return nil }
      let relative = ObservedNamespace(
        type: type, inode: found.inode, kernelID: found.id, inodeGeneration: 0,
        isInitial: isInitial)
      if !isKnown(relative), !ancestors.contains(where: { $0.namespace == relative }) {
        relate(relative, file, isKnown, &ancestors)
      }
      return relative
    }
    related += ancestors
    if !relations.isEmpty { related.append(relations) }
  }
}
