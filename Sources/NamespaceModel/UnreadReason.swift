/// Why a link of `/proc/PID/ns` could not be read although its process existed.
///
/// The raw value is the code stored in a history file: it never changes.
public enum UnreadReason: UInt8, CaseIterable, Sendable, Hashable {
  /// The reader lacks the ptrace access that `namespaces(7)` requires (EACCES, EPERM).
  case denied = 1
  /// The process has exited but is not reaped yet. It has left its namespaces of all types but pid and
  /// user.
  case zombie = 2
  /// The kernel has no such link: the kernel is too old, or built without this type.
  case unsupported = 3
  /// The link is `pid_for_children`, and the process has called `unshare(CLONE_NEWPID)` but not created its
  /// first child: the new pid namespace has no process yet.
  case pending = 4
  /// No event reported the namespace, and the process exited or changed its namespaces before the link
  /// could be read.
  case unseen = 5

  /// The reason as one word, which is printed and which the views of a history file show.
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
