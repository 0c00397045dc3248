/// The relations of a namespace to its owner, its parent and a user (`ioctl_nsfs(2)`). These relations
/// never change.
package struct NamespaceRelations: Sendable, Hashable {
  /// The namespace that has these relations.
  package var namespace: ObservedNamespace
  /// The user namespace that owns this one (`NS_GET_USERNS`); nil if there is none, or if the kernel does
  /// not permit the reader to know it.
  package var owner: ObservedNamespace?
  /// The pid or user namespace in which this one was created (`NS_GET_PARENT`); nil for other types,
  /// for an initial namespace, and if the kernel does not permit the reader to know it.
  package var parent: ObservedNamespace?
  /// The id of the user who created a user namespace (`NS_GET_OWNER_UID`), as mapped in the reader's
  /// user namespace; nil for other types.
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
