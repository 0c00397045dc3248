public import NamespaceModel

/// Which namespaces a question is about.
public indirect enum NamespaceSelector: Sendable, Hashable {
  /// Every one of a type that had this inode number.
  case inode(NamespaceType, UInt64)
  /// The one of a type with this id of the kernel's; of several boots, each.
  case kernelID(NamespaceType, UInt64)
  /// Those of a type that processes were in.
  case of(NamespaceType, ProcessSelector)

  /// The processes that it is selected by; nil where it is selected by itself.
  public var process: ProcessSelector? {
    if case .of(_, let process) = self { process } else { nil }
  }
}
