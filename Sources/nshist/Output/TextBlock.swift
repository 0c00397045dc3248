internal import NSHistory

/// Text that is put together of pieces, as bytes, eight at a time.
///
/// A row of an export is a dozen short pieces, and to add one to an array of bytes costs more than its
/// bytes do. Here a piece is stored in whole words, of which the last may reach beyond its end: what is
/// there is overwritten by the next one. Texts of numbers and times are words from the beginning.
struct TextBlock {
  /// As they are in memory. There is always room for a word behind the text.
  private(set) var words: [UInt64]
  /// How many bytes the text has.
  private(set) var count = 0

  init(capacity: Int) { words = Array(repeating: 0, count: capacity / 8 + 2) }

  /// Takes all away, and keeps the room.
  mutating func removeAll() { count = 0 }

  /// Adds the first bytes of words as they are in memory.
  @inline(__always)
  mutating func append(_ piece: Span<UInt64>, count length: Int) {
    reserve(length)
    let start = count
    var span = words.mutableSpan
    var bytes = span.mutableBytes
    for word in 0..<(length + 7) / 8 {
      bytes.storeBytes(of: piece[word], toByteOffset: start + word * 8, as: UInt64.self)
    }
    count += length
  }

  /// Adds the text of another.
  @inline(__always)
  mutating func append(_ other: borrowing TextBlock) {
    append(other.words.span, count: other.count)
  }

  /// Adds the lowest bytes of a word, the lowest first.
  @inline(__always)
  mutating func append(word: UInt64, count length: Int) {
    reserve(8)
    let start = count
    var span = words.mutableSpan
    var bytes = span.mutableBytes
    bytes.storeBytes(of: word.littleEndian, toByteOffset: start, as: UInt64.self)
    count += length
  }

  /// Adds a byte.
  @inline(__always)
  mutating func append(_ byte: UInt8) { append(word: UInt64(byte), count: 1) }

  /// Adds bytes.
  mutating func append(_ text: [UInt8]) {
    reserve(text.count)
    let start = count
    var span = words.mutableSpan
    var bytes = span.mutableBytes
    for place in text.indices {
      bytes.storeBytes(of: text[place], toByteOffset: start + place, as: UInt8.self)
    }
    count += text.count
  }

  /// Adds a time.
  @inline(__always)
  mutating func append(_ time: UTCText) {
    reserve(32)
    let start = count
    var span = words.mutableSpan
    var bytes = span.mutableBytes
    bytes.storeBytes(of: time.words.0.littleEndian, toByteOffset: start, as: UInt64.self)
    bytes.storeBytes(of: time.words.1.littleEndian, toByteOffset: start + 8, as: UInt64.self)
    bytes.storeBytes(of: time.words.2.littleEndian, toByteOffset: start + 16, as: UInt64.self)
    bytes.storeBytes(of: time.words.3.littleEndian, toByteOffset: start + 24, as: UInt64.self)
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

  /// Takes away the first byte of what was added behind a place.
  mutating func removeByte(at place: Int) {
    let rest = (place + 1..<count).map(byte)
    count = place
    append(rest)
  }

  private func byte(_ place: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: UInt64(littleEndian: words[place / 8]) >> UInt64(place % 8 * 8))
  }

  /// Makes room for so many bytes more, and a word.
  @inline(__always)
  private mutating func reserve(_ length: Int) {
    if count + length + 8 > words.count * 8 { grow(length) }
  }

  @inline(never)
  private mutating func grow(_ length: Int) {
    let wanted = max((count + length) / 8 + 2, words.count * 2)
    words.append(contentsOf: repeatElement(0, count: wanted - words.count))
  }
}
