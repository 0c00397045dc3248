internal import Glibc

/// Pieces of text that were written last, by the numbers of rows: a fixed number of slots of fixed
/// room, each for the numbers of one remainder, so that memory does not grow. What is too long for
/// a slot is written anew each time.
struct FragmentCache: ~Copyable {
  /// A slot begins with the number of its row and how many bytes its text has: 0 where none is
  /// kept.
  private let memory: UnsafeMutableRawPointer
  private let groups: Int
  private let stride: Int
  private var scratch = TextBlock(capacity: 256)

  private static let head = 16
  /// A power of two.
  private static let slots = 1 << 10

  /// - Parameter groups: how many kinds of text there may be of a row, each with slots of its own.
  /// - Parameter room: how many bytes a slot has room for.
  init(groups: Int, room: Int) {
    self.groups = groups
    stride = Self.head + (room + 7) / 8 * 8
    // Zeros, which take no memory before they are written to.
    guard let memory = calloc(groups * Self.slots, stride) else { fatalError("out of memory") }
    self.memory = memory
  }

  deinit { free(memory) }

  /// Adds the text of a row to `text`; where it is not known `make` adds it to an empty one.
  @inline(__always)
  mutating func append(
    _ key: Int64, group: Int, to text: inout TextBlock, make: (inout TextBlock) -> Void
  ) {
    precondition(0..<groups ~= group)
    let place = Int(truncatingIfNeeded: key) & (Self.slots - 1)
    let slot = memory + (group * Self.slots + place) * stride
    let count = slot.load(fromByteOffset: 8, as: Int.self)
    if count == 0 || slot.load(as: Int64.self) != key {
      scratch.removeAll()
      make(&scratch)
      keep(key, in: slot)
      return text.append(scratch)
    }
    text.append(UnsafeRawBufferPointer(start: slot + Self.head, count: count))
  }

  private func keep(_ key: Int64, in slot: UnsafeMutableRawPointer) {
    let fits = scratch.count <= stride - Self.head
    slot.storeBytes(of: key, as: Int64.self)
    slot.storeBytes(of: fits ? scratch.count : 0, toByteOffset: 8, as: Int.self)
    guard fits, let text = scratch.bytes.baseAddress else { return }
    (slot + Self.head).copyMemory(from: text, byteCount: scratch.count)
  }
}
