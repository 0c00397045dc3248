package import SystemPackage

/// A failure to open, map or read the perf events by which the kernel reports its events.
public struct EventsError: Error, Sendable, Hashable {
  /// The operation that failed.
  package let operation: Operation
  /// The number of the processor for which the operation failed; nil if the operation concerns no single
  /// processor.
  package let processor: Int32?
  /// The reason for the failure.
  package let errno: Errno

  /// The operations that can fail.
  package enum Operation: Sendable, Hashable {
    /// `perf_event_open(2)` for the events of a processor.
    case open
    /// `mmap(2)` of a ring of this size in bytes.
    case map(ringBytes: Int)
    /// The check that rings of this size in bytes, one for each processor, take no more than the allowed
    /// part of this machine's memory.
    case fit(ringBytes: Int, processors: Int)
    /// `read(2)` of an event's counts.
    case readCounts
    /// A read of the list of online processors. `EINVAL` if the text is not such a list.
    case list(path: String)
  }

  /// Makes an error.
  package init(operation: Operation, processor: Int32?, errno: Errno) {
    self.operation = operation
    self.processor = processor
    self.errno = errno
  }

  /// Whether the operation failed for lack of permission (`EACCES`, `EPERM`): to receive events, or to
  /// lock the memory of a ring.
  package var isRefusal: Bool { errno == .permissionDenied || errno == .notPermitted }
}

extension EventsError {
  /// Whether the operation may succeed with a smaller ring.
  var isOfSize: Bool {
    switch operation {
    case .map: isRefusal || errno == .noMemory
    case .fit: true
    case .open, .readCounts, .list: false
    }
  }
}

extension EventsError: CustomStringConvertible {
  /// The error as one line.
  public var description: String { "\(fact); \(remedy)" }

  /// The operation that failed, and the reason.
  package var fact: String { "cannot \(what): \(errno)" }

  private var what: String {
    let suffix = processor.map { " of processor \($0)" } ?? ""
    return switch operation {
    case .open: "listen to the kernel's events\(suffix) (perf_event_open)"
    case .map(let bytes): "map a ring of \(bytes) bytes for the events\(suffix)"
    case .fit(let bytes, let processors):
      """
      have rings of \(bytes) bytes for the events of \(processors) processors: more than a quarter of \
      the memory
      """
    case .readCounts: "read the counts of the events\(suffix)"
    case .list(let path): "read which processors are online from \(path)"
    }
  }

  /// The remedy for the failure.
  package var remedy: String {
    switch (operation, errno) {
    case (.list, .invalidArgument): "its text is not a list like 0-3,5"
    case (.list, _): "is /sys mounted?"
    case (.map, .permissionDenied), (.map, .notPermitted), (.map, .noMemory):
      """
      too much locked memory: take a smaller ring (--event-ring), give the recorder CAP_IPC_LOCK, or \
      raise kernel.perf_event_mlock_kb or its limit of locked memory (ulimit -l)
      """
    case (.fit, _): "take a smaller ring (--event-ring)"
    // perf_event_open(2) with `namespaces` set requires CAP_PERFMON at every value of
    // kernel.perf_event_paranoid. A kernel with Debian's patch refuses the call at values of 3 and
    // above to all but CAP_SYS_ADMIN.
    case (_, .permissionDenied), (_, .notPermitted):
      """
      run it as root, or with CAP_PERFMON, of the initial user namespace; where \
      kernel.perf_event_paranoid is 3 or more (Debian), CAP_PERFMON is enough only after it is \
      lowered to 2
      """
    case (_, .tooManyOpenFiles): "raise the limit of open files (ulimit -n)"
    case (_, .tooManyOpenFilesInSystem): "raise fs.file-max, or end what holds so many files"
    case (_, .noMemory): "the machine is out of memory"
    case (.open, .noFunction), (.open, .noSuchFileOrDirectory), (.open, .invalidArgument),
      (.open, .argListTooLong):
      "this kernel has no such events (Linux 4.12, CONFIG_PERF_EVENTS)"
    default: "see the kernel's log"
    }
  }
}
