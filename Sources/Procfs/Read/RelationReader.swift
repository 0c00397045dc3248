internal import CLinux
internal import Glibc
internal import NamespaceModel

/// Reads the relations of a namespace, its owner and its parent, through its open file (`ioctl_nsfs(2)`).
enum RelationReader {
  /// The identity of the namespace of an open file.
  typealias Identity = (inode: UInt64, id: UInt64?)

  /// Returns the relations of a namespace. A relation that the kernel does not permit the reader to know is
  /// nil.
  ///
  /// - Parameters:
  ///   - file: an open file of the namespace, not opened with `O_PATH`.
  ///   - relative: returns the owner or parent, given its type, its file, which is open only during the
  ///     call, and its identity; nil if it cannot be distinguished from others with its inode number.
  static func read(
    _ namespace: ObservedNamespace, _ file: Int32, by source: IdentitySource,
    relative: (NamespaceType, Int32, Identity) -> ObservedNamespace?
  ) -> NamespaceRelations {
    func name(_ type: NamespaceType, _ file: Int32) -> ObservedNamespace? {
      guard file >= 0 else { return nil }
      defer { close(file) }
      return identify(file, by: source).flatMap { relative(type, file, $0) }
    }
    var relations = NamespaceRelations(
      namespace: namespace, owner: nil, parent: nil, ownerUID: nil)
    relations.owner = name(.user, clinux_namespace_owner(file))
    switch namespace.type {
    case .pid: relations.parent = name(.pid, clinux_namespace_parent(file))
    case .user:
      relations.parent = relations.owner
      var uid: UInt32 = 0
      if clinux_namespace_owner_uid(file, &uid) == 0 { relations.ownerUID = uid }
    default: break
    }
    return relations
  }

  /// Returns the inode number of an open namespace file, and the id if the kernel reports one.
  static func identify(_ file: Int32, by source: IdentitySource) -> Identity? {
    var status = stat()
    guard fstat(file, &status) == 0 else { return nil }
    var id: UInt64 = 0
    let hasID = source != .continuity && clinux_namespace_id(file, &id) == 0
    return (UInt64(status.st_ino), hasID ? id : nil)
  }
}

extension NamespaceRelations {
  /// Whether no relation is known.
  var isEmpty: Bool { owner == nil && parent == nil && ownerUID == nil }
}
