internal import Glibc
internal import SystemPackage

/// Listens to what the kernel tells of all tasks: forks, exits, new names, and changes of namespaces.
///
/// One software event and one ring for each processor that is online (`perf_event_open(2)`): no
/// tracing and no program in the kernel. It needs `CAP_PERFMON`, or a low `perf_event_paranoid`. Tasks
/// have the numbers of the pid namespace in which it was made.
public final class EventListener {
  private var rings: [EventRing] = []
  private let processors: String
  /// How large each processor's ring is, in bytes.
  public let ringBytes: Int
  private var lookedAt: Int64

  /// Begins to listen.
  ///
  /// - Parameters:
  ///   - ringBytes: how large each ring is at least; a power of two of pages is taken.
  ///   - processors: the file that lists the processors.
  public init(
    ringBytes: Int, processors: String = "/sys/devices/system/cpu/online"
  ) throws(EventsError) {
    self.processors = processors
    var size = max(1, sysconf(Int32(_SC_PAGESIZE)))
    while size < ringBytes, size < 1 << 30 { size *= 2 }
    self.ringBytes = size
    lookedAt = BootClock.now
    for processor in try ProcessorList.read(processors) {
      rings.append(try EventRing(processor: processor, bytes: size))
    }
  }

  /// How many processors are listened to.
  public var processorCount: Int { rings.count }

  /// What becomes readable (`poll(2)`) when there is something to drain.
  public var descriptors: [Int32] { rings.map(\.descriptor) }

  /// Appends all that is there, each processor's in its own order. Gives what was lost.
  public func drain(into events: inout [KernelEvent]) -> [EventLoss] {
    var losses: [EventLoss] = []
    for ring in rings { ring.drain(into: &events, &losses) }
    return losses
  }

  /// Looks whether processors came or went since the last look, and listens to those that are there.
  /// Gives what may have been lost thereby.
  public func refreshProcessors() throws(EventsError) -> EventLoss? {
    let now = BootClock.now
    let online = try ProcessorList.read(processors)
    let over = rings.filter { !online.contains($0.processor) || $0.isOver }
    let came = online.filter { processor in
      !rings.contains { ring in
        ring.processor == processor && !over.contains { $0 === ring }
      }
    }
    guard !over.isEmpty || !came.isEmpty else {
      lookedAt = now
      return nil
    }
    let after = lookedAt
    // What they had not told yet is in time that counts as lost.
    rings.removeAll { ring in over.contains { $0 === ring } }
    for processor in came {
      rings.append(try EventRing(processor: processor, bytes: ringBytes))
    }
    lookedAt = BootClock.now
    return EventLoss(records: 0, after: after, by: lookedAt, cause: .processorsChanged)
  }
}
