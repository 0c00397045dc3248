internal import Glibc
public import SystemPackage

/// Why the kernel's events cannot be had: what, on what, why, and what to do about it.
public struct EventsError: Error, Sendable, Hashable {
  /// What was to be done.
  public let operation: Operation
  /// On which processor; nil where that does not matter.
  public let processor: Int32?
  /// Why not.
  public let errno: Errno

  /// What can fail.
  public enum Operation: Sendable, Hashable {
    /// Opening the event of a processor: perf_event_open(2).
    case open
    /// Mapping its ring, of so many bytes.
    case map(bytes: Int)
    /// Reading which processors there are, from this path.
    case processors(path: String)
  }

  /// An error with these values.
  public init(_ operation: Operation, processor: Int32? = nil, _ errno: Errno) {
    self.operation = operation
    self.processor = processor
    self.errno = errno
  }

  /// Whether more privilege would do.
  public var isRefusal: Bool { errno == .permissionDenied || errno == .notPermitted }
}

extension EventsError: CustomStringConvertible {
  /// The error as one line.
  public var description: String {
    let place = processor.map { " of processor \($0)" } ?? ""
    return switch operation {
    case .open: "cannot listen to the kernel's events\(place): \(errno); \(remedy)"
    case .map(let bytes):
      "cannot map a ring of \(bytes) bytes for the events\(place): \(errno); \(remedy)"
    case .processors(let path): "cannot read which processors there are from \(path): \(errno)"
    }
  }

  /// What to do about it.
  public var remedy: String {
    switch (operation, errno) {
    case (.map, .notPermitted), (.map, .noMemory):
      "take a smaller ring (--event-ring), or raise kernel.perf_event_mlock_kb or the limit of"
        + " locked memory"
    case (_, .permissionDenied), (_, .notPermitted):
      "that takes CAP_PERFMON: run the recorder as root, or lower kernel.perf_event_paranoid to -1"
    case (_, .tooManyOpenFiles), (_, .tooManyOpenFilesInSystem):
      "raise the limit of open files (ulimit -n)"
    case (_, .noSuchFileOrDirectory), (_, .noFunction):
      "this kernel is built without perf events"
    default: "see perf_event_open(2)"
    }
  }
}
