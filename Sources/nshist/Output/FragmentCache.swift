internal import Glibc

/// A direct-mapped cache of text fragments by row id. The low bits of the row id select one of a fixed number of
/// slots of fixed size, so the memory does not grow. A fragment that is too long for a slot is formatted again
/// each time.
struct FragmentCache: ~Copyable {
  /// The slots. Each begins with the row id and the length of its text in bytes, which is 0 if the slot holds no
  /// text.
  private let memory: UnsafeMutableRawPointer
  private let groups: Int
  private let stride: Int
  private var scratch = TextBlock(capacity: 256)

  private static let head = 16
  /// The number of slots of each group: a power of two.
  private static let slots = 1 << 10

  /// - Parameters:
  ///   - groups: the number of kinds of fragments that a row may have, each with slots of its own.
  ///   - room: the least number of text bytes that a slot can hold.
  init(groups: Int, room: Int) {
    self.groups = groups
    stride = Self.head + (room + 7) / 8 * 8
    // The kernel allocates the zeroed pages of calloc(3) only when they are first written.
    guard let memory = calloc(groups * Self.slots, stride) else { fatalError("out of memory") }
    self.memory = memory
  }

  deinit { free(memory) }

  /// Appends the fragment of a row to `text`. If the cache does not hold it, `make` formats it into an empty
  /// block first.
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
