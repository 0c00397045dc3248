internal import CLinux
internal import Glibc
internal import SystemPackage

/// Listens to the kernel: to every fork, exec, change of namespaces and exit on this machine, as
/// far as the pid namespace of the listener goes.
///
/// Two dummy events of `perf_event_open(2)` on each processor that is online, and a ring of memory
/// for each: one to be read, and a small one that wakes. It needs `CAP_PERFMON` or root. It holds two
/// open files for each processor, and the memory is locked (`RLIMIT_MEMLOCK`,
/// `kernel.perf_event_mlock_kb`). For one thread at a time.
package final class EventListener {
  /// The size of the ring of each processor, in bytes, as it was taken.
  package let ringBytes: Int

  private let path: String
  private let scratch = UnsafeMutableRawPointer.allocate(
    byteCount: RingBytes.scratchBytes, alignment: 8)
  private var rings: [EventRing]
  /// Of processors that have gone: to be drained once more.
  private var retired: [EventRing] = []
  /// When it was last known that there was a ring for each processor, on the boot clock.
  private var completeAt: Int64
  /// A ring was opened late, and that is not told yet.
  private var owesLoss = false

  /// Opens a ring for each processor that is online. What happens from its return on is reported.
  ///
  /// - Parameters:
  ///   - ringBytes: the size of the ring of each processor, in bytes; rounded up to a page, or a
  ///     power of two of them.
  ///   - shrinks: whether smaller rings are tried where these cannot be had.
  ///   - memory: how many bytes the rings of all processors may take together.
  ///   - processors: the file that lists the processors that are online.
  /// - Throws: `EventsError`, when it may not listen or has not the means to.
  package init(
    ringBytes: Int, shrinks: Bool = false, memory: Int = .max,
    processors: String = "/sys/devices/system/cpu/online"
  ) throws(EventsError) {
    let start = BootClock.now()
    // The scratch has its value by now, but a throw before all have one does not run `deinit`.
    do {
      let online = try ProcessorList.read(processors)
      (rings, self.ringBytes) = try Self.open(
        online, bytes: Self.rounded(ringBytes), least: shrinks ? Self.leastBytes : .max,
        memory: memory)
    } catch {
      scratch.deallocate()
      throw error
    }
    path = processors
    completeAt = start
  }

  deinit { scratch.deallocate() }

  /// How many processors it listens to.
  package var processorCount: Int { rings.count }

  /// The files to `poll(2)` for `POLLIN`: there is something to drain; or, while it is quiet, a ring is
  /// half full. Others after a `refreshProcessors`, or when `isQuiet` changes.
  ///
  /// The kernel says so once for what it wrote: drain after each time that it did.
  package var descriptors: [Int32] {
    (isQuiet ? [] : rings.map(\.bell.descriptor)) + rings.map(\.descriptor)
  }

  /// Whether it does not say when there is something to drain: then the machine is slowed down less by
  /// what it is reported, and who listens looks by the clock. After it was quiet there may be something
  /// already.
  package var isQuiet = false {
    didSet {
      guard isQuiet != oldValue else { return }
      for ring in rings { ring.bell.setOn(!isQuiet) }
    }
  }

  /// Takes all that is in the rings, in no order between rings; each ring in its own order, which
  /// is that of time.
  ///
  /// - Parameter events: what is taken is appended to it.
  /// - Returns: what was lost; in general nothing.
  package func drain(into events: inout [KernelEvent]) -> [EventLoss] {
    var losses: [EventLoss] = []
    for ring in retired { ring.drain(into: &events, losses: &losses, scratch: scratch) }
    retired.removeAll()
    for ring in rings { ring.drain(into: &events, losses: &losses, scratch: scratch) }
    return losses
  }

  /// Looks whether processors came or went, and opens and closes rings accordingly.
  ///
  /// A processor that was away and is back, as most are after the machine was suspended, has lost
  /// its ring like one that is new. What is in the ring of one that went is still drained.
  ///
  /// - Returns: a loss, when a processor may have had something to tell before its ring was open.
  /// - Throws: `EventsError`, when a ring cannot be opened; the others stay, and what was lost is
  ///   returned by the next call that can open all.
  package func refreshProcessors() throws(EventsError) -> EventLoss? {
    let start = BootClock.now()
    let online = try ProcessorList.read(path)
    var kept: [EventRing] = []
    var gone: [EventRing] = []
    for ring in rings {
      if online.contains(ring.processor), try ring.isOn() {
        kept.append(ring)
      } else {
        gone.append(ring)
      }
    }
    rings = kept
    retired.append(contentsOf: gone)
    let known = Set(kept.map(\.processor))
    for processor in online where !known.contains(processor) {
      owesLoss = true
      let opened = try Self.open([processor], bytes: ringBytes)
      if isQuiet { for ring in opened { ring.bell.setOn(false) } }
      rings.append(contentsOf: opened)
    }
    let loss =
      owesLoss
      ? EventLoss(records: 0, after: completeAt, by: BootClock.now(), cause: .processorsChanged)
      : nil
    owesLoss = false
    completeAt = start
    return loss
  }

  /// A smaller ring is full before a recorder gets to run.
  private static let leastBytes = 1 << 15

  /// What the rings may take of this machine's memory: a quarter.
  package static var memoryLimit: Int {
    let pages = sysconf(Int32(_SC_PHYS_PAGES))
    return pages > 0 ? pages / 4 * Int(clinux_page_bytes()) : .max
  }

  /// Opens a ring for each processor, or smaller ones, down to `least`, where these cannot be had.
  private static func open(
    _ processors: [Int32], bytes: Int, least: Int, memory: Int
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
        do { return (try open(processors, bytes: bytes), bytes) } catch { failure = error }
      }
      // What is said is why those that were asked for could not be had.
      if bytes == first { refusal = failure }
      guard failure.isOfSize, bytes / 2 >= least else { throw refusal ?? failure }
      bytes /= 2
    }
  }

  /// Opens rings, but none for a processor that has just gone.
  private static func open(
    _ processors: [Int32], bytes: Int
  ) throws(EventsError) -> [EventRing] {
    var rings: [EventRing] = []
    for processor in processors {
      do {
        rings.append(try EventRing(processor: processor, bytes: bytes))
      } catch {
        guard error.errno == .operationNotSupportedByDevice else { throw error }
      }
    }
    return rings
  }

  private static func rounded(_ bytes: Int) -> Int {
    var rounded = clinux_page_bytes()
    // Beyond this no machine has memory, and mmap(2) says so.
    while rounded < bytes && rounded < 1 << 46 { rounded *= 2 }
    return Int(rounded)
  }
}
