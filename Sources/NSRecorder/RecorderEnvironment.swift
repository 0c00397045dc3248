internal import NamespaceModel
internal import Procfs

/// The environment of a recorder: its boot, its namespaces and its view of `/proc`.
struct RecorderEnvironment {
  let bootID: String
  /// The real path of the `/proc` that is read.
  let procRoot: String
  /// The inode number of the recorder's own pid namespace; nil if it cannot be read.
  let ownPIDNamespaceInode: UInt64?
  /// The inode number of the recorder's time namespace, which shifts the boot clock and start times; nil
  /// if it cannot be read.
  let timeNamespaceInode: UInt64?
  /// The offset of the recorder's boot clock from the initial one; nil if it is not known.
  let bootOffset: Int64?
  /// The pid namespace whose processes `/proc` shows; nil if it is not known.
  let shownPIDNamespace: ObservedNamespace?
  /// The `hidepid` mode of the `/proc` mount for this recorder; nil if it is not known.
  let hidePID: HidePID?
  /// Whether the recorder has CAP_SYS_PTRACE.
  let hasTraceCapability: Bool

  init(_ root: ProcRoot, _ identity: IdentitySource) throws(ProcfsError) {
    try root.requireReader()
    bootID = try root.bootID()
    procRoot = root.realPath
    ownPIDNamespaceInode = root.ownNamespaceInode(.pid)
    timeNamespaceInode = root.ownNamespaceInode(.time)
    bootOffset = root.bootOffset()
    shownPIDNamespace = root.shownPIDNamespace(identity)
    hidePID = root.hiddenFromReader
    hasTraceCapability = root.hasTraceCapability
  }
}
