/// The memory of a ring. A position counts the bytes since the ring was mapped and never decreases; its remainder by
/// the size of the ring is the offset in the memory. A record may wrap from the end of the memory to its beginning.
struct RingBytes {
  private let base: UnsafeRawPointer
  /// The size in bytes, a power of two.
  let capacity: Int
  /// A buffer of `scratchBytes` bytes, into which a record that wraps is copied to be contiguous. The caller
  /// owns the buffer.
  private let scratch: UnsafeMutableRawPointer
  /// The size of the scratch buffer in bytes, which holds the longest record: the size field of a record has
  /// 16 bits.
  static let scratchBytes = 1 << 16

  init(base: UnsafeRawPointer, capacity: Int, scratch: UnsafeMutableRawPointer) {
    precondition(capacity > 0 && capacity & (capacity - 1) == 0, "a ring is a power of two")
    self.base = base
    self.capacity = capacity
    self.scratch = scratch
  }

  /// Returns the record at a position, if a complete one precedes `head`, with its length in the ring.
  @inline(__always)
  func record(
    at position: UInt64, before head: UInt64
  ) -> (record: RecordParser.Record, length: Int)? {
    // The kernel never sets a head before the position, or more than a ring's size after it.
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
