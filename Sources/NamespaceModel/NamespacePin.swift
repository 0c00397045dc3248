/// What keeps a namespace in being, be there a process in it or not (`namespaces(7)`, "Namespace
/// lifetime").
package struct NamespacePin: Sendable, Hashable {
  /// The namespace that is kept.
  package var namespace: ObservedNamespace
  /// What keeps it.
  package var holder: Holder

  /// A pin with these values.
  package init(namespace: ObservedNamespace, holder: Holder) {
    self.namespace = namespace
    self.holder = holder
  }

  /// What keeps a namespace.
  package enum Holder: Sendable, Hashable {
    /// A bind mount of its file.
    ///
    /// - Parameters:
    ///   - path: where it is mounted, as a process of the mount namespace has it. Raw bytes: any
    ///     may occur but NUL. What is mounted there may lie below another mount.
    ///   - in: that mount namespace; nil when it could not be told from others.
    case mount(path: [UInt8], in: ObservedNamespace?)
    /// An open file of it.
    ///
    /// - Parameters:
    ///   - startTicks: when the process started, as in `ProcessFacts`; nil when that could not be
    ///     read.
    ///   - number: the descriptor.
    ///   - comm: the name of the process, at most 15 bytes, any but NUL; nil when it could not be
    ///     read.
    case descriptor(pid: Int32, startTicks: UInt64?, number: Int32, comm: [UInt8]?)
    /// A socket that was made in it, where the process that has it open is in another net
    /// namespace. Of several such sockets of one process in one namespace, the lowest descriptor.
    case socket(pid: Int32, startTicks: UInt64?, number: Int32)

    /// The process that has the file or socket open; nil of a mount.
    package var pid: Int32? {
      switch self {
      case .mount: nil
      case .descriptor(let pid, _, _, _), .socket(let pid, _, _): pid
      }
    }
  }
}

/// What one look at everything that pins namespaces gave. It takes time and is not atomic.
package struct PinScan: Sendable {
  /// Before the first read.
  package var start: ClockReading
  /// After the last one.
  package var end: ClockReading
  /// What was found, in no order, each once.
  package var pins: [NamespacePin] = []
  /// Namespaces that have been recorded without the kernel's id, and that this scan read with it.
  package var renamed: [ProcessSample.Renaming] = []
  /// How the pinned namespaces, and those that own them or that they were made in, hang together.
  /// Told in every scan, as far as it may be known; whether a process is in one is not looked at.
  package var related: [NamespaceRelations] = []
  /// Processes there.
  package var processes = 0
  /// Of these, the ones whose open files, or mount namespace, could not be read.
  package var denied = 0
  /// The lowest PID of these; nil when there is none.
  package var firstDenied: Int32?
  /// Processes whose open files were looked at, but not the namespaces of their sockets.
  package var socketsDenied = 0
  /// Mount namespaces whose mounts could not be read.
  package var unreadMounts = 0

  /// A scan that found nothing yet.
  package init(start: ClockReading) {
    self.start = start
    end = start
  }
}
