/// What pinned a namespace: kept it alive, whether or not a process was in it.
public struct PinRecord: Sendable, Hashable {
  /// Its row.
  let id: Int64
  /// The namespace.
  public let namespace: NamespaceRecord
  /// What pinned it.
  public let kind: PinKind
  /// Of a mount, where: as seen in its mount namespace, escaped (`SystemText`).
  public let path: String?
  /// Of a mount, the mount namespace in which it was; nil where that is not known.
  public let mountNamespace: NamespaceRecord?
  /// Of a descriptor or a socket, the PID of the process that had it open.
  public let pid: Int64?
  /// The row of that process; nil where no sample had observed it.
  let task: Int64?
  /// Its name when the pin was first seen, escaped; nil where that is not known.
  public let comm: String?
  /// Its number in that process.
  public let descriptor: Int64?
  /// When the first look that saw it began, in nanoseconds since the epoch.
  public let firstSeen: Int64
  /// When the last look that saw it began.
  public let lastSeen: Int64
  /// Whether the last look of the last recording saw it.
  public let isInLastLook: Bool
  /// Whether that is so and the recorder is still running.
  public let isOpen: Bool
}

/// A pin at a moment.
public struct PinAtMoment: Sendable, Hashable {
  /// The pin.
  public let pin: PinRecord
  /// Whether the looks on both sides of the moment saw it, or the one before with none behind it.
  public let isCertain: Bool
  /// When the scan on one side of the moment began that saw it.
  public let seen: Int64
  /// When the one on the other side began that did not; nil where there is none.
  public let missed: Int64?
  /// By when the process had exited that had it open, where that was before the moment: what it had open
  /// may be open in another process that no scan has met yet.
  public var exited: Int64?
}

extension PinAtMoment {
  /// The same where the process that had it open had exited by a time.
  func after(exit: Int64) -> PinAtMoment {
    PinAtMoment(pin: pin, isCertain: false, seen: seen, missed: missed, exited: exit)
  }
}

/// What pins a namespace. The raw value is the code kept in a history file: it never changes.
public enum PinKind: Int64, Sendable, Hashable, CaseIterable {
  /// A bind mount of its file.
  case mount = 1
  /// An open descriptor of its file.
  case descriptor = 2
  /// A socket.
  case socket = 3

  /// In one word, as in every output and in the views of a history file.
  public var name: String {
    switch self {
    case .mount: "mount"
    case .descriptor: "descriptor"
    case .socket: "socket"
    }
  }
}
