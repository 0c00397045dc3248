internal import CLinux
internal import Glibc
internal import NamespaceModel
internal import SystemPackage

/// Reads the kernel's events: every fork, exec, change of namespaces and exit of a process or thread that is visible
/// in the listener's pid namespace.
///
/// The listener opens two dummy perf events (`perf_event_open(2)`) on each online processor. For each, the kernel
/// writes records into a ring, a circular buffer in memory that it shares with the listener. The listener reads the
/// records of the first event; the second has a small ring, and only wakes the listener (`WakeupEvent`).
///
/// The listener needs `CAP_PERFMON` or root. It holds two open files for each processor, and the memory of the rings is
/// locked (`RLIMIT_MEMLOCK`, `kernel.perf_event_mlock_kb`). Only one thread at a time may use a listener.
package final class EventListener {
  /// The size of the ring of each processor, in bytes, after `init` has rounded and perhaps reduced it.
  package let ringBytes: Int

  /// The records that a listener receives.
  package enum Records: Sendable {
    case all
    /// Changes of names, and of namespaces, with those of each new task.
    case namesAndMoves
  }

  private let path: String
  private let records: Records
  private let scratch = UnsafeMutableRawPointer.allocate(
    byteCount: RingBytes.scratchBytes, alignment: 8)
  private var rings: [EventRing]
  /// The rings of processors that went offline; the next `drain` reads them a last time.
  private var retired: [EventRing] = []
  /// The last time, on the boot clock, at which every online processor is known to have had a ring.
  private var completeAt: BootTime
  /// Whether a ring was opened late and `refreshProcessors` has not reported the loss yet.
  private var hasUnreportedLoss = false

  /// Opens a ring for each online processor. The listener reports all events from the return of this
  /// initializer on.
  ///
  /// - Parameters:
  ///   - records: the records to receive.
  ///   - ringBytes: the size of the ring of each processor, in bytes; rounded up to a page, or to a
  ///     power of two of pages.
  ///   - shrinks: whether to try smaller rings if the kernel refuses rings of this size.
  ///   - memory: the most bytes that the rings of all processors may take together.
  ///   - processors: the file that lists the processors that are online.
  /// - Throws: `EventsError`, when the listener lacks the privilege or the resources.
  package init(
    _ records: Records = .all, ringBytes: Int, shrinks: Bool = false, memory: Int = .max,
    processors: String = "/sys/devices/system/cpu/online"
  ) throws(EventsError) {
    let start = BootClock.now()
    // A throw before all properties have a value does not run `deinit`, so this frees `scratch`.
    do {
      let online = try ProcessorList.read(processors)
      (rings, self.ringBytes) = try Self.open(
        online, records, bytes: Self.rounded(ringBytes),
        least: shrinks ? Self.leastBytes : .max, memory: memory)
    } catch {
      scratch.deallocate()
      throw error
    }
    path = processors
    self.records = records
    completeAt = start
  }

  deinit { scratch.deallocate() }

  /// The number of processors that have a ring.
  package var processorCount: Int { rings.count }

  /// The descriptors to `poll(2)` for `POLLIN`. A descriptor is readable when there are events to drain,
  /// or, in quiet mode, when a ring is half full. The descriptors change with `refreshProcessors` and with
  /// `isQuiet`.
  ///
  /// `poll(2)` reports a descriptor only once for the records that the kernel has written by then, so the
  /// caller drains after each wakeup.
  package var descriptors: [Int32] {
    (isQuiet ? [] : rings.map(\.wakeup.descriptor)) + rings.map(\.descriptor)
  }

  /// Whether the listener is in quiet mode: a single event causes no wakeup, only a ring that is half full
  /// does. So events slow the machine down less, and the caller drains the rings periodically. When quiet
  /// mode ends, the rings may hold events that caused no wakeup, so the caller drains them once.
  package var isQuiet = false {
    didSet {
      guard isQuiet != oldValue else { return }
      for ring in rings { ring.wakeup.setOn(!isQuiet) }
    }
  }

  /// Drains the rings: consumes all their records. The events of one ring are in time order; those of
  /// different rings are not sorted.
  ///
  /// - Parameter events: the array to which the events are appended.
  /// - Returns: the event losses; normally none.
  package func drain(into events: inout [KernelEvent]) -> [EventLoss] {
    var losses: [EventLoss] = []
    for ring in retired { ring.drain(into: &events, losses: &losses, scratch: scratch) }
    retired.removeAll()
    for ring in rings { ring.drain(into: &events, losses: &losses, scratch: scratch) }
    return losses
  }

  /// Checks whether processors went online or offline, and opens and closes rings accordingly.
  ///
  /// A processor that went offline and came back, as most do when the machine is suspended, gets a new
  /// ring, because the kernel has disabled its event for good. The next `drain` still reads the former
  /// ring.
  ///
  /// - Returns: a loss, if events may have occurred on a processor before its ring was open.
  /// - Throws: `EventsError`, when a ring cannot be opened. The other rings stay open, and the next call
  ///   that opens all rings returns the loss.
  package func refreshProcessors() throws(EventsError) -> EventLoss? {
    let start = BootClock.now()
    let online = try ProcessorList.read(path)
    var remaining: [EventRing] = []
    var offline: [EventRing] = []
    for ring in rings {
      if online.contains(ring.processor), try ring.isOn() {
        remaining.append(ring)
      } else {
        offline.append(ring)
      }
    }
    rings = remaining
    retired.append(contentsOf: offline)
    let known = Set(remaining.map(\.processor))
    for processor in online where !known.contains(processor) {
      hasUnreportedLoss = true
      let opened = try Self.open([processor], records, bytes: ringBytes)
      if isQuiet { for ring in opened { ring.wakeup.setOn(false) } }
      rings.append(contentsOf: opened)
    }
    let loss =
      hasUnreportedLoss
      ? EventLoss(records: 0, after: completeAt, by: BootClock.now(), cause: .processorsChanged)
      : nil
    hasUnreportedLoss = false
    completeAt = start
    return loss
  }

  /// The smallest size, in bytes, to which rings shrink: a smaller ring would be full before the recorder
  /// gets a processor.
  private static let leastBytes = 1 << 15

  /// The number of processors that the machine may have online.
  package static var possibleProcessorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_CONF))) }

  /// The most bytes that all rings may take together on this machine: a quarter of its memory.
  package static var memoryLimit: Int {
    let pages = sysconf(Int32(_SC_PHYS_PAGES))
    return pages > 0 ? pages / 4 * Int(clinux_page_bytes()) : .max
  }

  /// Opens a ring for each processor; if that fails for lack of memory, tries smaller rings, down to
  /// `least`.
  private static func open(
    _ processors: [Int32], _ records: Records, bytes: Int, least: Int, memory: Int
  ) throws(EventsError) -> ([EventRing], Int) {
    let first = bytes
    var bytes = bytes
    var refusal: EventsError?
    while true {
      let failure: EventsError
      if bytes > memory / max(1, processors.count) {
        failure = EventsError(
          operation: .fit(ringBytes: bytes, processors: processors.count), processor: nil,
          errno: .noMemory)
      } else {
        do { return (try open(processors, records, bytes: bytes), bytes) } catch { failure = error }
      }
      // The error reports why rings of the requested size failed, not the smaller ones.
      if bytes == first { refusal = failure }
      guard failure.isOfSize, bytes / 2 >= least else { throw refusal ?? failure }
      bytes /= 2
    }
  }

  /// Opens rings; skips a processor that has just gone offline.
  private static func open(
    _ processors: [Int32], _ records: Records, bytes: Int
  ) throws(EventsError) -> [EventRing] {
    var rings: [EventRing] = []
    for processor in processors {
      do {
        rings.append(try EventRing(processor: processor, records: records, bytes: bytes))
      } catch {
        guard error.errno == .operationNotSupportedByDevice else { throw error }
      }
    }
    return rings
  }

  private static func rounded(_ bytes: Int) -> Int {
    var rounded = clinux_page_bytes()
    // The bound prevents an overflow. No machine has so much memory, so that mmap(2) fails with an error.
    while rounded < bytes && rounded < 1 << 46 { rounded *= 2 }
    return Int(rounded)
  }
}
