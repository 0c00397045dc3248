public import Containers
public import NSHistory
public import NamespaceEvents
public import Procfs
public import SystemPackage

/// The reason why a recorder cannot start, or did not end in order.
public enum RecorderError: Error, Sendable, Hashable {
  /// An operation on the history file failed.
  case history(HistoryError)
  /// `/proc` could not be read.
  case procfs(ProcfsError)
  /// The configuration requires a source of samples that cannot be used here; the text is the reason and its remedy.
  /// `isPermission` is true if the kernel does not permit it.
  case sourceRefused(String, isPermission: Bool)
  /// The configuration requires events by BPF, which cannot be used here; the text is the reason and its remedy.
  /// `isPermission` is true if the kernel does not permit it.
  case eventsRefused(String, isPermission: Bool)
  /// Listening to the kernel's events failed.
  case events(EventsError)
  /// The configuration requires kernel events, but they cannot be matched to the samples; the value is
  /// the reason, as a clause.
  case eventsUseless(String)
  /// The directory for looking up names of containers cannot be used.
  case containerNames(ContainerNamesError)
  /// The kernel provided no timer or no descriptor for signals.
  case eventLoop(Errno)
}

extension RecorderError: CustomStringConvertible {
  /// The error as one line.
  public var description: String {
    switch self {
    case .history(let error): error.description
    case .procfs(let error): error.description
    case .sourceRefused(let reason, _):
      "cannot take samples by BPF: \(reason); or record from /proc (--source proc)"
    case .eventsRefused(let reason, _):
      "cannot receive events by BPF: \(reason); or listen by perf (--events perf)"
    case .events(let error): error.description
    case .eventsUseless(let reason):
      "cannot use the kernel's events: \(reason); record without them (--events off)"
    case .containerNames(let error): error.description
    case .eventLoop(let errno): "cannot wait for a timer and signals: \(errno)"
    }
  }
}
