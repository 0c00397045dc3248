/// A pin: one namespace, and an object that keeps it alive whether or not a process is in it (`namespaces(7)`,
/// "Namespace lifetime").
package struct NamespacePin: Sendable, Hashable {
  /// The namespace that is kept alive.
  package var namespace: ObservedNamespace
  /// The object that keeps the namespace alive.
  package var holder: Holder

  /// A pin with these values.
  package init(namespace: ObservedNamespace, holder: Holder) {
    self.namespace = namespace
    self.holder = holder
  }

  /// The kinds of object that keep a namespace alive.
  package enum Holder: Sendable, Hashable {
    /// A bind mount of the namespace's file.
    ///
    /// - Parameters:
    ///   - path: the mount point, as a process in the mount namespace `in` sees it: raw bytes with any
    ///     value but NUL. Another mount may cover this one.
    ///   - in: the mount namespace of the mount; nil if the scanner could not distinguish it from others.
    case mount(path: [UInt8], in: ObservedNamespace?)
    /// An open file descriptor of the namespace.
    ///
    /// - Parameters:
    ///   - startTicks: the start time of the process, as in `ProcessFacts`; nil if it could not be
    ///     read.
    ///   - number: the descriptor.
    ///   - comm: the name of the process: at most 15 bytes with any value but NUL; nil if it could not be
    ///     read.
    case descriptor(pid: Int32, startTicks: UInt64?, number: Int32, comm: [UInt8]?)
    /// A socket that was created in the namespace, and that a process in another net namespace has
    /// open. If a process has several such sockets of one namespace, `number` is the lowest descriptor.
    case socket(pid: Int32, startTicks: UInt64?, number: Int32)

    /// The PID of the process that has the file or socket open; nil for a mount.
    package var pid: Int32? {
      switch self {
      case .mount: nil
      case .descriptor(let pid, _, _, _), .socket(let pid, _, _): pid
      }
    }
  }
}

/// The result of one scan for pins: mounts, open files and sockets that keep namespaces alive. A scan takes time and is
/// not atomic.
package struct PinScan: Sendable {
  /// The time before the first read.
  package var start: ClockReading
  /// The time after the last read.
  package var end: ClockReading
  /// The pins that the scan found, unordered and without duplicates.
  package var pins: [NamespacePin] = []
  /// Namespaces that were recorded without the kernel's id, and whose id this scan has read since.
  package var renamed: [ProcessSample.Renaming] = []
  /// The relations of the pinned namespaces, of the namespaces that own them, and of those in which they
  /// were created. Every scan reports all of them that the kernel permits the reader to know, also those
  /// that a sample has reported.
  package var related: [NamespaceRelations] = []
  /// The number of processes that the scan opened.
  package var processes = 0
  /// The number of processes that could not be opened, or whose open files or mount namespace could not
  /// be read.
  package var denied = 0
  /// The lowest PID of the processes counted in `denied`; nil if there are none.
  package var firstDenied: Int32?
  /// The number of processes whose open files the scan read, but not the net namespaces of their
  /// sockets.
  package var socketsDenied = 0
  /// The number of mount namespaces whose mounts could not be read.
  package var unreadMounts = 0

  /// A scan that has not found anything yet.
  package init(start: ClockReading) {
    self.start = start
    end = start
  }
}
