/// Which inode numbers belong to the namespaces that the kernel makes at boot.
package enum InitialNamespace {
  /// The first inode number the kernel gives out for a namespace made later
  /// (`PROC_DYNAMIC_FIRST` of `fs/proc/generic.c`). Numbers below it are fixed at boot
  /// (`PROC_IPC_INIT_INO` and its like of `linux/proc_ns.h`; net and mnt too since Linux 6.17).
  package static let firstDynamicInode: UInt64 = 0xF000_0000

  /// The initial pid namespace (`PROC_PID_INIT_INO`), on every kernel since 3.8.
  package static let pidInode: UInt64 = 0xEFFF_FFFC

  /// The initial time namespace (`PROC_TIME_INIT_INO`), on every kernel that has any.
  package static let timeInode: UInt64 = 0xEFFF_FFFA

  /// Whether a namespace is an initial one; nil when that cannot be reported.
  ///
  /// - Parameters:
  ///   - hasKernelID: whether the kernel gave an id: then it is a kernel with fixed numbers for
  ///     all.
  ///   - varying: the inode numbers of the initial net and mnt namespaces, which are not the same
  ///     on
  ///     every kernel before that, as far as they are known.
  package static func isInitial(
    _ type: NamespaceType, _ inode: UInt64, hasKernelID: Bool, varying: [NamespaceType: UInt64]
  ) -> Bool? {
    if hasFixedInode(inode) { return true }
    if hasKernelID { return false }
    return switch type {
    case .mnt, .net: varying[type].map { $0 == inode }
    default: false
    }
  }

  /// Whether the number alone says that the namespace is an initial one.
  package static func hasFixedInode(_ inode: UInt64) -> Bool {
    inode >= 0xEFFF_FF00 && inode < firstDynamicInode
  }
}
