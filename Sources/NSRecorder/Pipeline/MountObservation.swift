internal import NamespaceModel

/// An observation of a mount that pins a namespace: at that time, the namespace with the inode number had this id.
struct MountObservation {
  let type: NamespaceType
  let inode: UInt64
  let id: UInt64
  /// The time on the boot clock by which the id had been read.
  let time: BootTime

  /// The longest time, in nanoseconds, that is allowed for from a change to its event: only an event that is
  /// later than an observation by more than this certainly reports a change after the observation.
  static let eventDelay: Int64 = 1_000_000
}
