/// How a namespace hangs together with others (`ioctl_nsfs(2)`). None of it ever changes.
package struct NamespaceRelations: Sendable, Hashable {
  /// The namespace.
  package var namespace: ObservedNamespace
  /// The user namespace that owns it (`NS_GET_USERNS`); nil when there is none, or the reader may
  /// not know it.
  package var owner: ObservedNamespace?
  /// The pid or user namespace that it was made in (`NS_GET_PARENT`); nil for other types, for an
  /// initial one, and when the reader may not know it.
  package var parent: ObservedNamespace?
  /// The user who made a user namespace (`NS_GET_OWNER_UID`), as the reader's user namespace has
  /// it; nil for other types.
  package var ownerUID: UInt32?

  /// Relations with these values.
  package init(
    namespace: ObservedNamespace, owner: ObservedNamespace?, parent: ObservedNamespace?,
    ownerUID: UInt32?
  ) {
    self.namespace = namespace
    self.owner = owner
    self.parent = parent
    self.ownerUID = ownerUID
  }
}
