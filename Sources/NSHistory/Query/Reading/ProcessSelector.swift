/// Which processes a question is about.
public enum ProcessSelector: Sendable, Hashable {
  /// Every process that had a PID; with a time, in nanoseconds since the epoch, the one that may
  /// have had it then.
  case pid(Int64, alive: Int64? = nil)
  /// Every process with this name, as the kernel has it or as it is shown (`SystemText`).
  case comm(String)
  /// Every process of the containers whose id begins with this.
  case container(String)

  /// Whether a process is one of those. Of a PID it is any that had it.
  public func matches(_ process: ProcessRecord) -> Bool {
    switch self {
    case .pid(let pid, _): process.pid == pid
    case .comm(let name):
      process.comm == name || process.comm == SystemText.escaped(Array(name.utf8))
    case .container(let id): process.container?.hasPrefix(id) == true
    }
  }
}
