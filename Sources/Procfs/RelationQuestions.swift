internal import CLinux
internal import Glibc
internal import NamespaceModel

/// Asks an open namespace file how the namespace hangs together with others (`ioctl_nsfs(2)`).
enum RelationQuestions {
  /// What a file says of the namespace that it is.
  typealias Identity = (inode: UInt64, id: UInt64?)

  /// The relations of a namespace. What may not be known stays nil.
  ///
  /// - Parameters:
  ///   - file: an open file of the namespace, not one of `O_PATH`.
  ///   - relative: names a namespace by its type, its file, which is open for the call only, and
  ///     its identity; nil when it cannot be told from others of its inode number.
  static func ask(
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

  /// The inode number, and the id where the kernel gives one, of an open namespace file.
  static func identify(_ file: Int32, by source: IdentitySource) -> Identity? {
    var status = stat()
    guard fstat(file, &status) == 0 else { return nil }
    var id: UInt64 = 0
    let hasID = source != .continuity && clinux_namespace_id(file, &id) == 0
    return (UInt64(status.st_ino), hasID ? id : nil)
  }
}

extension NamespaceRelations {
  /// Whether nothing is known.
  var isEmpty: Bool { owner == nil && parent == nil && ownerUID == nil }
}
