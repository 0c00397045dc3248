internal import CLinux
internal import Glibc
internal import SystemPackage

/// A second perf event of a processor, which wakes the listener's thread at the first record after the last drain.
///
/// A wakeup costs the process that causes the record several times as much as the record itself. So the
/// caller disables this event while records are frequent, and drains the rings periodically instead. The
/// records of this event are discarded: the other event of the processor has the same ones.
final class WakeupEvent {
  let descriptor: Int32
  private var ring = clinux_event_ring()

  /// - Parameter records: the records that cause a wakeup.
  init(processor: Int32, records: clinux_records) throws(EventsError) {
    // The properties are set last, because a throw after that would run `deinit`, which closes the file.
    let descriptor = clinux_open_namespace_events(processor, records, 1)
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

  /// Discards the records in the ring, so that the next record fits and causes a wakeup.
  func reset() { clinux_set_event_ring_tail(&ring, clinux_event_ring_head(&ring)) }

  /// Enables or disables the event. For a processor that has gone offline the call has no effect: the event
  /// reports nothing any more.
  func setOn(_ isOn: Bool) {
    _ = clinux_set_event_on(descriptor, isOn ? 1 : 0)
    if isOn { reset() }
  }
}
