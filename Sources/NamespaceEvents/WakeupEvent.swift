internal import CLinux
internal import Glibc
internal import SystemPackage

/// A second perf event of a processor, which wakes the waiting thread at the first record.
///
/// A wakeup for every record costs the process that causes the record several times as much as the
/// record itself. So this event is disabled while records are frequent, and the rings are drained
/// periodically instead. The records of this event are discarded.
final class WakeupEvent {
  let descriptor: Int32
  private var ring = clinux_event_ring()

  init(processor: Int32) throws(EventsError) {
    // A throw after all properties are set would run `deinit`.
    let descriptor = clinux_open_namespace_events(processor, 1)
    guard descriptor >= 0 else {
      throw EventsError(operation: .open, processor: processor, errno: Errno(rawValue: errno))
    }
    let bytes = clinux_page_bytes()
    var ring = clinux_event_ring()
    guard clinux_map_event_ring(descriptor, bytes, &ring) == 0 else {
      let failure = Errno(rawValue: errno)
      close(descriptor)
      throw EventsError(
        operation: .map(ringBytes: Int(bytes)), processor: processor, errno: failure)
    }
    self.descriptor = descriptor
    self.ring = ring
  }

  deinit {
    clinux_unmap_event_ring(&ring)
    close(descriptor)
  }

  /// Frees the ring, so that the next record fits and causes a wakeup.
  func reset() { clinux_set_event_ring_tail(&ring, clinux_event_ring_head(&ring)) }

  /// Enables or disables the event. The event of a processor that has gone offline cannot be switched,
  /// and reports nothing in either state.
  func setOn(_ isOn: Bool) {
    _ = clinux_set_event_on(descriptor, isOn ? 1 : 0)
    if isOn { reset() }
  }
}
