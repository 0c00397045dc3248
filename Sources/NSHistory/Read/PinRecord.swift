/// What pinned a namespace: kept it alive, whether or not a process was in it.
package struct PinRecord: Sendable, Hashable {
  /// Its row.
  let id: Int64
  /// The namespace.
  package let namespace: NamespaceRecord
  /// What pinned it.
  package let kind: PinKind
  /// Of a mount, where: as seen in its mount namespace, escaped (`SystemText`).
  package let path: String?
  /// Of a mount, the mount namespace in which it was; nil where that is not known.
  package let mountNamespace: NamespaceRecord?
  /// Of a descriptor or a socket, the PID of the process that had it open.
  package let pid: Int64?
  /// The row of that process; nil where no sample had observed it.
  let task: Int64?
  /// Its name when the pin was first seen, escaped; nil where that is not known.
  package let comm: String?
  /// Its number in that process.
  package let descriptor: Int64?
  /// When the first look that saw it began, in nanoseconds since the epoch.
  package let firstSeen: Int64
  /// When the last look that saw it began.
  package let lastSeen: Int64
  /// Whether the last look of the last recording saw it.
  package let isInLastLook: Bool
  /// Whether that is so and the recorder is still running.
  package let isOpen: Bool
}

/// A pin at a moment.
package struct PinAtMoment: Sendable, Hashable {
  /// The pin.
  package let pin: PinRecord
  /// Whether the looks on both sides of the moment saw it, or the one before with none behind it.
  package let isCertain: Bool
  /// When the scan on one side of the moment began that saw it.
  package let seen: Int64
  /// When the one on the other side began that did not; nil where there is none.
  package let missed: Int64?
  /// By when the process had exited that had it open, where that was before the moment: what it had open
  /// may be open in another process that no scan has met yet.
  package var exited: Int64?
}

extension PinAtMoment {
  /// The same where the process that had it open had exited by a time.
  func after(exit: Int64) -> PinAtMoment {
    PinAtMoment(pin: pin, isCertain: false, seen: seen, missed: missed, exited: exit)
  }
}

/// What pins a namespace. The raw value is the code kept in a history file: it never changes.
package enum PinKind: Int64, Sendable, Hashable, CaseIterable {
  /// A bind mount of its file.
  case mount = 1
  /// An open descriptor of its file.
  case descriptor = 2
  /// A socket.
  case socket = 3

  /// In one word, as in every output and in the views of a history file.
  package var name: String {
    switch self {
    case .mount: "mount"
    case .descriptor: "descriptor"
    case .socket: "socket"
    }
  }
}
