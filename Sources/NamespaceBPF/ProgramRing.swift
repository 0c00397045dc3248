internal import CLinux
internal import Glibc
internal import SystemPackage

/// The ring into which the event programs write, open during the lifetime of this object. Only one thread at a time may
/// use it.
final class ProgramRing {
  private var ring: clinux_program_ring
  private let map: OwnedDescriptor
  /// The number of records after which `drain` returns their memory to the kernel.
  private static let stride = 256

  /// - Parameters:
  ///   - map: the descriptor of the ring. The caller may close it afterwards, since this object owns a duplicate.
  ///   - bytes: the size of the ring.
  init(_ map: Int32, bytes: Int) throws(Errno) {
    let copy = try OwnedDescriptor(fcntl(map, F_DUPFD_CLOEXEC, 3))
    var ring = clinux_program_ring()
    guard clinux_map_program_ring(copy.number, UInt64(bytes), &ring) == 0 else {
      throw Errno(rawValue: errno)
    }
    self.map = copy
    self.ring = ring
  }

  deinit { clinux_unmap_program_ring(&ring) }

  /// The descriptor to `poll(2)`: readable after a wakeup by a program, until the next `drain`.
  var descriptor: Int32 { ring.wakeups }

  /// Calls `body` for each record that is in the ring when the call begins, and removes it. Returns false if a record
  /// could not be read; then it and all after it are removed.
  func drain(_ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
    clinux_program_ring_reset_wakeups(&ring)
    let head = clinux_program_ring_head(&ring)
    var tail = clinux_program_ring_tail(&ring)
    var record = clinux_program_record()
    var count = 0
    defer { clinux_set_program_ring_tail(&ring, tail) }
    while tail < head {
      switch clinux_program_ring_record(&ring, tail, &record) {
      case 0: return true
      case 1: break
      default:
        tail = head
        return false
      }
      if record.bytes != nil {
        body(UnsafeRawBufferPointer(start: record.bytes, count: Int(record.count)))
      }
      tail = record.next
      count += 1
      if count % Self.stride == 0 { clinux_set_program_ring_tail(&ring, tail) }
    }
    return true
  }
}
