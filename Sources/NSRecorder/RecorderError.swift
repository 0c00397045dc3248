public import Containers
public import NSHistory
public import NamespaceEvents
public import Procfs
public import SystemPackage

/// Why a recorder cannot begin, or could not end.
public enum RecorderError: Error, Sendable, Hashable {
  /// The history file.
  case history(HistoryError)
  /// `/proc`.
  case procfs(ProcfsError)
  /// The kernel's events.
  case events(EventsError)
  /// They are asked for, and the history could not use them; why, as a clause.
  case eventsUseless(String)
  /// The folder in which names of containers are to be looked up.
  case containerNames(ContainerNamesError)
  /// A timer or the signals could not be had from the kernel.
  case wakeups(Errno)
}

extension RecorderError: CustomStringConvertible {
  /// The error as one line.
  public var description: String {
    switch self {
    case .history(let error): error.description
    case .procfs(let error): error.description
    case .events(let error): error.description
    case .eventsUseless(let reason):
      "cannot use the kernel's events: \(reason); record without them (--events off)"
    case .containerNames(let error): error.description
    case .wakeups(let errno): "cannot wait for a timer and signals: \(errno)"
    }
  }
}
