/// Reads the records between two places of a ring. Each is a multiple of eight bytes, as the ring is,
/// so that only what follows a record's header can be cut by the end of the ring.
struct RingReader {
  /// The whole ring, whose size is a power of two.
  let data: UnsafeRawBufferPointer
  /// From where to where, counted from the first byte ever.
  let tail: UInt64
  let head: UInt64

  /// Gives `body` each record; one that makes no sense is the last, because nothing tells where the
  /// next begins.
  func forEach(_ body: (RecordParser.Record) -> Void) {
    guard data.count > 0, head &- tail <= UInt64(data.count) else { return body(.malformed) }
    var place = tail
    while place != head {
      let start = Int(place & UInt64(data.count - 1))
      let left = Int(head &- place)
      let straight = min(left, data.count - start)
      let size =
        straight >= 8 ? Int(data.loadUnaligned(fromByteOffset: start + 6, as: UInt16.self)) : 0
      guard size >= 8, size <= left else { return body(.malformed) }
      let parsed =
        size <= straight
        ? RecordParser.parse(UnsafeRawBufferPointer(rebasing: data[start..<start + size]).bytes)
        : withUnsafeTemporaryAllocation(byteCount: size, alignment: 8) { whole in
          whole.copyMemory(
            from: UnsafeRawBufferPointer(rebasing: data[start..<start + straight]))
          UnsafeMutableRawBufferPointer(rebasing: whole[straight...]).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: data[..<(size - straight)]))
          return RecordParser.parse(UnsafeRawBufferPointer(whole).bytes)
        }
      guard let (record, length) = parsed else { return body(.malformed) }
      body(record)
      place &+= UInt64(length)
    }
  }
}
