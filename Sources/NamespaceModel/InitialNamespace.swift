/// The inode numbers of the namespaces that the kernel creates at boot.
package enum InitialNamespace {
  /// The first inode number that the kernel assigns to a namespace created later (`PROC_DYNAMIC_FIRST`
  /// of `fs/proc/generic.c`). Numbers below it are fixed at boot (`PROC_IPC_INIT_INO` and its like of
  /// `linux/proc_ns.h`; net and mnt too since Linux 6.17).
  package static let firstDynamicInode: UInt64 = 0xF000_0000

  /// The initial pid namespace (`PROC_PID_INIT_INO`), on every kernel since 3.8.
  package static let pidInode: UInt64 = 0xEFFF_FFFC

  /// The initial time namespace (`PROC_TIME_INIT_INO`), on every kernel with time namespaces.
  package static let timeInode: UInt64 = 0xEFFF_FFFA

  /// Returns whether a namespace is an initial one; nil if neither its inode number nor `varying` shows it.
  ///
  /// - Parameters:
  ///   - hasKernelID: whether the kernel reported an id of the namespace. A kernel that reports ids uses
  ///     fixed inode numbers for the initial namespaces of all types.
  ///   - varying: the known inode numbers of the initial net and mnt namespaces, which differ between
  ///     kernels that report no id.
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

  /// Returns whether the inode number alone shows that the namespace is an initial one.
  package static func hasFixedInode(_ inode: UInt64) -> Bool {
    inode >= 0xEFFF_FF00 && inode < firstDynamicInode
  }
}
