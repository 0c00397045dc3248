internal import CLinux
internal import Glibc
internal import SystemPackage

/// A second event of a processor, that wakes who waits at the first record.
///
/// To wake somebody for each record costs the process that it tells of several times what the record
/// does, so while much happens the bell is off and the rings are looked at by the clock. What it writes
/// is thrown away.
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

  /// Makes room for the record that wakes next.
  func reset() { clinux_set_event_ring_tail(&ring, clinux_event_ring_head(&ring)) }

  /// Switches it on or off. An event of a processor that has gone cannot be switched, and says
  /// nothing either way.
  func setOn(_ isOn: Bool) {
    _ = clinux_set_event_on(descriptor, isOn ? 1 : 0)
    if isOn { reset() }
  }
}
