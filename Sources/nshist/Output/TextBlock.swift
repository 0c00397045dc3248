internal import NSHistory

/// Text that is put together of pieces, as bytes.
///
/// A row of an export is a dozen short pieces, and to add one to an array of bytes costs more than
/// its bytes do: so the bytes are in memory of the block's own. There is always room for four words
/// behind the text: what a word has beyond the end of a piece is overwritten by the next one.
struct TextBlock: ~Copyable {
  private var memory: UnsafeMutableRawPointer
  private var capacity: Int
  /// How many bytes the text has.
  private(set) var count = 0

  private static let spare = 32

  init(capacity: Int) {
    self.capacity = capacity
    memory = .allocate(byteCount: capacity + Self.spare, alignment: 8)
  }

  deinit { memory.deallocate() }

  /// The text.
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: count) }

  /// Takes all away, and keeps the room.
  mutating func removeAll() { count = 0 }

  /// Adds bytes.
  @inline(__always)
  mutating func append(_ piece: UnsafeRawBufferPointer) {
    reserve(piece.count)
    guard let start = piece.baseAddress else { return }
    (memory + count).copyMemory(from: start, byteCount: piece.count)
    count += piece.count
  }

  /// Adds the text of another.
  @inline(__always)
  mutating func append(_ other: borrowing TextBlock) { append(other.bytes) }

  /// Adds bytes.
  mutating func append(_ text: [UInt8]) { text.withUnsafeBytes { append($0) } }

  /// Adds text, in UTF-8.
  mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
  }

  /// Adds the lowest bytes of a word, the lowest first.
  @inline(__always)
  mutating func append(word: UInt64, count length: Int) {
    reserve(8)
    store(word, at: 0)
    count += length
  }

  /// Adds a byte.
  @inline(__always)
  mutating func append(_ byte: UInt8) { append(word: UInt64(byte), count: 1) }

  /// Adds a time.
  @inline(__always)
  mutating func append(_ time: UTCText) {
    reserve(time.count)
    store(time.words.0, at: 0)
    store(time.words.1, at: 8)
    store(time.words.2, at: 16)
    store(time.words.3, at: 24)
    count += time.count
  }

  /// Adds a number in decimal digits.
  mutating func append(decimal number: UInt64) {
    guard number < 100_000_000 else {
      append(decimal: number / 100_000_000)
      return append(word: UTCText.digits(UInt32(number % 100_000_000)), count: 8)
    }
    let digits = UTCText.digits(UInt32(number))
    // A zero digit has no bit but those of the letter 0. The last digit stays.
    let zeros = min(7, (digits ^ 0x3030_3030_3030_3030).trailingZeroBitCount / 8)
    append(word: digits >> (UInt64(zeros) * 8), count: 8 - zeros)
  }

  /// Takes away a byte.
  mutating func removeByte(at place: Int) {
    precondition(0..<count ~= place)
    (memory + place).copyMemory(from: memory + place + 1, byteCount: count - place - 1)
    count -= 1
  }

  @inline(__always)
  private func store(_ word: UInt64, at offset: Int) {
    (memory + count).storeBytes(of: word.littleEndian, toByteOffset: offset, as: UInt64.self)
  }

  /// Makes room for so many bytes more.
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
