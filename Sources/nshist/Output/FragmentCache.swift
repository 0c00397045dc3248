/// Pieces of text that were written last, by the numbers of rows: a fixed number of slots of fixed
/// room, each for the numbers of one remainder, so that memory does not grow. What is too long for a
/// slot is written anew each time.
struct FragmentCache {
  private let stride: Int
  private var keys: [Int64] = []
  /// How many bytes the text of each slot has; 0 where none is kept.
  private var counts: [Int] = []
  private var words: [UInt64] = []
  private var scratch = TextBlock(capacity: 256)

  /// A power of two.
  private static let slots = 1 << 10

  /// - Parameter room: how many bytes a slot has room for.
  init(room: Int) { stride = (room + 7) / 8 }

  /// Adds the text of a row to `text`; where it is not known `make` adds it to an empty one.
  @inline(__always)
  mutating func append(_ key: Int64, to text: inout TextBlock, make: (inout TextBlock) -> Void) {
    let slot = Int(truncatingIfNeeded: key) & (Self.slots - 1)
    if counts.isEmpty || counts[slot] == 0 || keys[slot] != key {
      scratch.removeAll()
      make(&scratch)
      keep(key, slot)
      return text.append(scratch)
    }
    let start = slot * stride
    text.append(words.span.extracting(start..<start + stride), count: counts[slot])
  }

  private mutating func keep(_ key: Int64, _ slot: Int) {
    if counts.isEmpty {
      keys = Array(repeating: 0, count: Self.slots)
      counts = Array(repeating: 0, count: Self.slots)
      words = Array(repeating: 0, count: Self.slots * stride)
    }
    guard scratch.count <= stride * 8 else {
      counts[slot] = 0
      return
    }
    keys[slot] = key
    counts[slot] = scratch.count
    for word in 0..<(scratch.count + 7) / 8 { words[slot * stride + word] = scratch.words[word] }
  }
}
