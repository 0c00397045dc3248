internal import NamespaceModel
internal import Procfs

/// Where a recorder finds itself.
struct RecorderEnvironment {
  let bootID: String
  /// The real path of the `/proc` that is read.
  let procRoot: String
  /// The recorder's own pid namespace; nil when not readable.
  let ownPIDNamespaceInode: UInt64?
  /// Its time namespace, which shifts the boot clock and start times; nil when not readable.
  let timeNamespaceInode: UInt64?
  /// How far its boot clock is ahead of the initial one; nil where that cannot be reported.
  let bootOffset: Int64?
  /// The pid namespace whose processes are shown; nil when that cannot be reported.
  let shownPIDNamespace: ObservedNamespace?
  /// What the mount of `/proc` hides from the recorder; nil when that could not be found out.
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
