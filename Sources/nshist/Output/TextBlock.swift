internal import NSHistory

/// A growable buffer of text as bytes, assembled from fragments.
///
/// A row of an export consists of a dozen short fragments. To append one to an array of bytes costs more than to
/// copy its bytes, so the block owns its memory. It always has room for four words after the text, so that
/// `append` can store whole words: the next fragment overwrites the bytes beyond the end of the text.
struct TextBlock: ~Copyable {
  private var memory: UnsafeMutableRawPointer
  private var capacity: Int
  /// The length of the text in bytes.
  private(set) var count = 0

  private static let spare = 32

  init(capacity: Int) {
    self.capacity = capacity
    memory = .allocate(byteCount: capacity + Self.spare, alignment: 8)
  }

  deinit { memory.deallocate() }

  /// The bytes of the text, valid until the block changes.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: count) }

  /// Removes the text, and retains the capacity.
  mutating func removeAll() { count = 0 }

  /// Appends bytes.
  @inline(__always)
  mutating func append(_ piece: UnsafeRawBufferPointer) {
    reserve(piece.count)
    guard let start = piece.baseAddress else { return }
    (memory + count).copyMemory(from: start, byteCount: piece.count)
    count += piece.count
  }

  /// Appends the text of another block.
  @inline(__always)
  mutating func append(_ other: borrowing TextBlock) { append(other.bytes) }

  /// Appends bytes.
  mutating func append(_ text: [UInt8]) { text.withUnsafeBytes { append($0) } }

  /// Appends a string in UTF-8.
  mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  /// Appends the `length` lowest bytes of a word, the lowest byte first.
  @inline(__always)
  mutating func append(word: UInt64, count length: Int) {
    reserve(8)
    store(word, at: 0)
    count += length
  }

  /// Appends a byte.
  @inline(__always)
  mutating func append(_ byte: UInt8) { append(word: UInt64(byte), count: 1) }

  /// Appends a time.
  @inline(__always)
  mutating func append(_ time: UTCText) {
    reserve(time.count)
    store(time.words.0, at: 0)
    store(time.words.1, at: 8)
    store(time.words.2, at: 16)
    store(time.words.3, at: 24)
    count += time.count
  }

  /// Appends a number in decimal digits.
  mutating func append(decimal number: UInt64) {
    guard number < 100_000_000 else {
      append(decimal: number / 100_000_000)
      return append(word: UTCText.digits(UInt32(number % 100_000_000)), count: 8)
    }
    let digits = UTCText.digits(UInt32(number))
    // Counts the leading zero digits, which are zero bytes after the XOR with eight characters `0`. Retains at
    // least the last digit.
    let zeros = min(7, (digits ^ 0x3030_3030_3030_3030).trailingZeroBitCount / 8)
    append(word: digits >> (UInt64(zeros) * 8), count: 8 - zeros)
  }

  /// Removes the byte at an index.
  mutating func removeByte(at index: Int) {
    precondition(0..<count ~= index)
    (memory + index).copyMemory(from: memory + index + 1, byteCount: count - index - 1)
    count -= 1
  }

  @inline(__always)
  private func store(_ word: UInt64, at offset: Int) {
    (memory + count).storeBytes(of: word.littleEndian, toByteOffset: offset, as: UInt64.self)
  }

  /// Ensures capacity for more bytes after the text.
  @inline(__always)
  private mutating func reserve(_ length: Int) {
    if length > capacity - count { grow(length) }
  }

  @inline(never)
  private mutating func grow(_ length: Int) {
    capacity = max(count + length, capacity * 2)
    let larger = UnsafeMutableRawPointer.allocate(
      byteCount: capacity + Self.spare, alignment: 8)
    larger.copyMemory(from: memory, byteCount: count)
    memory.deallocate()
    memory = larger
  }
}
