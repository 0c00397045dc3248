/// The memory of a ring, in which a position goes on for ever and a record may begin at the end and
/// go on at the beginning.
struct RingBytes {
  private let base: UnsafeRawPointer
  /// A power of two.
  let capacity: Int
  /// Room for the longest record, to lay one that wraps in one piece. Not owned.
  private let scratch: UnsafeMutableRawPointer
  /// A record's size is reported in 16 bits.
  static let scratchBytes = 1 << 16

  init(base: UnsafeRawPointer, capacity: Int, scratch: UnsafeMutableRawPointer) {
    precondition(capacity > 0 && capacity & (capacity - 1) == 0, "a ring is a power of two")
    self.base = base
    self.capacity = capacity
    self.scratch = scratch
  }

  /// The record at a position, when there is one before `head`; its length is that in the ring.
  @inline(__always)
  func record(
    at position: UInt64, before head: UInt64
  ) -> (record: RecordParser.Record, length: Int)? {
    // A head before the position, or more than a ring ahead of it, is none of the kernel's.
    let distance = head &- position
    guard distance <= UInt64(capacity) else { return nil }
    let available = Int(distance)
    let offset = Int(position & UInt64(capacity - 1))
    let straight = min(available, capacity - offset)
    let found = RecordParser.parse(
      RawSpan(_unsafeStart: base + offset, byteCount: straight))
    if found != nil || straight == available { return found }
    return wrappedRecord(offset: offset, straight: straight, available: available)
  }

  private func wrappedRecord(
    offset: Int, straight: Int, available: Int
  ) -> (record: RecordParser.Record, length: Int)? {
    let length = min(available, Self.scratchBytes)
    let first = min(straight, length)
    scratch.copyMemory(from: base + offset, byteCount: first)
    (scratch + first).copyMemory(from: base, byteCount: length - first)
    return RecordParser.parse(RawSpan(_unsafeStart: scratch, byteCount: length))
  }
}
