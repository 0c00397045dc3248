internal import Containers
internal import Procfs

/// What tells the machine that is recorded from others. A cloned machine may have the id of another one.
struct HostIdentity {
  /// The machine's id; nil when it cannot be read, or is none.
  let machineID: String?
  /// Its name; nil when it cannot be read.
  let name: [UInt8]?

  /// - Parameter files: the folder where the machine's files are; nil where that is not known.
  init(_ root: ProcRoot, files: String?) {
    machineID = files.flatMap(MachineID.read)
    name = root.hostName()
  }
}
