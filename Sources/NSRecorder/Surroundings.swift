internal import NamespaceModel
internal import Procfs

/// Where a recorder finds itself.
struct Surroundings {
  let bootID: String
  let procRoot: String
  /// The recorder's own pid namespace; nil when not readable.
  let pidNamespaceInode: UInt64?
  let hidePID: HidePID
  /// Whether the processes of the initial pid namespace are shown, wherever the recorder is itself.
  let showsInitialPIDNamespace: Bool

  init(_ root: ProcRoot) throws(ProcfsError) {
    bootID = try root.bootID()
    procRoot = root.path
    pidNamespaceInode = root.ownNamespaceInode(.pid)
    hidePID = root.hidePID
    showsInitialPIDNamespace =
      pidNamespaceInode == InitialNamespace.pidInode || root.showsKernelThreads
  }
}
