/// What keeps a namespace in being, be there a process in it or not (`namespaces(7)`, "Namespace
/// lifetime").
public struct NamespacePin: Sendable, Hashable {
  /// The namespace that is kept.
  public var namespace: ObservedNamespace
  /// What keeps it.
  public var holder: Holder

  /// A pin with these values.
  public init(namespace: ObservedNamespace, holder: Holder) {
    self.namespace = namespace
    self.holder = holder
  }

  /// What keeps a namespace.
  public enum Holder: Sendable, Hashable {
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
    public var pid: Int32? {
      switch self {
      case .mount: nil
      case .descriptor(let pid, _, _, _), .socket(let pid, _, _): pid
      }
    }
  }
}

/// What one look at everything that pins namespaces gave. It takes time and is not atomic.
public struct PinScan: Sendable {
  /// Before the first read.
  public var start: ClockReading
  /// After the last one.
  public var end: ClockReading
  /// What was found, in no order, each once.
  public var pins: [NamespacePin] = []
  /// Namespaces that have been recorded without the kernel's id, and that this scan read with it.
  public var renamed: [ProcessSample.Renaming] = []
  /// How the pinned namespaces, and those that own them or that they were made in, hang together.
  /// Told in every scan, as far as it may be known; whether a process is in one is not looked at.
  public var related: [NamespaceRelations] = []
  /// Processes there.
  public var processes = 0
  /// Of these, the ones whose open files, or mount namespace, could not be read.
  public var denied = 0
  /// The lowest PID of these; nil when there is none.
  public var firstDenied: Int32?
  /// Processes whose open files were looked at, but not the namespaces of their sockets.
  public var socketsDenied = 0
  /// Mount namespaces whose mounts could not be read.
  public var unreadMounts = 0

  /// A scan that found nothing yet.
  public init(start: ClockReading) {
    self.start = start
    end = start
  }
}
