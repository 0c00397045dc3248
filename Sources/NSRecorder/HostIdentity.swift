internal import Containers
internal import Procfs

/// The machine id and the host name of the recorded machine. A cloned machine may have the machine id of another one,
/// so the id alone does not identify it.
struct HostIdentity {
  /// The machine id; nil if it cannot be read or is invalid.
  let machineID: String?
  /// The host name; nil if it cannot be read.
  let name: [UInt8]?

  /// - Parameter files: the path of the machine's root directory; nil if it is not known.
  init(_ root: ProcRoot, files: String?) {
    machineID = files.flatMap(MachineID.read)
    name = root.hostName()
  }
}
