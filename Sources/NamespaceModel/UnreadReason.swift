/// Why a link of `/proc/PID/ns` could not be read although its process was there.
///
/// The raw value is the code kept in a history file: it never changes.
public enum UnreadReason: UInt8, CaseIterable, Sendable, Hashable {
  /// The reader lacks the ptrace access that `namespaces(7)` asks for (EACCES, EPERM).
  case denied = 1
  /// The process has exited and is not yet reaped: it is in no namespace of most types.
  case zombie = 2
  /// The kernel has no such link: it is too old, or built without this type.
  case unsupported = 3
  /// `pid_for_children` between `unshare(CLONE_NEWPID)` and the first child: not made yet.
  case pending = 4
  /// No event reports it, and the process was gone, or moved, before it could be read.
  case unseen = 5

  /// The reason in one word, as shown and as in the views of a history file.
  package var name: String {
    switch self {
    case .denied: "denied"
    case .zombie: "zombie"
    case .unsupported: "unsupported"
    case .pending: "pending"
    case .unseen: "unseen"
    }
  }
}
