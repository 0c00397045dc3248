/// The name of a thread (`proc_pid_comm(5)`): up to 16 bytes in an unknown encoding, stored inline. The kernel stores
/// 15 bytes and a NUL.
package struct CommName: Sendable, Hashable {
  // The bytes of the name, the lowest byte of `first` first, with NULs after the last.
  private var first: UInt64 = 0
  private var second: UInt64 = 0

  /// A name with these bytes: at most the first 16, and only those before the first NUL.
  package init(_ bytes: some Sequence<UInt8>) {
    var count: UInt64 = 0
    for byte in bytes {
      if byte == 0 || count == 16 { break }
      let shifted = UInt64(byte) << (8 * (count % 8))
      if count < 8 { first |= shifted } else { second |= shifted }
      count += 1
    }
  }

  /// A name of the bytes of two words, in the byte order of the machine, up to the first NUL.
  package init(words: (first: UInt64, second: UInt64)) {
    first = Self.untilNUL(UInt64(littleEndian: words.first))
    if first >> 56 != 0 { second = Self.untilNUL(UInt64(littleEndian: words.second)) }
  }

  /// Returns the bytes of a word up to the first NUL, the lowest byte first.
  private static func untilNUL(_ word: UInt64) -> UInt64 {
    for index in 0..<UInt64(8) where word >> (8 * index) & 0xFF == 0 {
      return word & (1 << (8 * index) - 1)
    }
    return word
  }

  /// Reads the name at an offset of a record, from a field of `count` bytes.
  init(_ record: RawSpan, at offset: Int, count: Int) {
    first = Self.word(record, at: offset, count: min(count, 8))
    // If the first word contains a NUL, and so its last byte is 0, the name ends there.
    guard first >> 56 != 0, count > 8 else { return }
    second = Self.word(record, at: offset + 8, count: min(count - 8, 8))
  }

  private static func word(_ record: RawSpan, at offset: Int, count: Int) -> UInt64 {
    var word: UInt64 = 0
    for index in 0..<count {
      let byte = record.unsafeLoad(fromByteOffset: offset + index, as: UInt8.self)
      if byte == 0 { break }
      word |= UInt64(byte) << (8 * UInt64(index))
    }
    return word
  }

  /// The bytes of the name, without a NUL.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(16)
    for word in [first, second] {
      for index in 0..<UInt64(8) {
        let byte = UInt8(truncatingIfNeeded: word >> (8 * index))
        if byte == 0 { return bytes }
        bytes.append(byte)
      }
    }
    return bytes
  }
}
